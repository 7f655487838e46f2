//! Bodies whose end is in doubt. If a server guesses it, and the proxy before it guesses otherwise, one
//! client can put words into the mouth of the next.

use super::*;

/// A length that no server accepts that keeps bodies: a limit of 1 MiB is usual.
const TOO_LARGE: usize = 64 * 1024 * 1024;

pub(super) const CASES: &[Case] = &[
    case(
        "http-length",
        Property::Refusals,
        must("9112 §6.3"),
        "A length that is not a number is refused.",
        |_| {
            let values = ["", "+5", "-5", "0x5", "5a", "5 5", "5.0", "18446744073709551616"];
            refused_each(400, values.map(|value| with_length(&format!("Content-Length: {value}"))))
        },
    ),
    case(
        "http-lengths",
        Property::Refusals,
        must("9112 §6.3"),
        "Two lengths are refused.",
        |_| {
            let fields = [
                "Content-Length: 5\r\nContent-Length: 6",
                "Content-Length: 6\r\nContent-Length: 5",
                "Content-Length: 5, 6",
                "Content-Length: 5\r\nContent-Length: 5",
                "Content-Length: 5, 5",
            ];
            refused_each(400, fields.map(with_length))
        },
    ),
    case(
        "http-length-and-chunks",
        Property::Refusals,
        must("9112 §6.1"),
        "A length and chunks at once are refused, or at least the last on their connection.",
        |_| {
            let fields = [
                "Content-Length: 5\r\nTransfer-Encoding: chunked",
                "Transfer-Encoding: chunked\r\nContent-Length: 5",
            ];
            refused_each(400, fields.map(|fields| post(fields, "0\r\n\r\n")))
        },
    ),
    case(
        "http-last-coding",
        Property::Refusals,
        must("9112 §6.3"),
        "A coding other than `chunked` at the end is refused.",
        |_| {
            let codings = ["gzip", "identity", "xchunked", "chunked, gzip"];
            refused_each(400, codings.map(|coding| coded(coding, "0\r\n\r\n")))
        },
    ),
    case(
        "http-unknown-coding",
        Property::Refusals,
        should("9112 §6.1"),
        "An unknown coding before `chunked` is a 501.",
        |_| refused(coded("gzip, chunked", "0\r\n\r\n"), 501),
    ),
    case(
        "http-old-coding",
        Property::Refusals,
        must("9112 §6.1"),
        "A coding in HTTP/1.0 is faulty framing: it is the last on its connection.",
        |_| {
            let request = coded("chunked", "0\r\n\r\n").replace("HTTP/1.1", "HTTP/1.0");
            refused_each(400, [request])
        },
    ),
    case(
        "http-chunk-size",
        Property::Refusals,
        must("9112 §7.1"),
        "A chunk's size is hexadecimal digits, and overflows nothing.",
        |_| {
            let sizes = ["", "x", "0x3", "+3", "-3", " 3", "3 3", "10000000000000003"];
            let chunks = |size| format!("{size}\r\nabc\r\n0\r\n\r\n");
            refused_each(400, sizes.map(|size| coded("chunked", &chunks(size))))
        },
    ),
    case(
        "http-chunk-end",
        Property::Refusals,
        must("9112 §7.1"),
        "A chunk is as long as it says, and ends in CRLF.",
        |_| {
            let chunks = ["3\r\nabcd\r\n0\r\n\r\n", "3\r\nabc0\r\n\r\n", "3\r\nabc\n0\r\n\r\n"];
            refused_each(400, chunks.map(|chunks| coded("chunked", chunks)))
        },
    ),
    case(
        "http-bad-trailer",
        Property::Refusals,
        must("9112 §5.1"),
        "A trailer is a field, and refused like one.",
        |_| refused_each(400, [coded("chunked", "0\r\nX : y\r\n\r\n")]),
    ),
    case(
        "http-length-required",
        Property::Refusals,
        may("9112 §6.3"),
        "Without a length, HTTP/1.0 has no body to post: a 411.",
        |_| refused("POST /echo HTTP/1.0\r\n\r\n", 411),
    ),
    case(
        "http-too-large",
        Property::Refusals,
        ours("9110 §15.5.14"),
        "A body over the limit is a 413, by its length or chunk by chunk.",
        |_| {
            let declared = post(&format!("Content-Length: {TOO_LARGE}"), "");
            let wrapping = post("Content-Length: 18446744073709551615", "");
            let size = format!("{TOO_LARGE:x}\r\n");
            let sum = format!("1\r\na\r\n{TOO_LARGE:x}\r\n");
            let chunked = [size, sum, "ffffffffffffffff\r\n".into()];
            let chunked = chunked.map(|chunks| coded("chunked", &chunks));
            refused_each(413, [declared, wrapping].into_iter().chain(chunked))
        },
    ),
    case(
        "http-refused-upload",
        Property::Refusals,
        ours("9112 §9.6"),
        "Who is refused while still sending hears why, and then the end.",
        |_| {
            let upload = format!(
                "POST /no/such/page HTTP/1.1\r\nHost: test\r\nContent-Length: {UPLOAD}\r\n\r\n{}",
                "x".repeat(UPLOAD)
            );
            let nonsense = format!("NONSENSE\r\n\r\n{}", "x".repeat(LARGE / 4));
            [refused(upload, 413), refused(nonsense, 400)].concat()
        },
    ),
];

/// A request with a body of five bytes, whatever its fields say.
fn with_length(fields: &str) -> String {
    post(fields, "hello")
}
