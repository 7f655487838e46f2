//! The cases of HTTP/1.1. Sections are those of RFC 9112 (syntax) and RFC 9110 (semantics), and the
//! words in capitals are theirs: what a server MUST, SHOULD or MAY do.

mod bodies;
pub(crate) mod files;
mod refusals;

use crate::script::{
    A, Action, B, Body, C, Client, Reply, Response, Script, closed, connect, cut, flood,
    half_close, leave, reset, send, stop, times,
};
use crate::{Case, Given, Property, Protocol};

/// As many silent clients as a pool of a few workers cannot bear.
const SILENT: u16 = 16;

/// How deep the pipeline is.
const DEEP: u64 = 16;

/// A head that no server accepts: limits of 8 to 32 KiB are usual.
const LARGE: usize = 1024 * 1024;

/// A body that no server accepts that keeps bodies: a limit of 1 MiB is usual.
const UPLOAD: usize = 4 * 1024 * 1024;

const TEXT: &[(&str, &str)] = &[("Content-Type", "text/plain; charset=utf-8")];
const HTML: &[(&str, &str)] = &[("Content-Type", "text/html; charset=utf-8")];
const PLAIN: &[(&str, &str)] = &[("Content-Type", "text/plain"), ("Content-Length", "13")];
const CLOSE: &[(&str, &str)] = &[("Connection", "close")];
const GET_ONLY: &[(&str, &str)] = &[("Allow", "GET, HEAD, OPTIONS")];
const POST_ONLY: &[(&str, &str)] = &[("Allow", "POST, OPTIONS")];

/// Every case, by subject.
pub(crate) fn cases() -> Vec<Case> {
    [CASES, bodies::CASES, refusals::CASES, files::CASES].concat()
}

const CASES: &[Case] = &[
    case("http-page", Property::Messages, "A page is served at `/`.", |_| {
        [connect(A), ask(A, get("/"), 200, HTML, Body::Any)].concat()
    }),
    case("http-plain", Property::Messages, "Thirteen bytes of text, for whoever measures.", |_| {
        [connect(A), ask(A, get("/plain"), 200, PLAIN, text("Hello, World!"))].concat()
    }),
    case(
        "http-head",
        Property::Messages,
        "HEAD is answered like GET (9110 §9.3.2: SHOULD), without the body (MUST NOT).",
        // Were there a body, it would stand where the next response begins.
        |_| {
            let both = format!("{}{}", request("HEAD", "/plain"), get("/plain"));
            let head = answer(A, 200, PLAIN, Body::Withheld);
            [connect(A), send(A, both), head, answer(A, 200, PLAIN, text("Hello, World!"))].concat()
        },
    ),
    case("http-not-found", Property::Messages, "What is not there is a 404 with a page.", |_| {
        [connect(A), ask(A, get("/no/such/page"), 404, HTML, Body::Any)].concat()
    }),
    case("http-prime", Property::Messages, "Work is asked for by its address.", |_| {
        [connect(A), ask(A, get("/prime/2147483647"), 200, TEXT, text("prime\n"))].concat()
    }),
    case(
        "http-pipelined",
        Property::Persistence,
        "Requests that come together are answered in their order (9112 §9.3.2: MUST).",
        |_| pipelined(),
    ),
    case(
        "http-close",
        Property::Persistence,
        "`Connection: close` is honoured (9112 §9.6: MUST).",
        |_| {
            let request = "GET /plain HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n";
            [connect(A), ask(A, request, 200, CLOSE, text("Hello, World!")), closed(A)].concat()
        },
    ),
    case(
        "http-old",
        Property::Persistence,
        "HTTP/1.0 needs no `Host` (9112 §3.2), and its connections close (§9.3).",
        |_| {
            let request = "GET /plain HTTP/1.0\r\n\r\n";
            [connect(A), ask(A, request, 200, CLOSE, text("Hello, World!")), closed(A)].concat()
        },
    ),
    case(
        "http-refused-upload",
        Property::Refusals,
        "Who is refused while still sending hears why, and then the end (9112 §9.6).",
        |_| {
            let upload = format!(
                "POST /no/such/page HTTP/1.1\r\nHost: test\r\nContent-Length: {UPLOAD}\r\n\r\n{}",
                "x".repeat(UPLOAD)
            );
            let nonsense = format!("NONSENSE\r\n\r\n{}", "x".repeat(LARGE / 4));
            [refused(upload, 413), refused(nonsense, 400)].concat()
        },
    ),
    case(
        "http-half-close",
        Property::Persistence,
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
        "One connection carries many requests (9112 §9.3: SHOULD).",
        |_| {
            let plain = ask(A, get("/plain"), 200, PLAIN, text("Hello, World!"));
            [connect(A), times(40, plain)].concat()
        },
    ),
    case("http-single-bytes", Property::Slow, "A head may come one byte at a time.", |_| {
        let bytes = || get("/plain").into_bytes().into_iter().flat_map(|byte| send(A, [byte]));
        let plain = || answer(A, 200, PLAIN, text("Hello, World!"));
        [connect(A), bytes().collect(), plain(), bytes().collect(), plain()].concat()
    }),
    case(
        "http-large-head",
        Property::Refusals,
        "A head over the limit is a 431, which the client sees, and the end (6585 §5).",
        |_| {
            let plain = ask(A, get("/plain"), 200, PLAIN, text("Hello, World!"));
            let head = format!("GET / HTTP/1.1\r\nHost: test\r\nX: {}\r\n\r\n", "x".repeat(LARGE));
            let refused = ask(A, head, 431, CLOSE, Body::Any);
            [connect(A), plain, refused, closed(A)].concat()
        },
    ),
    case(
        "http-silent",
        Property::Silent,
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
        "Someone who asks and never reads is not read from, and keeps nobody waiting.",
        |_| {
            let plain = ask(B, get("/plain"), 200, PLAIN, text("Hello, World!"));
            [flood(A, get("/plain").repeat(1000)), connect(B), plain].concat()
        },
    ),
    case(
        "http-computes",
        Property::Compute,
        "One client's long computation is not everybody's.",
        |given| overtake(&format!("/prime/{}", given.long), "prime\n"),
    ),
    case("http-sleeps", Property::Compute, "A handler that blocks blocks nobody else.", |_| {
        overtake("/sleep?ms=2000", "slept 2000 ms\n")
    }),
    case(
        "http-never-leaves",
        Property::Slow,
        "Someone who is refused and never hangs up is cut off, and keeps nobody waiting (9112 §9.6).",
        |_| {
            let refused = [connect(A), ask(A, "NONSENSE\r\n\r\n", 400, CLOSE, Body::Any)].concat();
            let plain = ask(B, get("/plain"), 200, PLAIN, text("Hello, World!"));
            [refused, connect(B), plain, half_close(B), closed(B), cut(A)].concat()
        },
    ),
    case(
        "http-panic",
        Property::Rude,
        "A handler that panics costs one connection, and no worker.",
        |_| times(20, refused(get("/panic"), 500)),
    ),
    case(
        "http-reset",
        Property::Rude,
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
    case("http-stop-idle", Property::Stop, "A server with nothing to do ends at once.", |_| stop()),
    case(
        "http-stop-silent",
        Property::Stop,
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
        "What was asked before the stop is answered before the end.",
        |given| {
            let both = get("/plain") + &prime(given.shorter);
            let plain = ask(A, both, 200, PLAIN, text("Hello, World!"));
            [connect(A), plain, stop(), answer(A, 200, &[], text("prime\n")), closed(A)].concat()
        },
    ),
];

const fn case(
    name: &'static str,
    property: Property,
    lesson: &'static str,
    script: fn(&Given) -> Script,
) -> Case {
    Case { name, protocol: Protocol::Http, property, lesson, script }
}

fn request(method: &str, target: &str) -> String {
    format!("{method} {target} HTTP/1.1\r\nHost: test\r\n\r\n")
}

pub(crate) fn get(target: &str) -> String {
    request("GET", target)
}

/// The question whether this is a prime.
fn prime(n: u64) -> String {
    get(&format!("/prime/{n}"))
}

/// A request that would be right, were it not for this field.
fn with(field: impl AsRef<str>) -> String {
    format!("GET /plain HTTP/1.1\r\nHost: test\r\n{}\r\n\r\n", field.as_ref())
}

/// Asks for this body back.
fn post(fields: &str, body: &str) -> String {
    format!("POST /echo HTTP/1.1\r\nHost: test\r\n{fields}\r\n\r\n{body}")
}

/// The same, encoded like this.
fn coded(coding: &str, body: &str) -> String {
    post(&format!("Transfer-Encoding: {coding}"), body)
}

/// This text, and nothing else.
fn text(text: &'static str) -> Body {
    Body::Is(text.as_bytes().into())
}

/// The client expects this response.
fn answer(
    client: Client,
    status: u16,
    fields: &'static [(&'static str, &'static str)],
    body: Body,
) -> Script {
    vec![Action::Expect(client, Reply::Http(Response { status, fields, body }))]
}

/// The client asks, and waits for the answer.
fn ask(
    client: Client,
    request: impl AsRef<[u8]>,
    status: u16,
    fields: &'static [(&'static str, &'static str)],
    body: Body,
) -> Script {
    [send(client, request), answer(client, status, fields, body)].concat()
}

/// A client comes, asks this one thing, and leaves.
fn alone(
    request: impl AsRef<[u8]>,
    status: u16,
    fields: &'static [(&'static str, &'static str)],
    body: Body,
) -> Script {
    [connect(A), ask(A, request, status, fields, body), leave(A)].concat()
}

/// A client comes, asks this, is told what is wrong, and is left.
fn refused(request: impl AsRef<[u8]>, status: u16) -> Script {
    [connect(A), ask(A, request, status, CLOSE, Body::Any), closed(A)].concat()
}

fn pipelined() -> Script {
    let numbers = 2..2 + DEEP;
    let questions: String = numbers.clone().map(|n| get(&format!("/prime/{n}"))).collect();
    let answers = numbers.flat_map(|n| {
        let word = if [2, 3, 5, 7, 11, 13, 17].contains(&n) { "prime\n" } else { "composite\n" };
        answer(A, 200, TEXT, text(word))
    });
    [connect(A), send(A, questions), answers.collect()].concat()
}

/// A asks for something long; B comes later, asks for something short, and has it first.
fn overtake(long: &str, answer: &'static str) -> Script {
    let expected = |fields, body| Reply::Http(Response { status: 200, fields, body: text(body) });
    let first = (B, expected(PLAIN, "Hello, World!"));
    let second = (A, expected(TEXT, answer));
    let questions = [connect(A), send(A, get(long)), connect(B), send(B, get("/plain"))].concat();
    [questions, vec![Action::Overtake { first, second }]].concat()
}
