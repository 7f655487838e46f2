//! Requests with a body: where it ends, and where the next request begins.

use super::*;

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
        must("9112 §6.3"),
        "A body is as many bytes as its length says, whatever they are.",
        |_| {
            let every_byte: Vec<u8> = (0..=u8::MAX).collect();
            let bodies = [b"".as_slice(), b"a", b"GET / HTTP/1.1\r\n\r\n", &every_byte];
            bodies.into_iter().flat_map(|body| alone(posted(body), 200, &[], echo(body))).collect()
        },
    ),
    case(
        "http-echo-chunked",
        Property::Bodies,
        must("9112 §7.1"),
        "Chunks are put together, and their extensions ignored.",
        |_| {
            let none = alone(coded("chunked", "0\r\n\r\n"), 200, &[], echo(""));
            [none, alone(coded("Chunked", CHUNKS), 200, &[], echo(DECODED))].concat()
        },
    ),
    case(
        "http-trailers",
        Property::Bodies,
        must("9110 §6.5.1"),
        "A trailer does not become a field of the head.",
        |_| {
            let both = coded("chunked", CHUNKS) + &get("/plain");
            let plain = answer(A, 200, PLAIN, text("Hello, World!"));
            [connect(A), ask(A, both, 200, &[], echo(DECODED)), plain].concat()
        },
    ),
    case(
        "http-next-request",
        Property::Bodies,
        must("9112 §9.3"),
        "Behind a body, wanted or not, the next request begins.",
        |_| next_request(),
    ),
    case(
        "http-body-slices",
        Property::Bodies,
        must("9112 §6.3"),
        "A body may come in pieces of any size.",
        |_| {
            let slices = |n, size| {
                let body = body(n);
                [slices(A, posted(&body), size), answer(A, 200, &[], echo(&body))].concat()
            };
            let sizes = [(50, 1), (1000, 7), (16_383, 1000), (16_384, 5000), (100_000, 16_384)];
            [connect(A), sizes.into_iter().flat_map(|(n, size)| slices(n, size)).collect()].concat()
        },
    ),
    case(
        "http-chunk-slices",
        Property::Bodies,
        must("9112 §7.1"),
        "Wherever the network cuts a chunked body in two, it is the same body.",
        |_| {
            let request = coded("chunked", CHUNKS).into_bytes();
            let start = request.len() - CHUNKS.len();
            let cut = |at| {
                let pieces = [send(A, &request[..at]), send(A, &request[at..])].concat();
                [pieces, answer(A, 200, &[], echo(DECODED))].concat()
            };
            let cuts = (start..request.len()).flat_map(cut).collect();
            let single = [slices(A, &request, 1), answer(A, 200, &[], echo(DECODED))].concat();
            [connect(A), cuts, single].concat()
        },
    ),
    case(
        "http-large-body",
        Property::Bodies,
        ours("9112 §6.3"),
        "A body of a megabyte comes back whole, with a length or in chunks.",
        |_| {
            let body = body(LARGEST);
            let chunks: Vec<u8> =
                body.chunks(10_007).flat_map(chunk).chain(*b"0\r\n\r\n").collect();
            let chunked = [coded("chunked", "").as_bytes(), &chunks].concat();
            let with_length = ask(A, posted(&body), 200, &[], echo(&body));
            [connect(A), with_length, ask(A, chunked, 200, &[], echo(&body))].concat()
        },
    ),
    case(
        "http-continue",
        Property::Bodies,
        must("9110 §10.1.1"),
        "Who waits with a body is told to go on, or what is wrong.",
        |_| expects_continue(),
    ),
];

/// A request that asks for these bytes back.
fn posted(body: &[u8]) -> Vec<u8> {
    [post(&format!("Content-Length: {}", body.len()), "").as_bytes(), body].concat()
}

/// `n` bytes of which no two places look alike.
fn body(n: usize) -> Vec<u8> {
    (0..n).map(|i| (i % 251) as u8).collect()
}

fn chunk(data: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", data.len()).as_bytes(), data, b"\r\n"].concat()
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
        answer(A, 200, &[], echo(&inner)),
        answer(A, 405, GET_ONLY, Body::Any),
        answer(A, 200, &[], echo(&inner)),
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
        ask(A, "hello", 200, &[], echo("hello")),
        go_on("Transfer-Encoding: chunked"),
        ask(A, "5\r\nhello\r\n0\r\n\r\n", 200, &[], echo("hello")),
        [refused, closed(A)].concat(),
        [connect(A), ask(A, old, 200, CLOSE, echo("hello")), closed(A)].concat(),
    ]
    .concat()
}
