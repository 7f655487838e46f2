//! What must not be taken for a request. Whoever guesses what was meant guesses differently from the
//! proxy before him, and a request that only one of them sees is how a cache is poisoned.

use super::{GET_ONLY, PLAIN, POST_ONLY, alone, coded, get, post, refused, request, text, with};
use crate::script::{Body, Script};
use crate::{Case, Given, Property, Protocol};

/// More than a request line may have in any server.
const LONG: usize = 64 * 1024;

/// More fields than any browser sends.
const MANY: usize = 1000;

/// A length that no server accepts that keeps bodies: a limit of 1 MiB is usual.
const TOO_LARGE: usize = 64 * 1024 * 1024;

pub(super) const CASES: &[Case] = &[
    case("http-bad-request", "What is no request line is a 400 (9112 §3: SHOULD).", |_| {
        let line = |line| format!("{line}\r\nHost: test\r\n\r\n");
        let lines = [
            "NONSENSE",
            "GET /plain",
            "GET /pl ain HTTP/1.1",
            "GET  /plain HTTP/1.1",
            "GET /plain HTTP/1.1 ",
            "GET /plain HTTP/1",
            "GET /plain http/1.1",
            "GET plain HTTP/1.1",
        ];
        refused_each(400, lines.map(line))
    }),
    case(
        "http-host",
        "HTTP/1.1 without exactly one valid `Host` is a 400 (9112 §3.2: MUST).",
        |_| {
            let host = |fields| format!("GET /plain HTTP/1.1\r\n{fields}\r\n");
            let hosts = [
                "",
                "Host: test\r\nHost: test\r\n",
                "Host: te st\r\n",
                "Host: test/plain\r\n",
                "Host: test:port\r\n",
            ];
            refused_each(400, hosts.map(host))
        },
    ),
    case(
        "http-space-before-colon",
        "White space before a field's colon is a 400 (9112 §5.1: MUST).",
        |_| refused_each(400, ["X : y", "X\t: y", "Content-Length : 5"].map(with)),
    ),
    case(
        "http-folded",
        "A field that goes on in a second line is a 400 (9112 §5.2: MUST, or unfold it).",
        |_| refused_each(400, ["X: y\r\n z", "X: y\r\n\tContent-Length: 5"].map(with)),
    ),
    case(
        "http-control",
        "A bare CR or a NUL in a field is a 400 (9110 §5.5: MUST, or replace it).",
        |_| refused_each(400, ["X: y\rContent-Length: 5", "X: \0", "X\0: y"].map(with)),
    ),
    case(
        "http-bare-lf",
        "A line that ends in LF alone is a 400 (9112 §2.2: MAY be taken for a line).",
        |_| {
            let field = with("X: y\nContent-Length: 5");
            refused_each(400, ["GET /plain HTTP/1.1\nHost: test\n\n".into(), field])
        },
    ),
    case("http-length", "A length that is not a number is a 400 (9112 §6.3: MUST).", |_| {
        let values = ["", "+5", "-5", "0x5", "5a", "5 5", "5.0", "18446744073709551616"];
        refused_each(400, values.map(|value| with_length(&format!("Content-Length: {value}"))))
    }),
    case(
        "http-lengths",
        "Two lengths are a 400 (9112 §6.3: MUST; where they are equal, 9110 §8.6: MAY).",
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
        "A length and chunks at once are a 400 (9112 §6.1: MAY) and the end (MUST).",
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
        "A coding other than `chunked` at the end is a 400 (9112 §6.3: MUST).",
        |_| {
            let codings = ["gzip", "identity", "xchunked", "chunked, gzip"];
            refused_each(400, codings.map(|coding| coded(coding, "0\r\n\r\n")))
        },
    ),
    case(
        "http-unknown-coding",
        "An unknown coding before `chunked` is a 501 (9112 §6.1: SHOULD).",
        |_| refused(coded("gzip, chunked", "0\r\n\r\n"), 501),
    ),
    case(
        "http-old-coding",
        "A coding in HTTP/1.0 is faulty framing: a 400 and the end (9112 §6.1: MUST).",
        |_| {
            let request = coded("chunked", "0\r\n\r\n").replace("HTTP/1.1", "HTTP/1.0");
            refused_each(400, [request])
        },
    ),
    case(
        "http-chunk-size",
        "A chunk's size is hexadecimal digits (9112 §2.2: SHOULD), and no overflow (§7.1: MUST).",
        |_| {
            let sizes = ["", "x", "0x3", "+3", "-3", " 3", "3 3", "10000000000000003"];
            let chunks = |size| format!("{size}\r\nabc\r\n0\r\n\r\n");
            refused_each(400, sizes.map(|size| coded("chunked", &chunks(size))))
        },
    ),
    case(
        "http-chunk-end",
        "A chunk is as long as it says, and ends in CRLF (9112 §2.2: SHOULD).",
        |_| {
            let chunks = ["3\r\nabcd\r\n0\r\n\r\n", "3\r\nabc0\r\n\r\n", "3\r\nabc\n0\r\n\r\n"];
            refused_each(400, chunks.map(|chunks| coded("chunked", chunks)))
        },
    ),
    case(
        "http-bad-trailer",
        "A trailer is a field, and refused like one (9112 §7.1.2, §5.1: MUST).",
        |_| refused_each(400, [coded("chunked", "0\r\nX : y\r\n\r\n")]),
    ),
    case(
        "http-method",
        "A method that is not known is a 501, and its case matters (9110 §9.1: SHOULD).",
        |_| refused_each(501, ["BREW", "get"].map(|method| request(method, "/plain"))),
    ),
    case(
        "http-version",
        "Another major version is a 505 (9110 §15.6.6); a later minor one is 1.1 (§2.5: SHOULD).",
        |_| {
            let version = |version| get("/plain").replace("HTTP/1.1", version);
            let later = alone(version("HTTP/1.2"), 200, PLAIN, text("Hello, World!"));
            [later, refused_each(505, ["HTTP/0.9", "HTTP/2.0"].map(version))].concat()
        },
    ),
    case(
        "http-length-required",
        "Without a length, HTTP/1.0 has no body to post: a 411 (9112 §6.3: MAY).",
        |_| refused("POST /echo HTTP/1.0\r\n\r\n", 411),
    ),
    case(
        "http-too-large",
        "A body over the limit is a 413, by its length or chunk by chunk (9110 §15.5.14: MAY).",
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
        "http-long-target",
        "8,000 bytes of request line are read (9112 §3: RECOMMENDED); too long is a 414 (MUST).",
        |_| {
            let target = |n| get(&format!("/plain?{}", "x".repeat(n)));
            let usual = 8000 - "GET /plain? HTTP/1.1".len();
            let served = alone(target(usual), 200, PLAIN, text("Hello, World!"));
            [served, refused(target(LONG), 414)].concat()
        },
    ),
    case("http-many-fields", "More fields than are kept are a 431 (6585 §5).", |_| {
        refused(with(["X: y"; MANY].join("\r\n")), 431)
    }),
    case(
        "http-expectation",
        "What is expected and cannot be met is a 417 (9110 §10.1.1: MAY).",
        |_| refused(with("Expect: a pony"), 417),
    ),
    case(
        "http-not-allowed",
        "A method that a path does not have is a 405, which lists those it has (9110 §15.5.6: MUST).",
        |_| {
            let plain = alone(request("DELETE", "/plain"), 405, GET_ONLY, Body::Any);
            [plain, alone(get("/echo"), 405, POST_ONLY, Body::Any)].concat()
        },
    ),
];

const fn case(name: &'static str, lesson: &'static str, script: fn(&Given) -> Script) -> Case {
    Case { name, protocol: Protocol::Http, property: Property::Refusals, lesson, script }
}

/// Each of these is refused, and what follows it is not looked at: where the next request begins,
/// nobody knows.
fn refused_each(status: u16, requests: impl IntoIterator<Item = String>) -> Script {
    requests.into_iter().flat_map(|request| refused(request + &get("/plain"), status)).collect()
}

/// A request with a body of five bytes, whatever its fields say.
fn with_length(fields: &str) -> String {
    post(fields, "hello")
}
