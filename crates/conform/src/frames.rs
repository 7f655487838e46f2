//! The cases of the frames protocol.

use crate::given::{Random, is_prime};
use crate::script::{
    A, Action, B, C, Client, Reply, Script, closed, connect, expect, flood, half_close, leave,
    light, reset, send, stop, times,
};
use crate::{Case, Given, Property, Protocol};

/// As many silent clients as a pool of a few workers cannot bear.
const SILENT: u16 = 16;

/// How much a large request holds.
const LARGE: usize = 1024 * 1024;

/// How often a client vanishes before the next one is asked how the server is.
const RESETS: usize = 10;

/// Something of everything, short enough to be cut everywhere.
const SESSION: &[u8] = b"- $ ^ab$-^$^P7$^P08$^Px7$^c^P$^P$^d$";

pub(crate) const CASES: &[Case] = &[
    case("greeting", Property::Speaks, "The server speaks first.", |_| greet(A)),
    case("echo", Property::Speaks, "A frame comes back with 1 added to each byte.", |given| {
        let letters = given.random().letters(12);
        let next: Vec<u8> = letters.bytes().map(|letter| letter + 1).collect();
        [greet(A), say(A, format!("^{letters}$"), next)].concat()
    }),
    case(
        "every-byte",
        Property::Speaks,
        "Bytes are bytes: only `$` ends a frame, and only a first `P` is special.",
        every_byte,
    )
    .usually("Usually bytes are decoded as text: what is no UTF-8 is lost or replaced."),
    case("empty-frame", Property::Speaks, "Nothing asked, nothing answered.", |_| {
        [greet(A), say(A, "^$^$^a$", "b")].concat()
    }),
    case("noise", Property::Speaks, "What is outside a frame is ignored.", |_| {
        [greet(A), say(A, "abc$$P7$\r\n^a$P8$\0^b$", "bc")].concat()
    }),
    case("caret", Property::Speaks, "Inside a frame, `^` is an ordinary byte.", |_| {
        [greet(A), say(A, "^^a^b$^^$", "_b_c_")].concat()
    }),
    case(
        "numbers",
        Property::Speaks,
        "Primes are told from composites, at every edge of a u64.",
        |given| {
            let all = [NUMBERS.into(), numbers(&mut given.random())].concat();
            let answers = [NUMBERS_ANSWER.into(), answer(&all[NUMBERS.len()..])].concat();
            [greet(A), say(A, all, answers)].concat()
        },
    ),
    case("coalesced", Property::Speaks, "Many requests in one read are many requests.", |_| {
        [greet(A), say(A, SESSION, answer(SESSION))].concat()
    }),
    case(
        "half-close",
        Property::Speaks,
        "A client that will send no more is answered, and then left.",
        half_closes,
    ),
    case(
        "as-bytes-arrive",
        Property::Remembers,
        "The echo does not wait for the end of the frame.",
        |_| [greet(A), say(A, "^a", "b"), say(A, "b", "c"), say(A, "c$^d", "de")].concat(),
    ),
    case(
        "many-frames",
        Property::Remembers,
        "A session has as many requests as the client likes.",
        |_| [greet(A), times(100, say(A, SESSION, answer(SESSION)))].concat(),
    ),
    case("single-bytes", Property::Remembers, "A request may come one byte at a time.", |_| {
        [greet(A), single_bytes(A, SESSION)].concat()
    }),
    case(
        "every-split",
        Property::Remembers,
        "Wherever the network cuts a session in two, the same bytes come back.",
        every_split,
    ),
    case(
        "no-digits",
        Property::Remembers,
        "A number without digits is an error, and the session goes on.",
        |_| [greet(A), say(A, "^P$", "error: no digits\n"), say(A, "^a$", "b")].concat(),
    ),
    case(
        "not-a-digit",
        Property::Remembers,
        "The error is said at the byte that is wrong, and the rest of the frame is skipped.",
        not_a_digit,
    ),
    case(
        "too-large",
        Property::Remembers,
        "A number over u64::MAX is refused at the digit that is too much.",
        too_large,
    ),
    case(
        "endless-digits",
        Property::Remembers,
        "A number without end costs nothing but its reading.",
        endless_digits,
    ),
    case("large-frame", Property::Remembers, "A frame has no largest size.", large_frame),
    case(
        "garbage",
        Property::Remembers,
        "Whatever bytes come, each is answered as the protocol says.",
        |given| {
            let garbage = given.random().bytes(LARGE);
            [greet(A), say(A, "^a$", "b"), say(A, &garbage, answer(&garbage))].concat()
        },
    ),
    case(
        "silent",
        Property::Silent,
        "Someone who says nothing, or half a request, keeps nobody waiting.",
        |_| [greet(A), greet(C), say(C, "^ab", "bc"), greet(B), say(B, "^abc$", "bcd")].concat(),
    ),
    case(
        "several",
        Property::Silent,
        "Conversations do not mix, however they interleave.",
        several,
    ),
    case(
        "never-reads",
        Property::Silent,
        "Someone who asks and never reads is not read from, and keeps nobody waiting.",
        |_| {
            [flood(A, "^abcdefghijklmnopqrstuvw$".repeat(1000)), greet(B), say(B, "^abc$", "bcd")]
                .concat()
        },
    ),
    case(
        "stop-asked",
        Property::Stop,
        "Everybody who has asked before the stop is answered before the end.",
        stop_asked,
    ),
    case(
        "more-silent-than-workers",
        Property::Silents,
        "A client that waits needs no worker.",
        |_| {
            let silent = (2..2 + SILENT).flat_map(|n| greet(Client(n))).collect();
            [silent, greet(B), say(B, "^abc$", "bcd")].concat()
        },
    ),
    case(
        "thousand",
        Property::Thousand,
        "A thousand clients are there at once, and all are answered.",
        |_| crowd(1000),
    ),
    case(
        "ten-thousand",
        Property::TenThousand,
        "Ten thousand clients are there at once, all are answered, and none costs a thread.",
        |_| [crowd(10_000), light()].concat(),
    ),
    case(
        "computes",
        Property::Compute,
        "One client's long computation is not everybody's.",
        computes,
    ),
    case(
        "reset-fresh",
        Property::Rude,
        "A client vanishes before it has said anything.",
        |given| resets(given, [connect(A), reset(A), greet(A), reset(A)].concat()),
    ),
    case(
        "reset-mid-frame",
        Property::Rude,
        "A client vanishes in the middle of a request.",
        |given| resets(given, [greet(A), say(A, "^ab", "bc"), reset(A)].concat()),
    ),
    case(
        "reset-unread",
        Property::Rude,
        "A client vanishes without having read its reply.",
        |given| resets(given, [greet(A), send(A, [b'^'; 10_000]), reset(A)].concat()),
    ),
    case(
        "reset-computing",
        Property::Rude,
        "A client vanishes while the server computes for it.",
        // B's answer takes four times as long as A's would have: when it comes, A's has been tried.
        |given| {
            let (long, shorter) = (prime(given.long), prime(given.shorter));
            [greet(A), send(A, shorter), reset(A), greet(B), say(B, long, "prime\n")].concat()
        },
    ),
    case(
        "descriptors",
        Property::Rude,
        "Out of descriptors, the server waits for some; those who are there do not notice.",
        descriptors,
    ),
    case("stop-idle", Property::Stop, "A server with nothing to do ends at once.", |_| stop()),
    case("stop-silent", Property::Stop, "Silent clients do not keep a server from ending.", |_| {
        [greet(A), connect(B), connect(C), stop(), closed(A)].concat()
    }),
    case(
        "stop-computing",
        Property::Stop,
        "What was asked before the stop is answered before the end.",
        |given| {
            let question = send(A, prime(given.shorter));
            [greet(A), question, stop(), expect(A, "prime\n"), closed(A)].concat()
        },
    ),
];

const NUMBERS: &str = "^P0$^P1$^P2$^P3$^P4$^P9$^P25$^P7917$^P7919$^P0007$\
    ^P00000000000000000000000000000009$^P2147483647$^P1000036000099$^P18446744073709551615$";

const NUMBERS_ANSWER: &str = "composite\ncomposite\nprime\nprime\ncomposite\ncomposite\ncomposite\n\
    composite\nprime\nprime\ncomposite\nprime\ncomposite\ncomposite\n";

const fn case(
    name: &'static str,
    property: Property,
    lesson: &'static str,
    script: fn(&Given) -> Script,
) -> Case {
    Case { name, protocol: Protocol::Frames, property, rule: None, lesson, mistake: None, script }
}

/// Every byte but `$`, in one frame. It does not begin with `P`.
fn every_byte(_: &Given) -> Script {
    let payload: Vec<u8> = (0..=u8::MAX).filter(|&byte| byte != b'$').collect();
    // `$` would have come back as `%`; 255 comes back as 0.
    let echo: Vec<u8> = (1..=u8::MAX).filter(|&byte| byte != b'%').chain([0]).collect();
    [greet(A), say(A, [b"^", payload.as_slice(), b"$"].concat(), echo)].concat()
}

fn half_closes(given: &Given) -> Script {
    let last_words = |client, bytes, answer| {
        let goodbye = [send(client, bytes), half_close(client), expect(client, answer)].concat();
        [greet(client), goodbye, closed(client)].concat()
    };
    [
        last_words(A, "", ""),
        last_words(A, "^ab", "bc"),
        last_words(A, "^P1234", ""),
        last_words(A, format!("^abc${}^d$", prime(given.shorter)).as_str(), "bcdprime\ne"),
    ]
    .concat()
}

fn every_split(_: &Given) -> Script {
    let cut = |at: usize| {
        let before = answer(&SESSION[..at]);
        let after = &answer(SESSION)[before.len()..];
        let session = [say(A, &SESSION[..at], &before), say(A, &SESSION[at..], after)].concat();
        [greet(A), session, half_close(A), closed(A)].concat()
    };
    (1..SESSION.len()).flat_map(cut).collect()
}

fn not_a_digit(_: &Given) -> Script {
    let wrong = [
        (b"^Px".as_slice(), "x"),
        (b"^P12-", "-"),
        (b"^P 7", " "),
        (b"^P7^", "^"),
        (b"^PP7", "P"),
        (b"^P'", "\\'"),
        (b"^P7\n", "\\n"),
        (b"^P\xff", "\\xff"),
    ];
    let talk = wrong.into_iter().flat_map(|(bytes, shown)| {
        let error = format!("error: '{shown}' is not a digit\n");
        [say(A, bytes, error), say(A, "x7^$^a$", "b")].concat()
    });
    [greet(A), talk.collect()].concat()
}

fn too_large(_: &Given) -> Script {
    let numbers = ["18446744073709551616", "99999999999999999999", "0018446744073709551620"];
    let talk = numbers.into_iter().flat_map(|number| {
        let refused = say(A, format!("^P{number}"), "error: over 18446744073709551615\n");
        [refused, say(A, "7x^$^a$", "b")].concat()
    });
    [greet(A), talk.collect()].concat()
}

fn endless_digits(given: &Given) -> Script {
    let (zeros, nines) = ("0".repeat(LARGE), "9".repeat(LARGE));
    let zeros = times(given.endless / LARGE, send(A, zeros));
    let seven = [send(A, "^P"), zeros, say(A, "7$", "prime\n")].concat();
    let refused = say(A, format!("^P{nines}"), "error: over 18446744073709551615\n");
    [greet(A), seven, refused, say(A, "9$^a$", "b")].concat()
}

fn large_frame(_: &Given) -> Script {
    let large: Vec<u8> = (0..LARGE).map(|i| b'a' + (i % 26) as u8).collect();
    let echo: Vec<u8> = large.iter().map(|byte| byte + 1).collect();
    [greet(A), say(A, "^a$", "b"), say(A, [b"^", large.as_slice(), b"$"].concat(), echo)].concat()
}

fn several(_: &Given) -> Script {
    [
        [greet(A), greet(B), greet(C)].concat(),
        [say(A, "^a", "b"), say(B, "^r", "s"), say(C, "^$ x", ""), say(A, "b", "c")].concat(),
        [say(B, "3$", "4"), say(C, "^x$", "y"), say(A, "$^b$", "c")].concat(),
    ]
    .concat()
}

/// So many come, then all ask, and then all are answered.
fn crowd(clients: u16) -> Script {
    let each = |script: fn(Client) -> Script| (0..clients).map(Client).flat_map(script);
    let all_come = each(greet);
    let all_ask = each(|client| send(client, format!("^{}$", client.0)));
    let all_are_answered = each(|client| {
        let echo: Vec<u8> = client.0.to_string().bytes().map(|digit| digit + 1).collect();
        expect(client, echo)
    });
    all_come.chain(all_ask).chain(all_are_answered).collect()
}

fn computes(given: &Given) -> Script {
    let short = Reply::Bytes(b"*bcd".to_vec());
    let long = Reply::Bytes(b"prime\n".to_vec());
    let overtake = vec![Action::Overtake { first: (B, short), second: (A, long) }];
    [greet(A), send(A, prime(given.long)), connect(B), send(B, "^abc$"), overtake].concat()
}

/// When A has its echo, the server is about to compute for it. Meanwhile the others ask, and then
/// it is asked to stop: their questions have arrived, whether it has looked at them or not.
fn stop_asked(given: &Given) -> Script {
    let others = || (1..4).map(Client);
    let question = format!("^a${}", prime(given.shorter));
    [
        [greet(A), others().flat_map(greet).collect()].concat(),
        say(A, question, "b"),
        others().flat_map(|client| send(client, "^abc$")).collect(),
        stop(),
        others().flat_map(|client| [expect(client, "bcd"), closed(client)].concat()).collect(),
        [expect(A, "prime\n"), closed(A)].concat(),
    ]
    .concat()
}

/// This happens again and again. Then B is served: its answer takes a while, so that it comes when
/// the server has surely noticed.
fn resets(given: &Given, script: Script) -> Script {
    [times(RESETS, script), greet(B), say(B, prime(given.shorter), "prime\n")].concat()
}

fn descriptors(_: &Given) -> Script {
    let hopeful = || (10..110).map(Client);
    [
        [vec![Action::Descriptors(64)], greet(A)].concat(),
        hopeful().flat_map(connect).chain([Action::Exhausted]).collect(),
        [say(A, "^a$", "b"), leave(A)].concat(),
        hopeful().flat_map(leave).collect(),
        [greet(B), say(B, "^abc$", "bcd")].concat(),
    ]
    .concat()
}

/// The client connects and is greeted.
fn greet(client: Client) -> Script {
    [connect(client), expect(client, "*")].concat()
}

/// The client says something, and waits for the answer.
fn say(client: Client, bytes: impl AsRef<[u8]>, answer: impl AsRef<[u8]>) -> Script {
    [send(client, bytes), expect(client, answer)].concat()
}

/// The client says it byte by byte. Wherever a byte is answered, it waits for that: so the server
/// has read so far, and no further.
fn single_bytes(client: Client, session: &[u8]) -> Script {
    let byte = |at: usize| {
        let before = answer(&session[..at]).len();
        say(client, &session[at..=at], &answer(&session[..=at])[before..])
    };
    (0..session.len()).flat_map(byte).collect()
}

/// The question whether this is a prime.
fn prime(n: u64) -> String {
    format!("^P{n}$")
}

/// Primes, and numbers of any size that most likely are none.
fn numbers(random: &mut Random) -> Vec<u8> {
    let primes: Vec<u64> = (8..24).map(|bits| random.prime(bits)).collect();
    let others = (0..16).map(|_| random.next() >> (40 + random.next() % 20));
    primes.into_iter().chain(others).flat_map(|n| prime(n).into_bytes()).collect()
}

/// What the protocol answers to `sent`, greeting not included. Written for clarity, over the
/// whole input at once; a server must say the same with every byte at its time.
fn answer(sent: &[u8]) -> Vec<u8> {
    let mut answer = Vec::new();
    let mut rest = sent;
    while let Some(open) = rest.iter().position(|&byte| byte == b'^') {
        rest = &rest[open + 1..];
        let end = rest.iter().position(|&byte| byte == b'$');
        let payload = &rest[..end.unwrap_or(rest.len())];
        rest = end.map_or(&[], |end| &rest[end + 1..]);
        match payload.strip_prefix(b"P") {
            Some(digits) => answer.extend(number(digits, end.is_some()).bytes()),
            None => answer.extend(payload.iter().map(|byte| byte.wrapping_add(1))),
        }
    }
    answer
}

/// What is answered to a number of which so much has come.
fn number(digits: &[u8], complete: bool) -> String {
    let mut n = 0_u64;
    for byte in digits {
        if !byte.is_ascii_digit() {
            return format!("error: '{}' is not a digit\n", byte.escape_ascii());
        }
        match n.checked_mul(10).and_then(|n| n.checked_add(u64::from(byte - b'0'))) {
            Some(longer) => n = longer,
            None => return "error: over 18446744073709551615\n".into(),
        }
    }
    match (complete, digits) {
        (false, _) => "",
        (true, []) => "error: no digits\n",
        (true, _) if is_prime(n) => "prime\n",
        (true, _) => "composite\n",
    }
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_says_what_the_protocol_says() {
        let check = |sent: &str, expected: &str| {
            assert_eq!(String::from_utf8(answer(sent.as_bytes())).unwrap(), expected, "{sent}");
        };
        check("x$^ab$y^^c", "bc_d");
        check("^$^P7", "");
        check("^P2$^P9$^P0$", "prime\ncomposite\ncomposite\n");
        check("^P$^P1x2$^a$", "error: no digits\nerror: 'x' is not a digit\nb");
        check("^P18446744073709551616", "error: over 18446744073709551615\n");
        check(
            str::from_utf8(SESSION).unwrap(),
            "bcprime\ncomposite\nerror: 'x' is not a digit\nd_Qerror: no digits\ne",
        );
    }

    #[test]
    fn garbage_holds_every_byte_and_every_kind_of_frame() {
        let garbage = Given::default().random().bytes(LARGE);
        for byte in 0..=u8::MAX {
            assert!(garbage.contains(&byte), "{byte}");
        }
        for start in [b"^$", b"^P", b"^^", b"$$"] {
            assert!(garbage.windows(2).any(|pair| pair == start), "{start:?}");
        }
    }
}
