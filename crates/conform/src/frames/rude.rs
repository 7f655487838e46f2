//! Clients that leave as they like.

use super::*;

/// How often a client vanishes before the next one is asked how the server is.
const RESETS: usize = 10;

/// How many descriptors a server gets: enough for itself, and not for everyone who ever came.
const DESCRIPTORS: u64 = 64;

pub(super) const CASES: &[Case] = &[
    case(
        "leaves-mid-frame",
        Property::Rude,
        "What a client leaves unfinished is over, and is not the next one's.",
        |_| {
            let unfinished = [greet(A), say(A, "^ab", "bc"), half_close(A), closed(A)].concat();
            [unfinished, greet(B), say(B, "x^a$", "b")].concat()
        },
    )
    .usually("Usually a state is kept by descriptor, and the next client gets the same one."),
    case(
        "leaves-computing",
        Property::Rude,
        "A client leaves while the server computes for it: to write to nobody is an error like others.",
        // The second answer meets the reset with which the client's system has answered the first.
        |given| {
            // Its check takes a sixteenth of the shorter one's.
            let quick = (2..=given.shorter >> 8).rev().find(|&n| is_prime(n)).unwrap_or(2);
            let two = format!("{}^a${}^b$", prime(given.shorter), prime(quick));
            let answered = say(B, prime(given.long), "prime\n");
            [greet(A), send(A, two), leave(A), greet(B), answered].concat()
        },
    )
    .usually("Usually SIGPIPE ends the process, or the error that stands for it (EPIPE) is not caught."),
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
        |given| vanishes(given, Vec::new()),
    ),
    case(
        "reset-half-closed",
        Property::Rude,
        "A client says that it will send no more, and vanishes before it is answered.",
        |given| vanishes(given, half_close(A)),
    )
    .usually("Usually saying goodbye (`shutdown`) fails where there is nobody left, which is not caught."),
    case(
        "come-and-go",
        Property::Rude,
        "Who has left costs nothing: a descriptor is given back.",
        |_| {
            let guest = [greet(A), say(A, "^a$", "b"), leave(A)].concat();
            let all = times(2 * DESCRIPTORS as usize, guest);
            [vec![Action::Descriptors(DESCRIPTORS)], all, greet(B), say(B, "^abc$", "bcd")].concat()
        },
    )
    .usually("Usually a socket is not closed on every way out of its handler."),
    case(
        "descriptors",
        Property::Rude,
        "Out of descriptors, the server waits for some; those who are there do not notice.",
        descriptors,
    )
    .usually("Usually a failed `accept` ends the server, or is tried again at once and for ever."),
    case(
        "paused",
        Property::Rude,
        "A server that was stopped like a job with Ctrl-Z goes on where it was.",
        |_| times(10, [greet(A), pause(), say(A, "^abc$", "bcd"), leave(A)].concat()),
    )
    .usually("Usually `EINTR` is taken for an error: some calls return with it after SIGCONT, such as `epoll_wait`."),
];

/// This happens again and again. Then B is served: its answer takes a while, so that it comes when
/// the server has surely noticed.
fn resets(given: &Given, script: Script) -> Script {
    [times(RESETS, script), greet(B), say(B, prime(given.shorter), "prime\n")].concat()
}

/// A asks for something long, does this, and vanishes. B's answer takes four times as long as A's
/// would have: when it comes, A's has been tried.
fn vanishes(given: &Given, before: Script) -> Script {
    let (long, shorter) = (prime(given.long), prime(given.shorter));
    [greet(A), send(A, shorter), before, reset(A), greet(B), say(B, long, "prime\n")].concat()
}

fn descriptors(_: &Given) -> Script {
    let hopeful = || (10..110).map(Client);
    [
        [vec![Action::Descriptors(DESCRIPTORS)], greet(A)].concat(),
        hopeful().flat_map(connect).chain([Action::Exhausted]).collect(),
        [say(A, "^a$", "b"), leave(A)].concat(),
        hopeful().flat_map(leave).collect(),
        [greet(B), say(B, "^abc$", "bcd")].concat(),
    ]
    .concat()
}
