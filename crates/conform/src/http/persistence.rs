//! Many requests on one connection, and when it is over.

use super::*;

pub(super) const CASES: &[Case] = &[
    case(
        "http-keep-alive",
        Property::Persistence,
        should("9112 §9.3"),
        "One connection carries many requests.",
        |_| [connect(A), times(3, asked())].concat(),
    ),
    case(
        "http-hundred",
        Property::Persistence,
        should("9112 §9.5"),
        "A hundred are not too many.",
        |_| [connect(A), times(100, asked())].concat(),
    ),
    case(
        "http-pipelined",
        Property::Persistence,
        must("9112 §9.3.2"),
        "Requests that come together are answered in their order.",
        |_| {
            let both = get("/plain") + &request("HEAD", "/plain");
            let responses = [expect(A, plain()), answer(A, 200, PLAIN, Body::Withheld)].concat();
            let pairs = DEEP as usize / 2;
            [connect(A), send(A, both.repeat(pairs)), times(pairs, responses)].concat()
        },
    ),
    case(
        "http-pipelined-work",
        Property::Persistence,
        must("9112 §9.3.2"),
        "So they are when each of them is work, and one takes longer than the next.",
        |_| pipelined_work(),
    ),
    case(
        "http-pipelined-errors",
        Property::Persistence,
        should("9112 §9.3"),
        "What is not found, or not allowed, is a response like any other: the connection stays.",
        |_| {
            let post = "POST /plain HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n";
            let all = [&get("/no/such/page"), post, &get("/plain")].concat();
            let refused = [(404, Body::Any), (405, Body::Any)]
                .map(|(status, body)| expect(A, or(Also::Final, response(status, &[], body))));
            [connect(A), send(A, all), refused.concat(), expect(A, plain())].concat()
        },
    ),
    case(
        "http-pipelined-rest",
        Property::Persistence,
        should("9112 §9.3"),
        "What was read behind a request begins the next one.",
        |_| {
            let next = get("/plain");
            let splits = [1, next.len() / 2, next.len() - 1];
            let answered = splits.map(|at| {
                let more = [send(A, get("/plain") + &next[..at]), expect(A, plain())].concat();
                [more, send(A, &next[at..]), expect(A, plain())].concat()
            });
            [connect(A), answered.concat()].concat()
        },
    ),
    case(
        "http-line-ends",
        Property::Persistence,
        should("9112 §9.3"),
        "The end of a head may come in two pieces, cut anywhere.",
        |_| {
            let request = get("/plain");
            // With the answer to the request before it, the first piece has surely been read.
            let cut = |at: usize| {
                let first = [send(A, get("/plain") + &request[..at]), expect(A, plain())].concat();
                [first, send(A, &request[at..]), expect(A, plain())].concat()
            };
            let ends = request.len() - 4..request.len();
            [connect(A), ends.flat_map(cut).collect()].concat()
        },
    )
    .usually("Usually the end is looked for only in what has just come."),
    case(
        "http-slices",
        Property::Persistence,
        should("9112 §9.3"),
        "A pipeline in pieces of any size is the same pipeline.",
        |given| {
            let requests = get("/plain").repeat(DEEP as usize);
            // With the first answer, the first piece has surely been read. It ends behind the path.
            let size = "GET /plain".len() + given.random().next() as usize % 20;
            let (first, rest) = requests.split_at(get("/plain").len() + size);
            let first = [send(A, first), expect(A, plain())].concat();
            let answers = times(DEEP as usize - 1, expect(A, plain()));
            [connect(A), first, slices(A, rest, size), answers].concat()
        },
    )
    .usually("Usually what is left over of one read is not put before the next."),
    case(
        "http-pipelined-lines",
        Property::Persistence,
        should("9112 §2.2"),
        "An empty line between two requests is forgiven.",
        |_| {
            let lines = format!("{}\r\n{}", get("/plain"), get("/plain"));
            [connect(A), send(A, lines), times(2, expect(A, plain()))].concat()
        },
    ),
    case(
        "http-close",
        Property::Persistence,
        must("9112 §9.6"),
        "Whoever says `close` is answered, and left.",
        |_| closes("Connection: close"),
    ),
    case(
        "http-close-said",
        Property::Persistence,
        should("9112 §9.6"),
        "The last response says that it is the last.",
        |_| {
            let said = vec![Field { name: "Connection", value: Value::Lists("close") }];
            let last = response(200, said, text("Hello, World!"));
            [connect(A), send(A, with("Connection: close")), expect(A, last), closed(A)].concat()
        },
    ),
    case(
        "http-close-ends",
        Property::Persistence,
        must("9112 §9.6"),
        "What follows the last request is not looked at.",
        |_| {
            let both = with("Connection: close") + &get("/plain");
            [connect(A), send(A, both), expect(A, plain()), closed(A)].concat()
        },
    ),
    case(
        "http-close-later",
        Property::Persistence,
        must("9112 §9.6"),
        "Each request may be the last.",
        |_| {
            let all = get("/plain").repeat(2) + &with("Connection: close");
            [connect(A), send(A, all), times(3, expect(A, plain())), closed(A)].concat()
        },
    ),
    case(
        "http-close-case",
        Property::Persistence,
        must("9112 §9.6"),
        "`Close` is `close`: what stands in `Connection` is read in any case (RFC 9110 §7.6.1).",
        |_| closes("Connection: Close"),
    ),
    case(
        "http-close-list",
        Property::Persistence,
        must("9112 §9.6"),
        "`Connection` is a list (RFC 9110 §7.6.1).",
        |_| closes("Connection: x-other, close"),
    ),
    case(
        "http-close-empty",
        Property::Persistence,
        must("9110 §5.6.1.2"),
        "Nothing between two commas is nothing.",
        |_| closes("Connection: , ,close,"),
    ),
    case(
        "http-close-lines",
        Property::Persistence,
        must("9112 §9.6"),
        "A list may come in several lines (RFC 9110 §5.2).",
        |_| closes("Connection: x-other\r\nConnection: close"),
    )
    .usually("Usually the first field of a name is the only one that anybody looks at."),
    case(
        "http-close-wins",
        Property::Persistence,
        must("9112 §9.6"),
        "`close` is the last word, whatever else is asked for (§9.3).",
        |_| closes("Connection: keep-alive, close"),
    ),
    case(
        "http-close-word",
        Property::Persistence,
        should("9112 §9.3"),
        "`x-close` is another word.",
        |_| {
            let both = with("Connection: x-close") + &get("/plain");
            [connect(A), send(A, both), times(2, expect(A, plain()))].concat()
        },
    )
    .usually("Usually `close` is looked for anywhere in the field."),
    case(
        "http-old",
        Property::Persistence,
        must("9112 §9.3"),
        "A connection of HTTP/1.0 closes.",
        |_| {
            let old = get("/plain").replace("HTTP/1.1", "HTTP/1.0");
            // Another server may know nothing older than HTTP/1.1.
            let last = or(Also::Refusal, response(200, CLOSE, text("Hello, World!")));
            [connect(A), send(A, old), expect(A, last), closed(A)].concat()
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
    case(
        "http-half-close",
        Property::Persistence,
        ours("9112 §9.6"),
        "A client that will send no more is answered, and then left.",
        |given| {
            let question = [connect(A), send(A, prime(given.shorter)), half_close(A)].concat();
            [question, answer(A, 200, TEXT, text("prime\n")), closed(A)].concat()
        },
    ),
    case(
        "http-half-close-pipelined",
        Property::Persistence,
        ours("9112 §9.6"),
        "So is one that has asked for much before that.",
        |_| {
            let all = [connect(A), send(A, get("/plain").repeat(DEEP as usize)), half_close(A)];
            [all.concat(), times(DEEP as usize, expect(A, plain())), closed(A)].concat()
        },
    ),
    case(
        "http-goodbye",
        Property::Persistence,
        should("9112 §9.5"),
        "A client that leaves without a word is let go without one.",
        |_| {
            // Another server may say that there was no request (RFC 9112 §8).
            let word = or(Also::Refusal, response(408, &[], Body::Whatever));
            [connect(A), half_close(A), reply_or_end(A, word, Last::End)].concat()
        },
    ),
    case(
        "http-half-head",
        Property::Persistence,
        may("9112 §8"),
        "Half a head is no request: nothing is done for it.",
        |_| unanswered("GET /plain HTTP/1.1\r\nHost: te", Also::Refusal),
    ),
    case(
        "http-half-body",
        Property::Persistence,
        must("9112 §6.3"),
        "A body that ends before its length is no body.",
        |_| unanswered(&post("Content-Length: 5", "he"), Also::Final),
    )
    .usually("Usually the end of the input is taken for the end of the body."),
    case(
        "http-half-chunks",
        Property::Persistence,
        ours("9112 §8"),
        "Chunks without the last one are no body.",
        |_| unanswered(&coded("chunked", "2\r\nhe"), Also::Final),
    )
    .usually("Usually the end of the input is taken for the end of the body."),
];

/// The page, asked for and served.
fn asked() -> Script {
    [send(A, get("/plain")), expect(A, plain())].concat()
}

/// With this field, a connection ends after the response.
fn closes(field: &str) -> Script {
    [connect(A), send(A, with(field)), expect(A, plain()), closed(A)].concat()
}

/// Who sends this and no more is told that it is wrong, or nothing; and left. Another server may have
/// an answer without waiting for the body.
fn unanswered(half: &str, also: Also) -> Script {
    let wrong = or(also, response(400, &[], Body::Whatever));
    let all = [connect(A), send(A, half), half_close(A)].concat();
    [all, reply_or_end(A, wrong, Last::End)].concat()
}

fn pipelined_work() -> Script {
    let numbers = 2..2 + DEEP;
    let questions: String = numbers.clone().map(|n| get(&format!("/prime/{n}"))).collect();
    let answers = numbers.flat_map(|n| {
        let word = if [2, 3, 5, 7, 11, 13, 17].contains(&n) { "prime\n" } else { "composite\n" };
        answer(A, 200, TEXT, text(word))
    });
    [connect(A), send(A, questions), answers.collect()].concat()
}
