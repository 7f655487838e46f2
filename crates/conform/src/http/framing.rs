//! Bodies whose end is in doubt. If a server guesses it, and the proxy before it guesses otherwise, one
//! client can put words into the mouth of the next.

use super::*;

/// A length that no server accepts that keeps bodies: a limit of 1 MiB is usual.
const TOO_LARGE: usize = 64 * 1024 * 1024;

/// What reckons with 32 bits takes this for 5.
const WRAPS_TO_5: u64 = (1 << 32) + 5;

/// More than any client says about a chunk, or behind the last one.
const MUCH: usize = 20 * 1024;

pub(super) const CASES: &[Case] = &[
    case(
        "http-length",
        Property::Refusals,
        must("9112 §6.3"),
        "A length is digits and nothing else.",
        |_| lengths(&["five", "5a", "5.0", "5e0", "٥"]),
    )
    .usually("Usually it is read by a function that stops at the first byte that is no digit."),
    case(
        "http-length-empty",
        Property::Refusals,
        must("9112 §6.3"),
        "A length without a digit is refused.",
        |_| lengths(&["", " \t"]),
    )
    .usually("Usually it is taken for 0, or for none, and the body for the next request."),
    case(
        "http-length-sign",
        Property::Refusals,
        must("9112 §6.3"),
        "A length has no sign.",
        |_| lengths(&["+5", "-5", "-0"]),
    )
    .usually("Usually a library reads the number, and libraries know signs."),
    case(
        "http-length-hex",
        Property::Refusals,
        must("9112 §6.3"),
        "A length is decimal.",
        |_| lengths(&["0x5", "0X5", "0b101", "0o5"]),
    )
    .usually("Usually a library reads the number and guesses its base, or takes it for 0."),
    case(
        "http-length-space",
        Property::Refusals,
        must("9112 §6.3"),
        "A length has no white space between its digits.",
        |_| lengths(&["5 5", "5 0", "0 5"]),
    )
    .usually("Usually it is read up to the space; another takes it for a larger number."),
    case(
        "http-length-control",
        Property::Refusals,
        must("9112 §6.3"),
        "Around a length there are spaces and tabs, and nothing else is white.",
        |_| lengths(&["\x0b5", "5\x0c", "\u{85}5"]),
    )
    .usually("Usually it is trimmed of all that some language calls white space."),
    case(
        "http-length-quoted",
        Property::Refusals,
        must("9112 §6.3"),
        "A length stands in no quotes.",
        |_| lengths(&["\"5\"", "'5'"]),
    )
    .usually("Usually one parser is there for the values of all fields, and takes quotes away."),
    case(
        "http-length-overflow",
        Property::Refusals,
        must("9110 §8.6"),
        "A length with more digits than can be reckoned with is refused.",
        |_| {
            // The second one is 5 to whoever forgets what is over 64 bits.
            let values =
                ["18446744073709551616", "18446744073709551621", "99999999999999999999999"];
            too_large_a_number(values.map(|value| with_length(&format!("Content-Length: {value}"))))
        },
    )
    .usually("Usually the digits are added up, and what is over 64 bits is lost."),
    case(
        "http-lengths",
        Property::Refusals,
        must("9112 §6.3"),
        "Two lengths that differ are refused.",
        |_| {
            let fields = [
                "Content-Length: 5\r\nContent-Length: 6",
                "Content-Length: 6\r\nContent-Length: 5",
                "Content-Length: 0\r\nContent-Length: 5",
            ];
            refused_each(400, fields.map(with_length))
        },
    )
    .usually(
        "Usually fields are kept in a map, so the last one wins here, and the first one in the proxy \
         before it.",
    ),
    case(
        "http-length-list",
        Property::Refusals,
        must("9112 §6.3"),
        "A list of lengths that differ is refused.",
        |_| lengths(&["5, 6", "6, 5", "5,0"]),
    )
    .usually("Usually it is read up to the comma."),
    case(
        "http-equal-lengths",
        Property::Refusals,
        must("9112 §6.3"),
        "A length that is said twice is refused, or taken for one.",
        |_| {
            let fields = ["Content-Length: 5\r\nContent-Length: 5", "Content-Length: 5, 5"];
            refused_or_read_each(400, fields.map(with_length))
        },
    )
    .usually("Usually the list is no number, so there is no length, and no body."),
    case(
        "http-length-and-chunks",
        Property::Refusals,
        must("9112 §6.1"),
        "A length and chunks at once are refused, or at least the last on their connection.",
        |_| {
            let fields = [
                "Content-Length: 5\r\nTransfer-Encoding: chunked",
                "Transfer-Encoding: chunked\r\nContent-Length: 5",
                "Content-Length: 0\r\nTransfer-Encoding: chunked",
            ];
            refused_or_last_each(400, fields.map(|fields| post(fields, NOTHING)))
        },
    )
    .usually(
        "Usually one of them is believed and the other ignored. Where the proxy before it believes the \
         other one, the rest of a body is the next request (CL.TE and TE.CL).",
    ),
    case(
        "http-last-coding",
        Property::Refusals,
        must("9112 §6.3"),
        "A body whose last coding is not `chunked` has no end, and is refused.",
        |_| codings(&["gzip", "chunked, gzip", "chunked\r\nTransfer-Encoding: gzip"]),
    )
    .usually("Usually any coding is taken for chunks, or `chunked` is looked for anywhere in the list."),
    case(
        "http-identity",
        Property::Refusals,
        must("9112 §6.3"),
        "`identity` is no coding any more: it is refused, also beside a length.",
        |_| {
            let fields = "Transfer-Encoding: identity\r\nContent-Length: 5";
            refused_each(400, [with_length(fields), coded("identity", NOTHING)])
        },
    )
    .usually("Usually it is ignored, as RFC 2616 had it; then the length counts that others ignore."),
    case(
        "http-almost-chunked",
        Property::Refusals,
        must("9112 §6.3"),
        "What only looks like `chunked` is another coding.",
        |_| codings(&["xchunked", "chunkedx", "x-chunked", "chunke", "chunked\u{a0}"]),
    )
    .usually(
        "Usually the value is searched for the word. A proxy that compares it goes by the length: two \
         readers, two ends (TE.TE).",
    ),
    case(
        "http-coding-quoted",
        Property::Refusals,
        must("9112 §6.3"),
        "A coding stands in no quotes.",
        |_| codings(&["\"chunked\"", "'chunked'"]),
    )
    .usually("Usually one parser is there for the values of all fields, and takes quotes away."),
    case(
        "http-coding-control",
        Property::Refusals,
        must("9112 §6.3"),
        "Around a coding there are spaces and tabs, and nothing else is white.",
        |_| codings(&["\x0bchunked", "chunked\x0c", "\x0bchunked\x0b"]),
    )
    .usually(
        "Usually it is trimmed of all that some language calls white space. A proxy that does not do so \
         sees no chunks (TE.TE).",
    ),
    case(
        "http-empty-coding",
        Property::Refusals,
        must("9112 §6.3"),
        "A `Transfer-Encoding` that lists nothing does not end in `chunked`, and is refused.",
        |_| {
            let fields = ["Transfer-Encoding:\r\nContent-Length: 5", "Transfer-Encoding: ,"];
            refused_each(400, fields.map(with_length))
        },
    )
    .usually("Usually an empty field is taken for none."),
    case(
        "http-coding-parameter",
        Property::Refusals,
        should("9112 §7.1"),
        "`chunked` has no parameters.",
        |_| codings(&["chunked;q=1", "chunked ; a=b"]),
    )
    .usually("Usually all behind a semicolon is thrown away."),
    case(
        "http-chunked-twice",
        Property::Refusals,
        ours("9112 §6.1"),
        "`chunked` is applied once: no sender may do it twice.",
        |_| codings(&["chunked, chunked", "chunked\r\nTransfer-Encoding: chunked"]),
    )
    .usually("Usually only the last coding is looked at, or two fields are taken for one."),
    case(
        "http-unknown-coding",
        Property::Refusals,
        should("9112 §6.1"),
        "An unknown coding before `chunked` is a 501.",
        |_| {
            let unknown = ["gzip, chunked", "gzip\r\nTransfer-Encoding: chunked"];
            declined_each(501, unknown.map(|coding| coded(coding, NOTHING)))
        },
    )
    .usually("Usually it is passed over, and the application gets a body that it cannot read."),
    case(
        "http-coding-space",
        Property::Refusals,
        must("9112 §5.1"),
        "White space before the colon of `Transfer-Encoding` is refused.",
        |_| {
            let fields = ["Transfer-Encoding : chunked", "Transfer-Encoding\t: chunked"];
            let refused = |fields| {
                let both = send(A, post(fields, NOTHING) + &get("/plain"));
                [connect(A), both, refusal(400), refusal_or_end(400)].concat()
            };
            fields.into_iter().flat_map(refused).collect()
        },
    )
    .usually(
        "Usually the name is trimmed. A proxy that does not know the field with the space goes by the \
         length: two readers, two ends (TE.TE).",
    ),
    case(
        "http-folded-coding",
        Property::Refusals,
        must("9112 §5.2"),
        "A folded `Transfer-Encoding` is refused, or unfolded; but it is not empty.",
        |_| refused_or_read_each(400, [post("Transfer-Encoding:\r\n chunked", NOTHING)]),
    )
    .usually("Usually the second line is skipped, and the body taken for the next request."),
    case(
        "http-old-coding",
        Property::Refusals,
        must("9112 §6.1"),
        "A coding in HTTP/1.0 is faulty framing: it is the last on its connection.",
        |_| {
            let keeps = "Connection: keep-alive\r\nTransfer-Encoding: chunked";
            let request = post(keeps, NOTHING).replace("HTTP/1.1", "HTTP/1.0");
            refused_or_last_each(400, [request])
        },
    )
    .usually(
        "Usually nobody looks at the version. A proxy of HTTP/1.0 before it knows nothing of chunks, and \
         passes them on as something else.",
    ),
    case(
        "http-chunk-size",
        Property::Refusals,
        should("9112 §2.2"),
        "A chunk's size is hexadecimal digits and nothing else.",
        |_| sizes(&["3g", "3.0", "x", "3 3", "3\""]),
    )
    .usually("Usually it is read by a function that stops at the first byte that is no digit."),
    case(
        "http-chunk-size-empty",
        Property::Refusals,
        should("9112 §2.2"),
        "A chunk has a size; none is not 0.",
        |_| broken_chunks(&["3\r\nabc\r\n\r\n\r\n", "3\r\nabc\r\n;a\r\n\r\n"]),
    )
    .usually("Usually a function reads the number, and finds 0 where there are no digits."),
    case(
        "http-chunk-size-sign",
        Property::Refusals,
        should("9112 §2.2"),
        "A chunk's size has no sign.",
        |_| sizes(&["+3", "-3"]),
    )
    .usually("Usually a library reads the number, and libraries know signs."),
    case(
        "http-chunk-size-prefix",
        Property::Refusals,
        should("9112 §2.2"),
        "A chunk's size is hexadecimal, and does not say so.",
        |_| sizes(&["0x3", "0X3"]),
    )
    .usually(
        "Usually a library reads the number, and libraries know `0x`. To another reader the digits end \
         at the `x`, and this is the last chunk.",
    ),
    case(
        "http-chunk-size-space",
        Property::Refusals,
        should("9112 §2.2"),
        "White space beside a chunk's size is only there before a `;`.",
        |_| sizes(&[" 3", "3 ", "3\t"]),
    )
    .usually("Usually the line is trimmed before it is looked at."),
    case(
        "http-chunk-size-overflow",
        Property::Refusals,
        must("9112 §7.1"),
        "A size with more digits than can be reckoned with is refused.",
        |_| {
            let sizes = ["10000000000000003", "100000000000000000000000000000003"];
            too_large_a_number(sizes.map(with_size))
        },
    )
    .usually("Usually the digits are added up, and what is over 64 bits is lost."),
    case(
        "http-chunk-size-lf",
        Property::Refusals,
        should("9112 §2.2"),
        "The line with a chunk's size ends in CRLF; only lines of the head may end in LF alone.",
        |_| broken_chunks(&["3\nabc\r\n0\r\n\r\n"]),
    )
    .usually("Usually one function reads all lines, and ends them at LF."),
    case(
        "http-chunk-cr",
        Property::Refusals,
        must("9112 §2.2"),
        "A CR without LF does not end the line with a chunk's size.",
        |_| broken_chunks(&["3\rabc\r\n0\r\n\r\n", "3;a\rabc\r\n0\r\n\r\n"]),
    )
    .usually("Usually the byte behind a CR is skipped, or a library for text ends the line there."),
    case(
        "http-extension-ends-in-lf",
        Property::Refusals,
        should("9112 §2.2"),
        "An LF without CR does not end an extension.",
        |_| broken_chunks(&["3;a\nabc\r\n0\r\n\r\n"]),
    )
    .usually(
        "Usually extensions are skipped up to the first LF. A proxy that skips them up to CRLF sees \
         another chunk here (TERM.EXT).",
    ),
    case(
        "http-lf-in-extension",
        Property::Refusals,
        should("9112 §2.2"),
        "An LF without CR does not stand in an extension either.",
        |_| broken_chunks(&["3;a\nb\r\nabc\r\n0\r\n\r\n"]),
    )
    .usually(
        "Usually extensions are skipped up to CRLF. A proxy that ends them at the first LF sees another \
         chunk here (EXT.TERM).",
    ),
    case(
        "http-large-extension",
        Property::Refusals,
        ours("9112 §7.1.1"),
        "What is said about chunks, and ignored, has a limit.",
        |_| {
            let chunks = format!("3;{}\r\nabc\r\n{NOTHING}", "x".repeat(MUCH));
            refused_or_read_each(400, [coded("chunked", &chunks)])
        },
    )
    .usually("Usually only the data is counted, and a megabyte of extensions comes with each byte."),
    case(
        "http-chunk-end",
        Property::Refusals,
        should("9112 §2.2"),
        "A chunk is not longer than it says.",
        |_| broken_chunks(&["3\r\nabcd\r\n0\r\n\r\n"]),
    )
    .usually("Usually the rest of the line behind the data is skipped, whatever it is."),
    case(
        "http-chunk-short",
        Property::Refusals,
        should("9112 §2.2"),
        "A chunk is not shorter than it says: a line's end in it is data.",
        |_| broken_chunks(&["8\r\nabc\r\n0\r\n\r\n"]),
    )
    .usually("Usually the data is read as a line, and its size not looked at."),
    case(
        "http-chunk-no-end",
        Property::Refusals,
        should("9112 §2.2"),
        "Behind the data of a chunk stands CRLF.",
        |_| broken_chunks(&["3\r\nabc0\r\n\r\n"]),
    )
    .usually("Usually CR and LF are skipped where they are, and not missed where they are not."),
    case(
        "http-chunk-end-lf",
        Property::Refusals,
        should("9112 §2.2"),
        "Behind the data of a chunk, LF alone is not CRLF.",
        |_| broken_chunks(&["3\r\nabc\n0\r\n\r\n"]),
    )
    .usually("Usually one function reads all lines, and ends them at LF."),
    case(
        "http-chunk-end-unseen",
        Property::Refusals,
        should("9112 §2.2"),
        "The two bytes behind the data of a chunk are looked at.",
        |_| broken_chunks(&["3\r\nabcXX0\r\n\r\n", "3\r\nabc\n\r0\r\n\r\n"]),
    )
    .usually(
        "Usually two bytes are skipped unseen. Somebody who takes LF for their end begins the next size \
         one byte earlier.",
    ),
    case(
        "http-bad-trailer",
        Property::Refusals,
        should("9112 §2.2"),
        "A trailer is a field, and refused like one.",
        |_| {
            let trailers = ["X : y", "X", ": y"];
            let chunks = trailers.map(|trailer| format!("0\r\n{trailer}\r\n\r\n"));
            broken_each(400, chunks.map(|chunks| coded("chunked", &chunks)))
        },
    )
    .usually("Usually all up to the empty line is skipped unseen."),
    case(
        "http-no-last-line",
        Property::Refusals,
        should("9112 §2.2"),
        "Behind the last chunk and its trailers stands an empty line, and only then the next request.",
        |_| {
            let request = coded("chunked", "3\r\nabc\r\n0\r\n") + &get("/plain");
            // To another server, the next request may be trailers that it passes over.
            let sent = [connect(A), send(A, request), half_close(A)].concat();
            [sent, ends_with(A, [final_word(400), other_word(400)])].concat()
        },
    )
    .usually(
        "Usually the body is over with the 0. To a proxy that waits for the empty line, the next request \
         is trailers, and hides in this one.",
    ),
    case(
        "http-large-trailers",
        Property::Refusals,
        ours("6585 §5"),
        "Trailers over the limit are a 431.",
        |_| {
            let chunks = format!("0\r\nX: {}\r\n\r\n", "x".repeat(MUCH));
            refused_or_read_each(431, [coded("chunked", &chunks)])
        },
    )
    .usually("Usually only the data is counted."),
    case(
        "http-length-required",
        Property::Refusals,
        may("9112 §6.3"),
        "Without a length, HTTP/1.0 has no body to post: a 411.",
        |_| refused("POST /plain HTTP/1.0\r\n\r\n", 411),
    ),
    case(
        "http-too-large",
        Property::Refusals,
        ours("9110 §15.5.14"),
        "A body whose length is over the limit is a 413.",
        |_| {
            let length = |n: u64| post(&format!("Content-Length: {n}"), "hello");
            refused_each(413, [TOO_LARGE as u64, WRAPS_TO_5, u64::MAX].map(length))
        },
    )
    .usually("Usually memory is reserved for what was only announced, or there is no limit."),
    case(
        "http-too-large-chunks",
        Property::Refusals,
        ours("9110 §15.5.14"),
        "A body whose chunks come to more than the limit is a 413.",
        |_| {
            let sum = format!("1\r\na\r\n{TOO_LARGE:x}\r\n");
            let wraps = format!("{WRAPS_TO_5:x}\r\nhello\r\n{NOTHING}");
            let sum_wraps = "1\r\na\r\nffffffffffffffff\r\n";
            let chunks = [&format!("{TOO_LARGE:x}\r\n"), &sum, &wraps, sum_wraps];
            refused_each(413, chunks.map(|chunks| coded("chunked", chunks)))
        },
    )
    .usually("Usually the limit is compared with the length, and chunks have none."),
    case(
        "http-refused-upload",
        Property::Refusals,
        ours("9112 §9.6"),
        "Who is refused while still sending hears why, and then the end.",
        |_| {
            let upload = format!(
                "POST /no/such/page HTTP/1.1\r\nHost: test\r\nContent-Length: {UPLOAD}\r\n\r\n{}",
                "x".repeat(UPLOAD)
            );
            let nonsense = format!("NONSENSE\r\n\r\n{}", "x".repeat(LARGE / 4));
            [refused(upload, 413), refused(nonsense, 400)].concat()
        },
    )
    .usually(
        "Usually the connection is closed while bytes are still coming, and the reset that this \
         causes takes the answer away.",
    ),
];

/// A body in chunks, with nothing in it.
const NOTHING: &str = "0\r\n\r\n";

/// A request with a body of five bytes, whatever its fields say.
fn with_length(fields: &str) -> String {
    post(fields, "hello")
}

/// Each of these is no length.
fn lengths(values: &[&str]) -> Script {
    refused_each(400, values.iter().map(|value| with_length(&format!("Content-Length: {value}"))))
}

/// Each of these is no way to encode a body.
fn codings(values: &[&str]) -> Script {
    refused_each(400, values.iter().map(|coding| coded(coding, NOTHING)))
}

/// Each of these is no size of a chunk.
fn sizes(values: &[&str]) -> Script {
    broken_each(400, values.iter().map(|size| with_size(size)))
}

/// A request with a chunk of three bytes, whatever its size says.
fn with_size(size: &str) -> String {
    coded("chunked", &format!("{size}\r\nabc\r\n{NOTHING}"))
}

/// Each of these announces more than can be reckoned with. Another server that can waits for so much,
/// until the client has no more; or it has answered by then. But what follows is no request.
fn too_large_a_number(requests: impl IntoIterator<Item = String>) -> Script {
    let refused = |request: String| {
        let sent = [connect(A), send(A, request + &get("/plain")), half_close(A)].concat();
        [sent, ends_with(A, [final_word(400), other_word(400)])].concat()
    };
    requests.into_iter().flat_map(refused).collect()
}

/// Each of these is no body in chunks.
fn broken_chunks(bodies: &[&str]) -> Script {
    broken_each(400, bodies.iter().map(|chunks| coded("chunked", chunks)))
}

/// Each of these is refused. Another server may have answered when it comes to what is wrong in the
/// body: then it may still say so, or just go, but what follows is no request.
fn broken_each(status: u16, requests: impl IntoIterator<Item = String>) -> Script {
    let broken = |request: String| {
        let both = send(A, request + &get("/plain"));
        let words = [final_word(status), other_word(status)];
        [connect(A), both, ends_with(A, words)].concat()
    };
    requests.into_iter().flat_map(broken).collect()
}

/// What follows is no request; another server may say so.
fn refusal_or_end(status: u16) -> Script {
    reply_or_end(A, other_word(status), Last::End)
}

/// A refusal.
fn other_word(status: u16) -> Response {
    Response { also: Also::Refusal, ..response(status, CLOSE, Body::Any) }
}

/// Each of these is refused. Another server may answer it, but then nothing that follows it.
fn refused_or_last_each(status: u16, requests: impl IntoIterator<Item = String>) -> Script {
    let last = |request: String| {
        let both = send(A, request + &get("/plain"));
        [connect(A), both, expect(A, final_word(status)), closed(A)].concat()
    };
    requests.into_iter().flat_map(last).collect()
}

/// A refusal; from another server, any answer.
fn final_word(status: u16) -> Response {
    Response { also: Also::Final, ..response(status, CLOSE, Body::Any) }
}
