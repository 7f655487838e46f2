//! Requests with a body: where it ends, and where the next request begins.

use super::*;

/// The largest body that every server must take here: the limit of 1 MiB itself.
const LARGEST: usize = 1024 * 1024;

/// A chunked body with all that may be in one: sizes in either case, with zeros before and for the end,
/// extensions, data that looks like an end, and trailers.
const CHUNKS: &str = "3;a=\"b;c\"\r\nabc\r\n00c\r\n\r\n0\r\n\r\ndef\r\n\r\n0A;x\r\n0123456789\r\n00\r\n\
    X: y\r\n\r\n";

/// What they come to.
const DECODED: &str = "abc\r\n0\r\n\r\ndef\r\n0123456789";

pub(super) const CASES: &[Case] = &[
    case(
        "http-echo",
        Property::Bodies,
        must("9112 §6.3"),
        "A body is as many bytes as its length says, whatever they are.",
        |_| {
            let every_byte: Vec<u8> = (0..=u8::MAX).collect();
            let bodies = [b"a".as_slice(), b"\r\n\r\n", &every_byte];
            bodies.into_iter().flat_map(|body| alone(posted(body), 200, &[], echo(body))).collect()
        },
    )
    .usually("Usually bytes are treated as text or lines: decoded, trimmed, or split."),
    case(
        "http-empty-body",
        Property::Bodies,
        must("9112 §6.3"),
        "A body of 0 bytes is over when it begins.",
        |_| read_past(posted(b""), response(200, &[], echo(""))),
    )
    .usually("Usually 0 is taken for no length, and the body read until the client leaves."),
    case(
        "http-no-length",
        Property::Bodies,
        ours("9112 §6.3"),
        "A request that says nothing of a body has none.",
        |_| {
            let empty = response(200, &[], echo(""));
            read_past(request("POST", "/echo"), Response { also: Also::These(&[411]), ..empty })
        },
    )
    .usually("Usually the body is read until the client leaves, as for a response."),
    case(
        "http-length-decimal",
        Property::Bodies,
        must("9112 §6.3"),
        "A length is decimal, and may begin with zeros.",
        |_| {
            let zeros = format!("{:040}", 5);
            let lengths = [("005", "hello"), ("010", "0123456789"), (&zeros, "hello")];
            let padded = |(length, body)| {
                let request = post(&format!("Content-Length: {length}"), body);
                read_past(request, response(200, &[], echo(body)))
            };
            lengths.into_iter().flat_map(padded).collect()
        },
    )
    .usually("Usually a library reads the number, and takes a zero before it for octal."),
    case(
        "http-echo-chunked",
        Property::Bodies,
        must("9112 §7.1"),
        "Chunks are put together.",
        |_| chunked("3\r\nabc\r\n1\r\nd\r\n6\r\nefghij\r\n0\r\n\r\n", "abcdefghij"),
    )
    .usually("Usually one chunk is taken for the whole body, as it is with short ones."),
    case(
        "http-empty-chunks",
        Property::Bodies,
        must("9112 §7.1"),
        "The last chunk may be the only one.",
        |_| chunked("0\r\n\r\n", ""),
    )
    .usually("Usually the end is looked for behind a chunk's data, and here there is none."),
    case(
        "http-chunk-extensions",
        Property::Bodies,
        must("9112 §7.1.1"),
        "An extension that is not known is ignored.",
        |_| {
            let extensions = [";a", ";a=b", ";a=\"b;c\"", ";a=b;c"];
            let with = |extension| format!("3{extension}\r\nabc\r\n0{extension}\r\n\r\n");
            extensions.iter().flat_map(|extension| chunked(&with(extension), "abc")).collect()
        },
    )
    .usually("Usually the whole line is read as a number."),
    case(
        "http-extension-space",
        Property::Bodies,
        must("9110 §5.6.3"),
        "Before and behind the semicolon of an extension there may be white space, and it means nothing.",
        |_| {
            let extensions = [" ;a", "\t;a", "; a", " ; a = b"];
            let with = |extension| format!("3{extension}\r\nabc\r\n0\r\n\r\n");
            extensions.iter().flat_map(|extension| chunked(&with(extension), "abc")).collect()
        },
    )
    .usually("Usually the digits are looked at up to the semicolon, and a space is none."),
    case(
        "http-chunk-size-case",
        Property::Bodies,
        must("9112 §7.1"),
        "A chunk's size is hexadecimal, in either case.",
        |_| {
            let sizes = ["a", "A", "0a", "0A"];
            let ten = |size| format!("{size}\r\n0123456789\r\n0\r\n\r\n");
            sizes.into_iter().flat_map(|size| chunked(&ten(size), "0123456789")).collect()
        },
    )
    .usually("Usually the number is read by hand, and one of the cases forgotten."),
    case(
        "http-chunk-size-zeros",
        Property::Bodies,
        must("9112 §7.1"),
        "A chunk's size may begin with zeros.",
        |_| chunked("0000000000000003\r\nabc\r\n0\r\n\r\n", "abc"),
    )
    .usually("Usually the digits are counted where the number is meant."),
    case(
        "http-last-chunk-zeros",
        Property::Bodies,
        must("9112 §7.1"),
        "The last chunk is 0, however many zeros that is.",
        |_| chunked("3\r\nabc\r\n000\r\n\r\n", "abc"),
    )
    .usually("Usually the line is compared with `0`."),
    case(
        "http-end-in-body",
        Property::Bodies,
        must("9112 §7.1"),
        "Data that looks like the last chunk is data.",
        |_| {
            let inner = "\r\n0\r\n\r\n";
            let chunks = format!("{:x}\r\n{inner}\r\n0\r\n\r\n", inner.len());
            chunked(&chunks, inner)
        },
    )
    .usually("Usually the end is searched for, and not counted to: then a client's data says where it is."),
    case(
        "http-small-chunks",
        Property::Bodies,
        must("9112 §7.1"),
        "A body may come in many chunks of one byte.",
        |_| chunked(&("1\r\na\r\n".repeat(2000) + "0\r\n\r\n"), &"a".repeat(2000)),
    )
    .usually("Usually each chunk is kept on its own, and there is room for so many."),
    case(
        "http-coding-case",
        Property::Bodies,
        must("9112 §7.1"),
        "Every server reads chunks; and codings are named in any case (§7).",
        |_| {
            let names = ["Chunked", "CHUNKED"];
            let request = |name| coded(name, "3\r\nabc\r\n0\r\n\r\n");
            let abc = |name| read_past(request(name), response(200, &[], echo("abc")));
            names.into_iter().flat_map(abc).collect()
        },
    )
    .usually("Usually the value is compared byte by byte, and the body taken for the next request."),
    case(
        "http-coding-list",
        Property::Bodies,
        must("9110 §5.6.1.2"),
        "An empty element of a list is nothing.",
        |_| {
            let lists = [",chunked", "chunked,", ", ,chunked"];
            let request = |list| coded(list, "3\r\nabc\r\n0\r\n\r\n");
            let abc = |list| read_past(request(list), response(200, &[], echo("abc")));
            lists.into_iter().flat_map(abc).collect()
        },
    )
    .usually("Usually the whole value is compared, as if it could not be a list."),
    case(
        "http-trailers",
        Property::Bodies,
        must("9110 §6.5.1"),
        "A trailer does not become a field of the head.",
        |_| {
            let request = coded("chunked", "3\r\nabc\r\n0\r\nConnection: close\r\n\r\n");
            // No sender may put this there, so another server may say so.
            read_past(request, Response { also: Also::Refusal, ..response(200, &[], echo("abc")) })
        },
    )
    .usually(
        "Usually trailers are put where the fields are: then a client can close, or unlock, what the \
         proxy before has looked at already.",
    ),
    case(
        "http-trailers-read",
        Property::Bodies,
        must("9112 §7.1"),
        "Behind the last chunk there may be trailers; they are part of the body.",
        |_| chunked("3\r\nabc\r\n0\r\nX: y\r\nZ: z\r\n\r\n", "abc"),
    )
    .usually("Usually the body is over with the 0, and the trailers are the next request."),
    case(
        "http-next-request",
        Property::Bodies,
        must("9112 §9.3"),
        "A body that looks like a request is a body.",
        |_| read_past(posted(INNER), response(200, &[], echo(INNER))),
    )
    .usually("Usually the body is left unread, and taken for the next request (CL.0)."),
    case(
        "http-request-in-chunks",
        Property::Bodies,
        must("9112 §9.3"),
        "A body in chunks that looks like a request is a body.",
        |_| {
            let request = coded("chunked", "");
            let request = [request.as_bytes(), &chunk(INNER), b"0\r\n\r\n"].concat();
            read_past(request, response(200, &[], echo(INNER)))
        },
    )
    .usually("Usually the server knows lengths only, and takes chunks for the next request (TE.0)."),
    case(
        "http-get-body",
        Property::Bodies,
        must("9112 §9.3"),
        "A body behind a GET means nothing, but is read past.",
        |_| read_past(with_inner("GET", "/plain"), or_refused(plain())),
    )
    .usually(
        "Usually it is thought that a GET has no body; to a proxy that knows that it may have one, \
         this one's is somebody else's request (CL.0).",
    ),
    case(
        "http-get-chunks",
        Property::Bodies,
        must("9112 §9.3"),
        "Chunks behind a GET are read past.",
        |_| {
            let head = with("Transfer-Encoding: chunked");
            let request = [head.as_bytes(), &chunk(INNER), b"0\r\n\r\n"].concat();
            read_past(request, or_refused(plain()))
        },
    )
    .usually("Usually it is thought that a GET has no body (TE.0)."),
    case(
        "http-head-body",
        Property::Bodies,
        must("9112 §9.3"),
        "A body behind a HEAD is read past.",
        |_| {
            let head = response(200, PLAIN, Body::Withheld);
            read_past(with_inner("HEAD", "/plain"), or_refused(head))
        },
    )
    .usually("Usually it is thought that a HEAD has no body; it is its answer that has none (CL.0)."),
    case(
        "http-delete-body",
        Property::Bodies,
        must("9112 §9.3"),
        "A body behind a DELETE is read past.",
        |_| read_past(with_inner("DELETE", "/no/such/page"), declined(404, &[])),
    )
    .usually("Usually bodies are read for POST and PUT only (CL.0)."),
    case(
        "http-unwanted-body",
        Property::Bodies,
        must("9112 §9.3"),
        "A body that a page does not want is read past, or the connection closed.",
        |_| read_past(with_inner("POST", "/plain"), declined(405, &[])),
    )
    .usually("Usually the application reads the body, and here none was asked (CL.0)."),
    case(
        "http-not-found-body",
        Property::Bodies,
        must("9112 §9.3"),
        "A body for a page that is not there is read past, or the connection closed.",
        |_| read_past(with_inner("POST", "/no/such/page"), declined(404, &[])),
    )
    .usually("Usually the application reads the body, and here there is none (CL.0)."),
    case(
        "http-two-bodies",
        Property::Bodies,
        must("9112 §9.3"),
        "Each request on a connection has its own body, and its own way to say where it ends.",
        |_| {
            let bodies = ["first", "", "second", "third"];
            let requests = [
                posted(b"first"),
                coded("chunked", "0\r\n\r\n").into(),
                coded("chunked", "6\r\nsecond\r\n0\r\n\r\n").into(),
                posted(b"third"),
            ];
            // Another server may close instead of reading a body (RFC 9112 §9.3).
            let answer = |body| reply_or_end(A, response(200, &[], echo(body)), Last::Reply);
            let answers = bodies.into_iter().flat_map(answer);
            [connect(A), send(A, requests.concat()), answers.collect()].concat()
        },
    )
    .usually("Usually something of the request before is still there: its bytes, or its coding."),
    case(
        "http-head-then-body",
        Property::Bodies,
        must("9112 §6.3"),
        "A body may come in a piece of its own.",
        |_| {
            let head = in_pieces(post("Content-Length: 5", ""), "hello");
            [head, reply_or_end(A, response(200, &[], echo("hello")), Last::Reply)].concat()
        },
    )
    .usually("Usually what came with the head is taken for the whole body."),
    case(
        "http-body-then-next",
        Property::Bodies,
        should("9112 §9.3"),
        "What comes in one piece with the end of a body is the next request.",
        |_| {
            let half = post("Content-Length: 10", "01234");
            let sent = in_pieces(half, "56789".to_string() + &get("/plain"));
            [sent, answer(A, 200, &[], echo("0123456789")), expect(A, plain())].concat()
        },
    )
    .usually("Usually the last read of a body is taken for the body's, and the rest thrown away."),
    case(
        "http-body-slices",
        Property::Bodies,
        must("9112 §6.3"),
        "A body may come in pieces of any size.",
        |_| {
            let slices = |n, size| {
                let body = body(n);
                let sent = [connect(A), slices(A, posted(&body), size)].concat();
                [sent, answer(A, 200, &[], echo(&body)), leave(A)].concat()
            };
            let sizes = [(50, 1), (1000, 7), (16_383, 1000), (16_384, 5000), (100_000, 16_384)];
            sizes.into_iter().flat_map(|(n, size)| slices(n, size)).collect()
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
            let decoded = |sent| {
                [connect(A), sent, answer(A, 200, &[], echo(DECODED)), leave(A)].concat()
            };
            let cut = |at| decoded([send(A, &request[..at]), send(A, &request[at..])].concat());
            let cuts = (start..request.len()).flat_map(cut).collect();
            [cuts, decoded(slices(A, &request, 1))].concat()
        },
    ),
    case(
        "http-large-body",
        Property::Bodies,
        ours("9112 §6.3"),
        "A body of a megabyte comes back whole.",
        |_| {
            let body = body(LARGEST);
            [connect(A), ask(A, posted(&body), 200, &[], echo(&body))].concat()
        },
    ),
    case(
        "http-large-chunks",
        Property::Bodies,
        ours("9112 §7.1"),
        "A megabyte in chunks comes back whole.",
        |_| {
            let body = body(LARGEST);
            let chunks: Vec<u8> =
                body.chunks(10_007).flat_map(chunk).chain(*b"0\r\n\r\n").collect();
            let request = [coded("chunked", "").as_bytes(), &chunks].concat();
            [connect(A), ask(A, request, 200, &[], echo(&body))].concat()
        },
    ),
    case(
        "http-continue",
        Property::Bodies,
        must("9110 §10.1.1"),
        "Who waits with a body is told to go on, or what is wrong.",
        |_| goes_on("Expect: 100-continue\r\nContent-Length: 5", "hello"),
    )
    .usually("Usually nobody looks at `Expect`: the server waits for the body, and the client for a word."),
    case(
        "http-continue-chunks",
        Property::Bodies,
        must("9110 §10.1.1"),
        "Who waits with chunks is told to go on, or what is wrong.",
        |_| {
            let fields = "Expect: 100-continue\r\nTransfer-Encoding: chunked";
            goes_on(fields, "5\r\nhello\r\n0\r\n\r\n")
        },
    )
    .usually("Usually only a length makes the server expect a body."),
    case(
        "http-continue-case",
        Property::Bodies,
        must("9110 §10.1.1"),
        "`100-continue` is read in any case.",
        |_| goes_on("Expect: 100-Continue\r\nContent-Length: 5", "hello"),
    )
    .usually("Usually the value is compared byte by byte."),
    case(
        "http-continue-unasked",
        Property::Bodies,
        ours("9110 §10.1.1"),
        "Who says that it waits, and does not, is answered as well.",
        |_| {
            let request = post("Expect: 100-continue\r\nContent-Length: 5", "hello");
            let go_on = answer(A, 100, &[], Body::None);
            [connect(A), send(A, request), go_on, answer(A, 200, &[], echo("hello"))].concat()
        },
    )
    .usually("Usually what came with the head is thrown away, as the body is yet to come."),
    case(
        "http-continue-refused",
        Property::Bodies,
        must("9110 §10.1.1"),
        "Who waits with a body that is refused hears so at once, and need not send it.",
        |_| {
            let waits = post("Expect: 100-continue\r\nContent-Length: 67108864", "");
            // To go on, or anything else: so a client that waits does not wait in vain.
            let refused = or(Also::Any, response(413, CLOSE, Body::Any));
            let asked = [connect(A), send(A, waits), expect(A, refused), half_close(A)].concat();
            [asked, reply_or_end(A, declined(400, CLOSE), Last::End)].concat()
        },
    )
    .usually("Usually the client is told to go on before anybody has looked at what it wants."),
    case(
        "http-continue-empty",
        Property::Bodies,
        may("9110 §10.1.1"),
        "Who has no body is not told to go on.",
        |_| {
            let request = with("Expect: 100-continue");
            [connect(A), send(A, request), expect(A, plain())].concat()
        },
    )
    .usually("Usually nobody looks whether there is something to go on with."),
    case(
        "http-continue-old",
        Property::Bodies,
        must("9110 §10.1.1"),
        "A client of HTTP/1.0 is not told to go on: to it, that is the answer.",
        |_| {
            let request = post("Expect: 100-continue\r\nContent-Length: 5", "hello");
            let old = request.replace("HTTP/1.1", "HTTP/1.0");
            let final_one = or_refused(response(200, CLOSE, echo("hello")));
            [connect(A), send(A, old), expect(A, final_one), leave(A)].concat()
        },
    )
    .usually("Usually nobody looks at the version."),
];

/// A request for what is nowhere, as a body: who answers it has not read past it.
const INNER: &[u8] = b"GET /no/such/page HTTP/1.1\r\nHost: test\r\n\r\n";

/// A request that asks for these bytes back.
fn posted(body: &[u8]) -> Vec<u8> {
    [post(&format!("Content-Length: {}", body.len()), "").as_bytes(), body].concat()
}

/// A request with a body that looks like one.
fn with_inner(method: &str, target: &str) -> Vec<u8> {
    let length = INNER.len();
    let head =
        format!("{method} {target} HTTP/1.1\r\nHost: test\r\nContent-Length: {length}\r\n\r\n");
    [head.as_bytes(), INNER].concat()
}

/// `n` bytes of which no two places look alike.
fn body(n: usize) -> Vec<u8> {
    (0..n).map(|i| (i % 251) as u8).collect()
}

fn chunk(data: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", data.len()).as_bytes(), data, b"\r\n"].concat()
}

/// This request is answered, and so is the next one, which begins behind its body. Another server may
/// instead close.
fn read_past(request: impl AsRef<[u8]>, first: Response) -> Script {
    let both = [request.as_ref(), get("/plain").as_bytes()].concat();
    let next = [reply_or_end(A, plain(), Last::Reply), leave(A)].concat();
    [connect(A), send(A, both), expect(A, first), next].concat()
}

/// The server has read the first piece before the second one is sent: in one piece with the first came
/// something else, and that is answered.
fn in_pieces(first: String, second: impl AsRef<[u8]>) -> Script {
    let both = send(A, get("/plain") + &first);
    [connect(A), both, expect(A, plain()), send(A, second)].concat()
}

/// These chunks come to this.
fn chunked(chunks: &str, decoded: &str) -> Script {
    read_past(coded("chunked", chunks), response(200, &[], echo(decoded)))
}

/// This status; from another server, any answer.
fn declined(status: u16, fields: &'static [Field]) -> Response {
    Response { also: Also::Final, ..response(status, fields, Body::Any) }
}

/// This response. Another server may refuse such a request: a body where it means nothing (RFC 9110
/// §9.3.1), or HTTP/1.0.
fn or_refused(response: Response) -> Response {
    or(Also::Refusal, response)
}

/// The client waits to be told to go on. Another server may have its answer already.
fn goes_on(fields: &str, body: &str) -> Script {
    let go_on = Response { also: Also::Final, ..response(100, &[], Body::None) };
    let told = [connect(A), send(A, post(fields, "")), expect(A, go_on)].concat();
    let goes_on = [send(A, body), half_close(A)].concat();
    [told, goes_on, reply_or_end(A, response(200, &[], echo("hello")), Last::Reply)].concat()
}
