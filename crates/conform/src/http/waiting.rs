//! Clients that take their time, vanish, or ask for long work; and how it all ends.

use super::*;

pub(super) const CASES: &[Case] = &[
    case(
        "http-single-bytes",
        Property::Slow,
        must("9112 §2.2"),
        "A head may come one byte at a time.",
        |_| {
            let plain = answer(A, 200, PLAIN, text("Hello, World!"));
            [connect(A), slices(A, get("/plain"), 1), plain].concat()
        },
    ),
    case(
        "http-silent",
        Property::Silent,
        ours("9112 §9.5"),
        "Someone who says nothing, or half a head, keeps nobody waiting.",
        |_| {
            let silent = [connect(A), connect(C), send(C, "GET / HTTP/1.1\r\nHo")].concat();
            let plain = ask(B, get("/plain"), 200, PLAIN, text("Hello, World!"));
            [silent, connect(B), plain].concat()
        },
    ),
    case(
        "http-more-silent-than-workers",
        Property::Silents,
        ours("9112 §9.5"),
        "A client that waits needs no worker.",
        |_| {
            let silent = (2..2 + SILENT).flat_map(|n| connect(Client(n))).collect();
            let plain = ask(B, get("/plain"), 200, PLAIN, text("Hello, World!"));
            [silent, connect(B), plain].concat()
        },
    ),
    case(
        "http-never-reads",
        Property::Slow,
        ours("9112 §9.5"),
        "Someone who asks and never reads is not read from, and keeps nobody waiting.",
        |_| {
            let plain = ask(B, get("/plain"), 200, PLAIN, text("Hello, World!"));
            [flood(A, get("/plain").repeat(1000)), connect(B), plain].concat()
        },
    ),
    case(
        "http-computes",
        Property::Compute,
        ours("9112 §9.3"),
        "One client's long computation is not everybody's.",
        |given| overtake(&format!("/prime/{}", given.long), "prime\n"),
    ),
    case(
        "http-sleeps",
        Property::Compute,
        ours("9112 §9.3"),
        "A handler that blocks blocks nobody else.",
        |_| overtake("/sleep?ms=2000", "slept 2000 ms\n"),
    ),
    case(
        "http-never-leaves",
        Property::Slow,
        ours("9112 §9.6"),
        "Someone who is left and never hangs up is cut off, and keeps nobody waiting.",
        |_| {
            let last = ask(A, with("Connection: close"), 200, CLOSE, text("Hello, World!"));
            let plain = ask(B, get("/plain"), 200, PLAIN, text("Hello, World!"));
            [connect(A), last, connect(B), plain, half_close(B), closed(B), cut(A)].concat()
        },
    ),
    case(
        "http-panic",
        Property::Rude,
        ours("9110 §15.6.1"),
        "A handler that panics costs one connection, and no worker.",
        |_| times(20, refused(get("/panic"), 500)),
    ),
    case(
        "http-reset",
        Property::Rude,
        ours("9112 §9.5"),
        "A client vanishes: in its head, in its body, and while the server works for it.",
        |given| {
            let vanish = |request: String| [connect(A), send(A, request), reset(A)].concat();
            let half = vanish("GET /plain HTTP/1.1\r\nHo".into());
            let body = vanish(post("Content-Length: 5", "he"));
            let resets = [connect(A), reset(A), half, body, vanish(prime(given.shorter))].concat();
            // B's answer takes four times as long as A's would have: A's has been tried by then.
            let prime = ask(B, prime(given.long), 200, TEXT, text("prime\n"));
            [resets, connect(B), prime].concat()
        },
    ),
    case(
        "http-stop-idle",
        Property::Stop,
        ours("9112 §9.5"),
        "A server with nothing to do ends at once.",
        |_| stop(),
    ),
    case(
        "http-stop-silent",
        Property::Stop,
        ours("9112 §9.5"),
        "Silent clients do not keep a server from ending.",
        |_| {
            [
                connect(A),
                ask(A, get("/plain"), 200, PLAIN, text("Hello, World!")),
                stop(),
                closed(A),
            ]
            .concat()
        },
    ),
    case(
        "http-stop-computing",
        Property::Stop,
        ours("9112 §9.6"),
        "What was asked before the stop is answered before the end.",
        |given| {
            let both = get("/plain") + &prime(given.shorter);
            let plain = ask(A, both, 200, PLAIN, text("Hello, World!"));
            [connect(A), plain, stop(), answer(A, 200, &[], text("prime\n")), closed(A)].concat()
        },
    ),
];

/// A asks for something long; B comes later, asks for something short, and has it first.
fn overtake(long: &str, answer: &'static str) -> Script {
    let first = (B, Reply::Http(plain()));
    let second = (A, Reply::Http(response(200, TEXT, text(answer))));
    let questions = [connect(A), send(A, get(long)), connect(B), send(B, get("/plain"))].concat();
    [questions, vec![Action::Overtake { first, second }]].concat()
}
