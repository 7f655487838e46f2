//! Who keeps whom waiting.

use super::*;

pub(super) const CASES: &[Case] = &[
    case(
        "silent",
        Property::Silent,
        "Someone who says nothing keeps nobody waiting.",
        |_| [greet(A), greet(B), say(B, "^abc$", "bcd")].concat(),
    ),
    case(
        "half-frame",
        Property::Silent,
        "Someone who stops in the middle of a request keeps nobody waiting.",
        |_| {
            let half = [greet(A), say(A, "^ab", "bc")].concat();
            [half, greet(B), say(B, "^abc$", "bcd"), say(A, "c$", "d")].concat()
        },
    )
    .usually("Usually whoever begins to read a request reads it to its end, in a loop."),
    case(
        "several",
        Property::Silent,
        "Conversations do not mix, however they interleave.",
        several,
    )
    .usually("Usually something is shared that each connection should have of its own: a buffer, a state."),
    case(
        "resumes",
        Property::Silent,
        "Others come and go, and a conversation goes on where it was.",
        |_| {
            let other = [greet(B), say(B, "^abc$", "bcd"), half_close(B), closed(B)].concat();
            [greet(A), say(A, "^a$^P1", "b"), times(3, other), say(A, "1$", "prime\n")].concat()
        },
    )
    .usually("Usually the states are kept by place in a list, and move when somebody leaves it."),
    case(
        "never-reads",
        Property::Silent,
        "Someone who asks and never reads is not read from, and keeps nobody waiting.",
        |_| {
            [flood(A, "^abcdefghijklmnopqrstuvw$".repeat(1000)), greet(B), say(B, "^abc$", "bcd")]
                .concat()
        },
    )
    .usually("Usually a server reads on while its answers pile up, or blocks in `write`."),
    case(
        "more-silent-than-workers",
        Property::Silents,
        "A client that waits needs no worker.",
        |_| [all(greet), greet(B), say(B, "^abc$", "bcd")].concat(),
    ),
    case(
        "more-half-frames-than-workers",
        Property::Silents,
        "A client in the middle of a request needs no worker either.",
        |_| {
            let half = all(|client| [greet(client), say(client, "^ab", "bc")].concat());
            let rest = all(|client| say(client, "c$", "d"));
            [half, greet(B), say(B, "^abc$", "bcd"), rest].concat()
        },
    )
    .usually("Usually whoever has something to read gets a worker, who then waits for the rest of it."),
    case(
        "thousand",
        Property::Thousand,
        "A thousand clients are there at once, and all are answered.",
        |_| crowd(1000, Vec::new()),
    ),
    case(
        "thousand-half-frames",
        Property::Thousand,
        "A thousand conversations are each in the middle of something else.",
        |_| {
            let each = || (0..1000).map(Client);
            let begin = each().flat_map(|client| send(client, format!("^P{}", client.0)));
            // In another order than they began.
            let end = each().rev().flat_map(|client| {
                let number = format!("^P{}1$", client.0);
                say(client, "1$", answer(number.as_bytes()))
            });
            each().flat_map(greet).chain(begin).chain(end).collect()
        },
    ),
    case(
        "thousand-vanish",
        Property::Thousand,
        "A thousand vanish at once, and the one who stays does not notice.",
        |given| {
            let others = || (1..1001).map(Client);
            let vanish = others().flat_map(greet).chain(others().flat_map(reset)).collect();
            // The answer takes a while, so that it comes when the server has surely noticed.
            let answered = say(A, format!("b${}", prime(given.shorter)), "cprime\n");
            [greet(A), say(A, "^a", "b"), vanish, answered].concat()
        },
    )
    .usually("Usually an error of one connection is not caught where it belongs, and ends the server."),
    case(
        "ten-thousand",
        Property::TenThousand,
        "Ten thousand clients are there at once, all are answered, and none costs a thread.",
        // Who gives each a thread has paid for it before anybody asks.
        |_| [crowd(10_000, light()), light()].concat(),
    ),
    case(
        "computes",
        Property::Compute,
        "One client's long computation is not everybody's.",
        |given| overtake(given, "^abc$", "*bcd"),
    ),
    case(
        "computes-two",
        Property::Compute,
        "A short computation need not wait for a long one.",
        |given| overtake(given, "^P7$", "*prime\n"),
    )
    .usually("Usually there is one worker who computes, or a lock around what computes."),
];

fn several(_: &Given) -> Script {
    [
        [greet(A), greet(B), greet(C)].concat(),
        [say(A, "^a", "b"), say(B, "^r", "s"), say(C, "^$ x", ""), say(A, "b", "c")].concat(),
        [say(B, "3$", "4"), say(C, "^x$", "y"), say(A, "$^b$", "c")].concat(),
    ]
    .concat()
}

/// Each of many clients does this.
fn all(script: fn(Client) -> Script) -> Script {
    (2..2 + SILENT).map(Client).flat_map(script).collect()
}

/// So many come, and this is looked at; then all ask, and then all are answered.
fn crowd(clients: u16, meanwhile: Script) -> Script {
    let each = |script: fn(Client) -> Script| (0..clients).map(Client).flat_map(script);
    let all_come = each(greet);
    let all_ask = each(|client| send(client, format!("^{}$", client.0)));
    let all_are_answered = each(|client| {
        let echo: Vec<u8> = client.0.to_string().bytes().map(|digit| digit + 1).collect();
        expect(client, echo)
    });
    all_come.chain(meanwhile).chain(all_ask).chain(all_are_answered).collect()
}

/// A asks for something long. Then B comes, and has the answer to this question before A has its own.
fn overtake(given: &Given, question: &str, answer: &str) -> Script {
    let short = Reply::Bytes(answer.into());
    let long = Reply::Bytes(b"prime\n".to_vec());
    let overtake = vec![Action::Overtake { first: (B, short), second: (A, long) }];
    [greet(A), send(A, prime(given.long)), connect(B), send(B, question), overtake].concat()
}
