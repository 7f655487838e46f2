//! One conversation, in whatever pieces it comes.

use super::*;

/// More than the kernel holds for a client that reads late: on Linux 4 MiB for the server, and what
/// the client allows.
const UNREAD: usize = 5 * 1024 * 1024;

pub(super) const CASES: &[Case] = &[
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
    case(
        "split-caret",
        Property::Remembers,
        "The `^` and what it announces may come one after the other.",
        |_| [greet(A), say(A, "^a$^", "b"), say(A, "P7$", "prime\n")].concat(),
    )
    .usually(
        "Usually the byte behind `^` is looked at in the same buffer, where it may not be yet.",
    ),
    case(
        "split-number",
        Property::Remembers,
        "A number may come in pieces, and ends only at `$`.",
        |_| [greet(A), say(A, "^a$^P1", "b"), say(A, "1$", "prime\n")].concat(),
    )
    .usually("Usually the end of a read is taken for the end of the number."),
    case(
        "rest-of-a-read",
        Property::Remembers,
        "What was read behind a request belongs to the next one.",
        |_| {
            [greet(A), say(A, "^P7$^P1", "prime\n"), say(A, "1$^P8$", "prime\ncomposite\n")]
                .concat()
        },
    )
    .usually(
        "Usually the buffer is emptied behind a request, with the start of the next one in it.",
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
        "error-at-once",
        Property::Remembers,
        "An error is said at the byte that is wrong, and not at the end of the frame.",
        |_| {
            let wrong = say(A, "^P7x", "error: 'x' is not a digit\n");
            let large = say(A, "7$^P18446744073709551616", "error: over 18446744073709551615\n");
            [greet(A), wrong, large, say(A, "$^a$", "b")].concat()
        },
    )
    .usually("Usually a number is collected to its end before it is looked at."),
    case(
        "rest-of-an-error",
        Property::Remembers,
        "What follows an error is skipped up to `$`, however late it comes.",
        |_| {
            let wrong = say(A, "^Px", "error: 'x' is not a digit\n");
            [greet(A), wrong, say(A, "^P7$^a$", "b")].concat()
        },
    )
    .usually("Usually an error ends the frame in one place and not in the other."),
    case(
        "errors-go-on",
        Property::Remembers,
        "An error is an answer: the session goes on.",
        |_| {
            let wrong = say(A, "^P-$", "error: '-' is not a digit\n");
            let none = say(A, "^P$", "error: no digits\n");
            [greet(A), wrong, none, say(A, "^a$^P7$", "bprime\n")].concat()
        },
    )
    .usually("Usually a bad request is thrown as an exception, and caught where connections end."),
    case(
        "endless-digits",
        Property::Remembers,
        "A number without end costs nothing but its reading.",
        |given| endless(given, "^P", b'0', "7$", "prime\n"),
    )
    .usually("Usually the digits are collected, and are as much as a client likes."),
    case(
        "endless-noise",
        Property::Remembers,
        "What is ignored is forgotten, however much it is.",
        |given| endless(given, "", b'-', "^P7$", "prime\n"),
    )
    .usually("Usually a buffer grows until there is a whole frame in it."),
    case("large-frame", Property::Remembers, "A frame has no largest size.", |_| {
        let (large, echo) = letters(LARGE);
        [greet(A), say(A, "^a$", "b"), say(A, large, echo)].concat()
    })
    .usually("Usually there is a buffer that a frame must fit into."),
    case(
        "reads-late",
        Property::Remembers,
        "A client may read late: what a socket does not take at once is kept, and sent later.",
        |_| {
            let (large, echo) = letters(UNREAD);
            [greet(A), say(A, "^a$", "b"), send_ahead(A, large), expect(A, echo)].concat()
        },
    )
    .usually(
        "Usually nobody looks at how much `write` or `send` has taken: it may be only a part.",
    ),
    case(
        "garbage",
        Property::Remembers,
        "Whatever bytes come, each is answered as the protocol says.",
        |given| {
            let garbage = given.random().bytes(LARGE);
            [greet(A), say(A, "^a$", "b"), say(A, &garbage, answer(&garbage))].concat()
        },
    )
    .usually("Usually bytes are decoded as text: what is no UTF-8 is lost or replaced."),
];

/// The client says it byte by byte. Wherever a byte is answered, it waits for that: so the server
/// has read so far, and no further.
fn single_bytes(client: Client, session: &[u8]) -> Script {
    let byte = |at: usize| {
        let before = answer(&session[..at]).len();
        say(client, &session[at..=at], &answer(&session[..=at])[before..])
    };
    (0..session.len()).flat_map(byte).collect()
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

/// The client says `start`, then more of the same than a server may keep, and then `end`.
fn endless(given: &Given, start: &str, byte: u8, end: &str, answer: &str) -> Script {
    let much = times(given.endless / LARGE, send(A, vec![byte; LARGE]));
    [greet(A), say(A, "^a$", "b"), send(A, start), much, say(A, end, answer)].concat()
}

/// A frame of so many letters, and what comes back.
fn letters(n: usize) -> (Vec<u8>, Vec<u8>) {
    let letters: Vec<u8> = (0..n).map(|i| b'a' + (i % 26) as u8).collect();
    let echo = letters.iter().map(|letter| letter + 1).collect();
    ([b"^", letters.as_slice(), b"$"].concat(), echo)
}
