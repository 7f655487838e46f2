//! What each byte means, when all that is asked comes in one piece.

use super::*;

pub(super) const CASES: &[Case] = &[
    case("greeting", Property::Speaks, "The server speaks first.", |_| greet(A)).usually(
        "Usually the greeting waits in a buffer, or for the client's first word; or a line end comes \
         with it.",
    ),
    case(
        "early-question",
        Property::Speaks,
        "Who asks before the greeting has come is answered behind it.",
        |_| [connect(A), say(A, "^abc$", "*bcd")].concat(),
    )
    .usually("Usually a server clears its input before it begins, or takes both sides to speak in turn."),
    case("echo", Property::Speaks, "A frame comes back with 1 added to each byte.", |given| {
        let letters = given.random().letters(12);
        let next: Vec<u8> = letters.bytes().map(|letter| letter + 1).collect();
        ask(format!("^{letters}$"), next)
    }),
    case("empty-frame", Property::Speaks, "Nothing asked, nothing answered.", |_| {
        ask("^$^$^a$", "b")
    }),
    case("noise", Property::Speaks, "What is outside a frame is ignored.", |_| {
        ask("abc P7\r\n^a$ P8 \0^b$", "bc")
    }),
    case("stray-dollar", Property::Speaks, "Outside a frame, `$` ends nothing.", |_| {
        ask("$^a$$^b$$$^c$", "bcd")
    })
    .usually("Usually `$` turns a flag over, instead of clearing it."),
    case("caret", Property::Speaks, "Inside a frame, `^` is an ordinary byte.", |_| {
        ask("^^a^b$^^$", "_b_c_")
    })
    .usually("Usually any `^` is taken for a start, wherever it stands."),
    case("every-byte", Property::Speaks, "Bytes are bytes, and no text.", |_| {
        ask(frame(1..=254), (2..=255).filter(|&byte| byte != b'%').collect::<Vec<u8>>())
    })
    .usually("Usually bytes are decoded as text: what is no UTF-8 is lost or replaced."),
    case("zero-byte", Property::Speaks, "A zero byte is a byte and no end.", |_| {
        ask("^a\0b$^c$", "b\x01cd")
    })
    .usually("Usually what was read is taken for a string of C, which ends at the first zero."),
    case("wraps", Property::Speaks, "255 and 1 is 0: a byte wraps.", |_| {
        ask(b"^a\xff\xfeb$^c$", b"b\0\xffcd")
    })
    .usually("Usually `byte + 1` overflows, which some languages answer with an exception or a panic."),
    case("line-ends", Property::Speaks, "A line end means nothing: a frame ends at `$`.", |_| {
        ask("^a\r\nb\n$\r\n^c$\r\n", "b\x0e\x0bc\x0bd")
    })
    .usually("Usually the server reads lines, and trims them."),
    case("lower-case", Property::Speaks, "Only a capital `P` asks for a prime.", |_| {
        ask("^p7$^P7$", "q8prime\n")
    })
    .usually("Usually input is made lower case, or upper, before it is looked at."),
    case("later-p", Property::Speaks, "Only a `P` that comes first asks for a prime.", |_| {
        ask("^aP7$^ P7$", "bQ8!Q8")
    })
    .usually("Usually a `P` is looked for anywhere in the frame, or behind its spaces."),
    case("coalesced", Property::Speaks, "Many requests in one read are many requests.", |_| {
        ask(SESSION, answer(SESSION))
    })
    .usually("Usually one `read` is taken for one message: what stands behind the first is lost."),
    case(
        "in-order",
        Property::Speaks,
        "Answers come in the order of the questions, however long each takes.",
        |given| ask(format!("^a${}^b$^P8$^c$", prime(given.shorter)), "bprime\nccomposite\nd"),
    )
    .usually("Usually each request is a task of its own, and whoever is ready first answers first."),
    case(
        "half-close",
        Property::Speaks,
        "A client that will send no more is answered, and then left.",
        |_| [ask("^abc$", "bcd"), half_close(A), closed(A)].concat(),
    )
    .usually("Usually a read of no bytes is not taken for the end, and the server reads for ever."),
    case(
        "half-close-number",
        Property::Speaks,
        "A number that was cut off is no number, and is not answered.",
        |_| [ask("^a$^P1", "b"), half_close(A), closed(A)].concat(),
    )
    .usually("Usually the end of what was read is taken for the end of the frame."),
    case(
        "half-close-computing",
        Property::Speaks,
        "A client that will send no more still waits for its answer.",
        |given| {
            let question = send(A, format!("{}^a$", prime(given.shorter)));
            let answers = expect(A, "prime\nb");
            [greet(A), question, half_close(A), answers, closed(A)].concat()
        },
    )
    .usually("Usually the end of what a client sends is taken for its leaving."),
];

/// These bytes as one frame, without the one that would end it.
fn frame(bytes: impl Iterator<Item = u8>) -> Vec<u8> {
    let payload = bytes.filter(|&byte| byte != b'$');
    [b'^'].into_iter().chain(payload).chain([b'$']).collect()
}
