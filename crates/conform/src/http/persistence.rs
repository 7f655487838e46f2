//! Many requests on one connection, and when it is over.

use super::*;

pub(super) const CASES: &[Case] = &[
    case(
        "http-pipelined",
        Property::Persistence,
        must("9112 §9.3.2"),
        "Requests that come together are answered in their order.",
        |_| pipelined(),
    ),
    case(
        "http-close",
        Property::Persistence,
        must("9112 §9.6"),
        "`Connection: close` is honoured.",
        |_| {
            let request = "GET /plain HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n";
            [connect(A), ask(A, request, 200, CLOSE, text("Hello, World!")), closed(A)].concat()
        },
    ),
    case(
        "http-old",
        Property::Persistence,
        must("9112 §9.3"),
        "A connection of HTTP/1.0 closes; and HTTP/1.0 needs no `Host`.",
        |_| {
            let request = "GET /plain HTTP/1.0\r\n\r\n";
            [connect(A), ask(A, request, 200, CLOSE, text("Hello, World!")), closed(A)].concat()
        },
    ),
    case(
        "http-half-close",
        Property::Persistence,
        ours("9112 §9.6"),
        "A client that will send no more is answered, and then left.",
        |given| {
            let question = [connect(A), send(A, prime(given.shorter)), half_close(A)].concat();
            let last_word = [answer(A, 200, TEXT, text("prime\n")), closed(A)].concat();
            [question, last_word, connect(B), half_close(B), closed(B)].concat()
        },
    ),
    case(
        "http-keep-alive",
        Property::Persistence,
        should("9112 §9.3"),
        "One connection carries many requests.",
        |_| {
            let plain = ask(A, get("/plain"), 200, PLAIN, text("Hello, World!"));
            [connect(A), times(40, plain)].concat()
        },
    ),
    case(
        "http-old-keep-alive",
        Property::Persistence,
        may("9112 §9.3"),
        "HTTP/1.0 that asks for it keeps its connection.",
        |_| {
            let request = "GET /plain HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n";
            let kept = vec![field("Connection", "keep-alive"), field("Content-Length", "13")];
            let ask = ask(A, request, 200, kept, text("Hello, World!"));
            [connect(A), times(2, ask)].concat()
        },
    ),
];

fn pipelined() -> Script {
    let numbers = 2..2 + DEEP;
    let questions: String = numbers.clone().map(|n| get(&format!("/prime/{n}"))).collect();
    let answers = numbers.flat_map(|n| {
        let word = if [2, 3, 5, 7, 11, 13, 17].contains(&n) { "prime\n" } else { "composite\n" };
        answer(A, 200, TEXT, text(word))
    });
    [connect(A), send(A, questions), answers.collect()].concat()
}
