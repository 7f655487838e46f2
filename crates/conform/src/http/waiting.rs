//! Clients that take their time, vanish, or ask for long work; and how it all ends.

use super::*;

pub(super) const CASES: &[Case] = &[
    case(
        "http-single-bytes",
        Property::Slow,
        must("9112 §2.2"),
        "A head may come one byte at a time.",
        |_| {
            // Often, since the network may put them together again.
            let slow = [connect(A), slices(A, get("/plain"), 1), expect(A, plain()), leave(A)];
            times(OFTEN, slow.concat())
        },
    ),
    case(
        "http-silent",
        Property::Silent,
        ours("9112 §9.5"),
        "Someone who says nothing keeps nobody waiting.",
        |_| [connect(A), served()].concat(),
    ),
    case(
        "http-silent-head",
        Property::Silent,
        ours("9112 §9.5"),
        "Nor does someone who stops in the middle of a head.",
        |_| [connect(A), send(A, HALF), served()].concat(),
    )
    .usually("Usually somebody reads until the head is whole, and does nothing else meanwhile."),
    case(
        "http-silent-body",
        Property::Silent,
        ours("9112 §9.5"),
        "Nor in the middle of a body.",
        |_| [connect(A), send(A, post("Content-Length: 5", "he")), served()].concat(),
    )
    .usually("Usually somebody reads until the body is whole, and does nothing else meanwhile."),
    case(
        "http-silent-kept",
        Property::Silent,
        ours("9112 §9.5"),
        "Someone who was answered and stays keeps nobody waiting.",
        |_| [connect(A), send(A, get("/plain")), expect(A, plain()), served()].concat(),
    )
    .usually(
        "Usually the next request is waited for where the first was: browsers keep connections.",
    ),
    case(
        "http-more-silent-than-workers",
        Property::Silents,
        ours("9112 §9.5"),
        "A client that waits needs no worker.",
        |_| [many(connect), served()].concat(),
    ),
    case(
        "http-many-half-heads",
        Property::Silents,
        ours("9112 §9.5"),
        "Nor does one in the middle of a head: to have begun is not to go on.",
        |_| [many(|client| [connect(client), send(client, HALF)].concat()), served()].concat(),
    )
    .usually(
        "Usually a worker is given a client that has begun, and reads until the end: Slowloris.",
    ),
    case(
        "http-many-kept",
        Property::Silents,
        ours("9112 §9.5"),
        "Nor does one that was answered, and stays.",
        |_| {
            let kept = |client| {
                [connect(client), send(client, get("/plain")), expect(client, plain())].concat()
            };
            [many(kept), served()].concat()
        },
    )
    .usually(
        "Usually a worker serves a connection until it closes, and browsers do not close them.",
    ),
    case(
        "http-never-reads",
        Property::Slow,
        ours("9112 §9.5"),
        "Someone who asks and never reads is not read from, and keeps nobody waiting.",
        |_| {
            let plain = ask(B, get("/plain"), 200, PLAIN, text("Hello, World!"));
            [flood(A, get("/plain").repeat(1000)), connect(B), plain].concat()
        },
    ),
    case(
        "http-computes",
        Property::Compute,
        ours("9112 §9.3"),
        "One client's long computation is not everybody's.",
        |given| overtake(&format!("/prime/{}", given.long), "prime\n"),
    ),
    case(
        "http-sleeps",
        Property::Compute,
        ours("9112 §9.3"),
        "A handler that blocks blocks nobody else.",
        |_| overtake("/sleep?ms=2000", "slept 2000 ms\n"),
    ),
    case(
        "http-never-leaves",
        Property::Slow,
        ours("9112 §9.6"),
        "Someone who is left and never hangs up is cut off, and keeps nobody waiting.",
        |_| {
            let last = ask(A, with("Connection: close"), 200, CLOSE, text("Hello, World!"));
            let plain = ask(B, get("/plain"), 200, PLAIN, text("Hello, World!"));
            [connect(A), last, connect(B), plain, half_close(B), closed(B), cut(A)].concat()
        },
    ),
    case(
        "http-panic",
        Property::Rude,
        ours("9110 §15.6.1"),
        "A handler that panics costs one connection, and no worker.",
        |_| times(20, refused(get("/panic"), 500)),
    ),
    case(
        "http-come-and-go",
        Property::Rude,
        ours("9112 §9.5"),
        "Two hundred clients come, say nothing, and go.",
        |_| times(200, [connect(A), leave(A)].concat()),
    )
    .usually("Usually something is kept for each client, and given back only where it was served."),
    case(
        "http-reset",
        Property::Rude,
        ours("9112 §9.5"),
        "A client vanishes before it has said anything.",
        |_| times(OFTEN, [connect(A), reset(A)].concat()),
    ),
    case(
        "http-reset-head",
        Property::Rude,
        ours("9112 §9.5"),
        "A client vanishes in the middle of its head.",
        |_| times(OFTEN, vanish(HALF)),
    ),
    case(
        "http-reset-body",
        Property::Rude,
        ours("9112 §9.5"),
        "A client vanishes in the middle of its body.",
        |_| times(OFTEN, vanish(post("Content-Length: 5", "he"))),
    ),
    case(
        "http-reset-kept",
        Property::Rude,
        ours("9112 §9.5"),
        "A client vanishes that was answered.",
        |_| {
            let answered = [connect(A), send(A, get("/plain")), expect(A, plain()), reset(A)];
            times(OFTEN, answered.concat())
        },
    ),
    case(
        "http-reset-pipelined",
        Property::Rude,
        ours("9112 §9.5"),
        "A client vanishes that has asked for much, and heard nothing of it.",
        |_| times(OFTEN, vanish(get("/plain").repeat(DEEP as usize))),
    )
    .usually(
        "Usually a write to a connection that is gone ends the program: SIGPIPE, or an error.",
    ),
    case(
        "http-reset-working",
        Property::Rude,
        ours("9112 §9.5"),
        "A client vanishes while the server works for it.",
        |given| {
            // B's answer takes four times as long as A's would have: A's has been tried by then.
            let prime = ask(B, prime(given.long), 200, TEXT, text("prime\n"));
            [vanish(self::prime(given.shorter)), connect(B), prime].concat()
        },
    )
    .usually(
        "Usually the answer is written to a connection that is gone, and nobody minds the error.",
    ),
    case(
        "http-stop-idle",
        Property::Stop,
        ours("9112 §9.5"),
        "A server with nothing to do ends at once.",
        |_| stop(),
    ),
    case(
        "http-stop-silent",
        Property::Stop,
        ours("9112 §9.5"),
        "Silent clients do not keep a server from ending.",
        |_| {
            [
                connect(A),
                ask(A, get("/plain"), 200, PLAIN, text("Hello, World!")),
                stop(),
                closed(A),
            ]
            .concat()
        },
    ),
    case(
        "http-stop-half-head",
        Property::Stop,
        ours("9112 §9.5"),
        "Half a head does not either: there is no request to finish.",
        |_| half_stopped(HALF),
    ),
    case(
        "http-stop-half-body",
        Property::Stop,
        ours("9112 §9.5"),
        "Nor does half a body.",
        |_| half_stopped(&post("Content-Length: 5", "he")),
    ),
    case(
        "http-stop-pipelined",
        Property::Stop,
        ours("9112 §9.6"),
        "All that was asked before the stop is answered before the end, also what had to wait.",
        |given| {
            let work = get("/plain") + &prime(given.shorter);
            let asked = send(A, work + &get("/plain").repeat(DEEP as usize));
            let answers = answer(A, 200, &[], text("prime\n"));
            let rest = times(DEEP as usize, expect(A, plain()));
            [connect(A), asked, expect(A, plain()), stop(), answers, rest, closed(A)].concat()
        },
    )
    .usually(
        "Usually the request that is being worked on is finished, and what waits behind it is not.",
    ),
    case(
        "http-stop-computing",
        Property::Stop,
        ours("9112 §9.6"),
        "What was asked before the stop is answered before the end.",
        |given| {
            let both = get("/plain") + &prime(given.shorter);
            let plain = ask(A, both, 200, PLAIN, text("Hello, World!"));
            [connect(A), plain, stop(), answer(A, 200, &[], text("prime\n")), closed(A)].concat()
        },
    ),
    case(
        "http-stop-crowd",
        Property::Stop,
        ours("9112 §9.6"),
        "So is everybody who was accepted, whether they had a worker or not.",
        stop_crowd,
    )
    .usually("Usually whoever still waits for a worker is forgotten: the queue is dropped with the pool."),
    case(
        "http-stop-refuses",
        Property::Stop,
        ours("9112 §9.6"),
        "Who comes after the stop is refused at once, though the server is still busy with others.",
        |_| [flood(A, get("/plain").repeat(1000)), stop(), refused_now(B), reset(A)].concat(),
    )
    .usually(
        "Usually the listener is open until the process ends: who comes is let in by the kernel, and lost.",
    ),
    case(
        "http-stop-twice",
        Property::Stop,
        ours("9112 §9.6"),
        "A second signal ends it at once, and the exit code says that something was cut.",
        |_| [busy(), stop(), stop_again()].concat(),
    )
    .usually("Usually the second signal does what the first did: nothing more."),
    case(
        "http-stop-in-vain",
        Property::Stop,
        ours("9112 §9.6"),
        "A stop that takes too long is cut short, and the exit code says so.",
        |_| [busy(), stop_in_vain()].concat(),
    )
    .usually("Usually a stop takes as long as the longest answer, or the slowest client."),
];

/// A has asked for something that takes longer than anybody waits for an end.
fn busy() -> Script {
    [connect(A), send(A, get("/plain") + &get("/sleep?ms=9000")), expect(A, plain())].concat()
}

/// How many have asked when the server is stopped under load.
const CROWD: u16 = 64;

/// Four are answered, and stay; one of them is answered twice. When A is answered for the third time, the server is about to compute for it;
/// meanwhile the others ask, of whom most were only accepted.
fn stop_crowd(given: &Given) -> Script {
    let kept = || (0..4).map(Client);
    let others = || (1..CROWD).map(Client);
    let plain_for = |client| expect(client, plain());
    [
        kept().flat_map(|client| [connect(client), send(client, get("/plain"))].concat()).collect(),
        kept().flat_map(plain_for).collect(),
        [send(A, get("/plain")), plain_for(A)].concat(),
        (4..CROWD).map(Client).flat_map(connect).collect(),
        accepted(),
        [send(A, get("/plain") + &prime(given.shorter)), plain_for(A)].concat(),
        others().flat_map(|client| send(client, get("/plain"))).collect(),
        stop(),
        others().flat_map(|client| [plain_for(client), closed(client)].concat()).collect(),
        [answer(A, 200, &[], text("prime\n")), closed(A)].concat(),
    ]
    .concat()
}

/// Half a head.
const HALF: &str = "GET /plain HTTP/1.1\r\nHo";

/// How often clients are slow, or rude.
const OFTEN: usize = 20;

/// B comes, asks, and is answered.
fn served() -> Script {
    [connect(B), send(B, get("/plain")), expect(B, plain())].concat()
}

/// As many do this as a pool of a few workers cannot bear.
fn many(what: impl Fn(Client) -> Script) -> Script {
    (2..2 + SILENT).flat_map(|n| what(Client(n))).collect()
}

/// A client comes, sends this, and is gone.
fn vanish(request: impl AsRef<[u8]>) -> Script {
    [connect(A), send(A, request), reset(A)].concat()
}

/// A client has sent this when the server is stopped, and is left. Another server may have an answer
/// without waiting for the rest.
fn half_stopped(half: &str) -> Script {
    let wrong = or(Also::Final, response(400, &[], Body::Whatever));
    // With the answer to the request before it, it has surely been read.
    let read = [connect(A), send(A, get("/plain") + half), expect(A, plain())].concat();
    [read, stop(), reply_or_end(A, wrong, Last::End)].concat()
}

/// A asks for something long; B comes later, asks for something short, and has it first.
fn overtake(long: &str, answer: &'static str) -> Script {
    let first = (B, Reply::Http(plain()));
    let second = (A, Reply::Http(response(200, TEXT, text(answer))));
    let questions = [connect(A), send(A, get(long)), connect(B), send(B, get("/plain"))].concat();
    [questions, vec![Action::Overtake { first, second }]].concat()
}
