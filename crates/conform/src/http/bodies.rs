//! Requests with a body: where it ends, and where the next request begins.

use super::{
    CLOSE, GET_ONLY, PLAIN, TEXT, alone, answer, ask, case, coded, get, post, request, text, with,
};
use crate::script::{A, Body, Client, Script, closed, connect, send, times};
use crate::{Case, Property};

/// The largest body that every server must take here: the limit of 1 MiB itself.
const LARGEST: usize = 1024 * 1024;

/// A chunked body with all that may be in one: sizes in either case, with zeros before and for the end,
/// extensions, data that looks like an end, and trailers.
const CHUNKS: &str = "3;a=\"b;c\"\r\nabc\r\n00c\r\n\r\n0\r\n\r\ndef\r\n\r\n0A ;x\r\n0123456789\r\n00\r\n\
    X: y\r\nConnection: close\r\nContent-Length: 3\r\n\r\n";

/// What it comes to.
const DECODED: &str = "abc\r\n0\r\n\r\ndef\r\n0123456789";

pub(super) const CASES: &[Case] = &[
    case(
        "http-echo",
        Property::Bodies,
        "A body is as many bytes as its length says, whatever they are (9112 §6.3: MUST).",
        |_| {
            let every_byte: Vec<u8> = (0..=u8::MAX).collect();
            let bodies = [b"".as_slice(), b"a", b"GET / HTTP/1.1\r\n\r\n", &every_byte];
            bodies.into_iter().flat_map(|body| alone(posted(body), 200, &[], is(body))).collect()
        },
    ),
    case(
        "http-echo-chunked",
        Property::Bodies,
        "Chunks are put together (9112 §7.1: MUST), extensions ignored (§7.1.1: MUST).",
        |_| {
            let none = alone(coded("chunked", "0\r\n\r\n"), 200, &[], text(""));
            [none, alone(coded("Chunked", CHUNKS), 200, &[], text(DECODED))].concat()
        },
    ),
    case(
        "http-trailers",
        Property::Bodies,
        "A trailer does not become a field of the head (9112 §7.1.2: MUST NOT).",
        |_| {
            let both = coded("chunked", CHUNKS) + &get("/plain");
            let plain = answer(A, 200, PLAIN, text("Hello, World!"));
            [connect(A), ask(A, both, 200, &[], text(DECODED)), plain].concat()
        },
    ),
    case(
        "http-next-request",
        Property::Bodies,
        "Behind a body, wanted or not, the next request begins (9112 §9.3: MUST).",
        |_| next_request(),
    ),
    case(
        "http-options",
        Property::Messages,
        "OPTIONS says what a path can do, and `*` what the server can (9110 §9.3.7).",
        |_| {
            let plain = alone(request("OPTIONS", "/plain"), 204, GET_ONLY, Body::None);
            [plain, alone(request("OPTIONS", "*"), 204, &[], Body::None)].concat()
        },
    ),
    case(
        "http-absolute",
        Property::Messages,
        "A target may be a whole URI (9112 §3.2.2: MUST), and wins over `Host` (MUST).",
        |_| {
            let request = get("http://example.com/plain?x").replace("Host: test", "Host: other");
            alone(request, 200, PLAIN, text("Hello, World!"))
        },
    ),
    case(
        "http-empty-line",
        Property::Messages,
        "One empty line before a request is forgiven (9112 §2.2: SHOULD).",
        |_| alone(format!("\r\n{}", get("/plain")), 200, PLAIN, text("Hello, World!")),
    ),
    case(
        "http-old-keep-alive",
        Property::Persistence,
        "HTTP/1.0 that asks for it keeps its connection (9112 §9.3).",
        |_| {
            let request = "GET /plain HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n";
            let kept = &[("Connection", "keep-alive"), ("Content-Length", "13")];
            let ask = ask(A, request, 200, kept, text("Hello, World!"));
            [connect(A), times(2, ask)].concat()
        },
    ),
    case("http-body-slices", Property::Bodies, "A body may come in pieces of any size.", |_| {
        let slices = |n, size| {
            let body = body(n);
            [in_pieces(A, &posted(&body), size), answer(A, 200, &[], is(&body))].concat()
        };
        let sizes = [(50, 1), (1000, 7), (16_383, 1000), (16_384, 5000), (100_000, 16_384)];
        [connect(A), sizes.into_iter().flat_map(|(n, size)| slices(n, size)).collect()].concat()
    }),
    case(
        "http-chunk-slices",
        Property::Bodies,
        "Wherever the network cuts a chunked body in two, it is the same body.",
        |_| {
            let request = coded("chunked", CHUNKS).into_bytes();
            let start = request.len() - CHUNKS.len();
            let cut = |at| {
                let pieces = [send(A, &request[..at]), send(A, &request[at..])].concat();
                [pieces, answer(A, 200, &[], text(DECODED))].concat()
            };
            let cuts = (start..request.len()).flat_map(cut).collect();
            let single = [in_pieces(A, &request, 1), answer(A, 200, &[], text(DECODED))].concat();
            [connect(A), cuts, single].concat()
        },
    ),
    case(
        "http-large-body",
        Property::Bodies,
        "A body of a megabyte comes back whole, with a length or in chunks (9112 §6).",
        |_| {
            let body = body(LARGEST);
            let chunks: Vec<u8> =
                body.chunks(10_007).flat_map(chunk).chain(*b"0\r\n\r\n").collect();
            let chunked = [coded("chunked", "").as_bytes(), &chunks].concat();
            let with_length = ask(A, posted(&body), 200, &[], is(&body));
            [connect(A), with_length, ask(A, chunked, 200, &[], is(&body))].concat()
        },
    ),
    case(
        "http-continue",
        Property::Bodies,
        "Who waits with a body is told to go on, or what is wrong (9110 §10.1.1: MUST).",
        |_| expects_continue(),
    ),
];

/// A request that asks for these bytes back.
fn posted(body: &[u8]) -> Vec<u8> {
    [post(&format!("Content-Length: {}", body.len()), "").as_bytes(), body].concat()
}

/// These bytes, and nothing else.
fn is(body: &[u8]) -> Body {
    Body::Is(body.to_vec().into())
}

/// `n` bytes of which no two places look alike.
fn body(n: usize) -> Vec<u8> {
    (0..n).map(|i| (i % 251) as u8).collect()
}

fn chunk(data: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", data.len()).as_bytes(), data, b"\r\n"].concat()
}

/// The client sends it so many bytes at a time.
fn in_pieces(client: Client, bytes: &[u8], size: usize) -> Script {
    bytes.chunks(size).flat_map(|piece| send(client, piece)).collect()
}

/// Bodies that look like requests, and that nobody asked for: each is read past, and the request
/// behind it is answered. All come in one piece.
fn next_request() -> Script {
    let inner = get("/prime/4");
    let length = format!("Content-Length: {}", inner.len());
    let plain = with(&length) + &inner;
    let unwanted = post(&length, &inner).replace("/echo", "/plain");
    let chunks = format!("{:x}\r\n{inner}\r\n0\r\n\r\n", inner.len());
    let all = [plain, post(&length, &inner), unwanted, coded("chunked", &chunks), get("/prime/7")];
    [
        [connect(A), send(A, all.concat())].concat(),
        answer(A, 200, PLAIN, text("Hello, World!")),
        answer(A, 200, &[], is(inner.as_bytes())),
        answer(A, 405, GET_ONLY, Body::Any),
        answer(A, 200, &[], is(inner.as_bytes())),
        answer(A, 200, TEXT, text("prime\n")),
    ]
    .concat()
}

fn expects_continue() -> Script {
    let waits = |fields: &str| post(&format!("Expect: 100-continue\r\n{fields}"), "");
    let go_on = |fields| ask(A, waits(fields), 100, &[], Body::None);
    // What is refused is refused at once: the body is never asked for.
    let refused = ask(A, waits("Content-Length: 67108864"), 413, CLOSE, Body::Any);
    // A client of HTTP/1.0 cannot have meant it (MUST be ignored).
    let old = waits("Content-Length: 5").replace("HTTP/1.1", "HTTP/1.0") + "hello";
    [
        [connect(A), go_on("Content-Length: 5")].concat(),
        ask(A, "hello", 200, &[], text("hello")),
        go_on("Transfer-Encoding: chunked"),
        ask(A, "5\r\nhello\r\n0\r\n\r\n", 200, &[], text("hello")),
        [refused, closed(A)].concat(),
        [connect(A), ask(A, old, 200, CLOSE, text("hello")), closed(A)].concat(),
    ]
    .concat()
}
