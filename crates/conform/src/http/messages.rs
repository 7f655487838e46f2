//! Requests that come in one piece, and what is answered.

use super::*;

pub(super) const CASES: &[Case] = &[
    case("http-page", Property::Messages, ours("9110 §9.3.1"), "A page is served at `/`.", |_| {
        [connect(A), ask(A, get("/"), 200, HTML, Body::Any)].concat()
    }),
    case(
        "http-plain",
        Property::Messages,
        must("9110 §9.3.1"),
        "GET asks for a page, and gets its bytes.",
        |_| [connect(A), ask(A, get("/plain"), 200, PLAIN, text("Hello, World!"))].concat(),
    ),
    case(
        "http-head",
        Property::Messages,
        must("9110 §9.3.2"),
        "HEAD is answered like GET, but without the body.", // Were there a body, it would stand where the next response begins.
        |_| {
            let both = format!("{}{}", request("HEAD", "/plain"), get("/plain"));
            let head = answer(A, 200, PLAIN, Body::Withheld);
            [connect(A), send(A, both), head, answer(A, 200, PLAIN, text("Hello, World!"))].concat()
        },
    ),
    case(
        "http-not-found",
        Property::Messages,
        ours("9110 §15.5.5"),
        "What is not there is a 404 with a page.",
        |_| [connect(A), ask(A, get("/no/such/page"), 404, HTML, Body::Any)].concat(),
    ),
    case(
        "http-prime",
        Property::Messages,
        ours("9110 §9.3.1"),
        "Work is asked for by its address.",
        |_| [connect(A), ask(A, get("/prime/2147483647"), 200, TEXT, text("prime\n"))].concat(),
    ),
    case(
        "http-options",
        Property::Messages,
        ours("9110 §9.3.7"),
        "OPTIONS says what a path can do, and `*` what the server can.",
        |_| {
            let plain = alone(request("OPTIONS", "/plain"), 204, GET_ONLY, Body::None);
            [plain, alone(request("OPTIONS", "*"), 204, &[], Body::None)].concat()
        },
    ),
    case(
        "http-absolute",
        Property::Messages,
        must("9112 §3.2.2"),
        "A target may be a whole URI, and wins over `Host`.",
        |_| {
            let request = get("http://example.com/plain?x").replace("Host: test", "Host: other");
            alone(request, 200, PLAIN, text("Hello, World!"))
        },
    ),
    case(
        "http-empty-line",
        Property::Messages,
        should("9112 §2.2"),
        "One empty line before a request is forgiven.",
        |_| alone(format!("\r\n{}", get("/plain")), 200, PLAIN, text("Hello, World!")),
    ),
    case(
        "http-not-allowed",
        Property::Messages,
        must("9110 §15.5.6"),
        "A method that a path does not have is a 405, which lists those it has.",
        |_| {
            let plain = alone(request("DELETE", "/plain"), 405, GET_ONLY, Body::Any);
            [plain, alone(get("/echo"), 405, POST_ONLY, Body::Any)].concat()
        },
    ),
];
