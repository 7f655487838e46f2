//! Heads that must not be taken for requests.

use super::*;

/// More than a request line may have in any server.
const LONG: usize = 64 * 1024;

/// More fields than any browser sends.
const MANY: usize = 1000;

pub(super) const CASES: &[Case] = &[
    case(
        "http-bad-request",
        Property::Refusals,
        should("9112 §3"),
        "What is no request line is refused.",
        |_| {
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
        },
    ),
    case(
        "http-host",
        Property::Refusals,
        must("9112 §3.2"),
        "HTTP/1.1 without exactly one valid `Host` is refused.",
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
        Property::Refusals,
        must("9112 §5.1"),
        "White space before a field's colon is refused.",
        |_| refused_each(400, ["X : y", "X\t: y", "Content-Length : 5"].map(with)),
    ),
    case(
        "http-folded",
        Property::Refusals,
        must("9112 §5.2"),
        "A field that goes on in a second line is refused, or unfolded.",
        |_| refused_or_read_each(400, ["X: y\r\n z", "X: y\r\n\tContent-Length: 5"].map(with)),
    ),
    case(
        "http-control",
        Property::Refusals,
        must("9110 §5.5"),
        "A bare CR or a NUL in a field is refused, or replaced.",
        |_| refused_or_read_each(400, ["X: y\rContent-Length: 5", "X: \0", "X\0: y"].map(with)),
    ),
    case(
        "http-bare-lf",
        Property::Refusals,
        may("9112 §2.2"),
        "A line that ends in LF alone is refused, or taken for a line.",
        |_| {
            let field = with("X: y\nContent-Length: 5");
            refused_or_read_each(400, ["GET /plain HTTP/1.1\nHost: test\n\n".into(), field])
        },
    ),
    case(
        "http-method",
        Property::Refusals,
        should("9110 §9.1"),
        "A method that is not known is a 501, and its case matters.",
        |_| declined_each(501, ["BREW", "get"].map(|method| request(method, "/plain"))),
    ),
    case(
        "http-version",
        Property::Refusals,
        ours("9110 §15.6.6"),
        "Another major version is a 505; a later minor one is 1.1.",
        |_| {
            let version = |version| get("/plain").replace("HTTP/1.1", version);
            let later = alone(version("HTTP/1.2"), 200, PLAIN, text("Hello, World!"));
            [later, refused_each(505, ["HTTP/0.9", "HTTP/2.0"].map(version))].concat()
        },
    ),
    case(
        "http-long-target",
        Property::Refusals,
        must("9112 §3"),
        "8,000 bytes of request line are read; too long is a 414.",
        |_| {
            let target = |n| get(&format!("/plain?{}", "x".repeat(n)));
            let usual = 8000 - "GET /plain? HTTP/1.1".len();
            let served = alone(target(usual), 200, PLAIN, text("Hello, World!"));
            [served, refused(target(LONG), 414)].concat()
        },
    ),
    case(
        "http-many-fields",
        Property::Refusals,
        ours("6585 §5"),
        "More fields than are kept are a 431.",
        |_| declined_each(431, [with(["X: y"; MANY].join("\r\n"))]),
    ),
    case(
        "http-expectation",
        Property::Refusals,
        may("9110 §10.1.1"),
        "What is expected and cannot be met is a 417.",
        |_| declined_each(417, [with("Expect: a pony")]),
    ),
    case(
        "http-large-head",
        Property::Refusals,
        ours("6585 §5"),
        "A head over the limit is a 431, which the client sees, and the end.",
        |_| {
            let plain = ask(A, get("/plain"), 200, PLAIN, text("Hello, World!"));
            let head = format!("GET / HTTP/1.1\r\nHost: test\r\nX: {}\r\n\r\n", "x".repeat(LARGE));
            let refused = ask(A, head, 431, CLOSE, Body::Any);
            [connect(A), plain, refused, closed(A)].concat()
        },
    ),
];
