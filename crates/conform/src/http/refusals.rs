//! Heads that must not be taken for requests.

use super::*;

/// More than a request line, or a field, may have in most servers.
const LONG: usize = 64 * 1024;

/// More fields than any browser sends.
const MANY: usize = 1000;

pub(super) const CASES: &[Case] = &[
    case(
        "http-bad-request",
        Property::Refusals,
        should("9112 §2.2"),
        "What is no request line is refused.",
        |_| refused_each(400, ["NONSENSE", "GET", "/plain"].map(line)),
    )
    .usually("Usually what is missing from the line is filled in with defaults."),
    case(
        "http-no-version",
        Property::Refusals,
        should("9112 §2.2"),
        "A request line without a version is refused.",
        |_| refused_each(400, [line("GET /plain")]),
    )
    .usually(
        "Usually the parser still knows HTTP/0.9: then the answer has no head, and a page that \
         somebody can choose is a response that somebody can forge.",
    ),
    case(
        "http-two-spaces",
        Property::Refusals,
        may("9112 §3"),
        "Two spaces are not one; whoever skips them reads another line than others do.",
        |_| {
            let lines = ["GET  /plain HTTP/1.1", "GET /plain  HTTP/1.1"];
            refused_or_read_each(400, lines.map(line))
        },
    )
    .usually("Usually the line is split at white space, of any kind and length."),
    case(
        "http-tab",
        Property::Refusals,
        may("9112 §3"),
        "A tab is no space.",
        |_| refused_or_read_each(400, ["GET\t/plain HTTP/1.1", "GET /plain\tHTTP/1.1"].map(line)),
    )
    .usually("Usually the line is split at white space, of any kind and length."),
    case(
        "http-space-after-line",
        Property::Refusals,
        may("9112 §3"),
        "The request line ends with the version.",
        |_| refused_or_read_each(400, [line("GET /plain HTTP/1.1 ")]),
    )
    .usually("Usually the line is trimmed before it is looked at."),
    case(
        "http-space-before-line",
        Property::Refusals,
        may("9112 §3"),
        "The request line begins with the method.",
        |_| refused_or_read_each(400, [line(" GET /plain HTTP/1.1")]),
    )
    .usually("Usually the line is trimmed before it is looked at."),
    case(
        "http-space-in-target",
        Property::Refusals,
        should("9112 §3.2"),
        "A target has no space in it; to guess what was meant is to be led past a filter.",
        |_| turned_away_each([line("GET /plain?a b HTTP/1.1")]),
    )
    .usually("Usually all between the first and the last space is taken for the target."),
    case(
        "http-lower-version",
        Property::Refusals,
        should("9112 §2.2"),
        "The name of the protocol is in capitals.",
        |_| refused_each(400, [line("GET /plain http/1.1")]),
    )
    .usually("Usually the version is compared without case, like a field's name."),
    case(
        "http-version-form",
        Property::Refusals,
        should("9112 §2.2"),
        "A version is a digit, a point, and a digit.",
        |_| {
            let lines = ["HTTP/1", "HTTP/1.", "HTTP/1.10", "HTTP/01.1", "HTTP/1.1x"];
            refused_each(400, lines.map(|version| line(&format!("GET /plain {version}"))))
        },
    )
    .usually("Usually the version is read as a number, or only its first part is compared."),
    case(
        "http-no-path",
        Property::Refusals,
        should("9112 §3.2"),
        "A target is a path from the root, or a URI.",
        |_| turned_away_each([line("GET plain HTTP/1.1")]),
    )
    .usually("Usually a slash is put before what has none."),
    case(
        "http-asterisk",
        Property::Refusals,
        ours("9112 §3.2.4"),
        "`*` is a target for OPTIONS only.",
        |_| declined_each(400, [line("GET * HTTP/1.1")]),
    ),
    case(
        "http-fragment",
        Property::Refusals,
        should("9112 §3.2"),
        "A fragment stays with the client, and is no part of a target.",
        |_| turned_away_each([line("GET /plain#part HTTP/1.1")]),
    )
    .usually(
        "Usually a library for URIs takes the target apart, and drops what a proxy before it has \
         taken for part of the path.",
    ),
    case(
        "http-target-control",
        Property::Refusals,
        should("9112 §3.2"),
        "A target has no control character.",
        |_| {
            let lines = ["GET /plain\0 HTTP/1.1", "GET /plain\x01 HTTP/1.1", "GET /plain\x7f HTTP/1.1"];
            turned_away_each(lines.map(line))
        },
    )
    .usually("Usually nobody looks; to a language whose strings end at NUL, the target ends there."),
    case(
        "http-target-not-ascii",
        Property::Refusals,
        should("9112 §3.2"),
        "A target is ASCII; what is not is encoded with `%`.",
        |_| turned_away_each([line("GET /plain?ü HTTP/1.1")]),
    )
    .usually("Usually the target is decoded as UTF-8, where others see two bytes."),
    case(
        "http-empty-authority",
        Property::Refusals,
        ours("9110 §4.2.1"),
        "A URI of `http` without a host is refused.",
        |_| declined_each(400, [line("GET http:///plain HTTP/1.1")]),
    )
    .usually("Usually a library for URIs accepts it, since other schemes allow it."),
    case(
        "http-user-in-target",
        Property::Refusals,
        should("9110 §4.2.4"),
        "A URI of `http` has no user in it; one that has is somebody's trick.",
        |_| declined_each(400, [line("GET http://user@example.com/plain HTTP/1.1")]),
    )
    .usually("Usually a library for URIs accepts it, and what is before the `@` is forgotten."),
    case(
        "http-bad-method",
        Property::Refusals,
        should("9112 §2.2"),
        "A method is a word without separators.",
        |_| {
            let lines = ["(GET) /plain HTTP/1.1", "GET, /plain HTTP/1.1", "\"GET\" /plain HTTP/1.1"];
            refused_each(400, lines.map(line))
        },
    )
    .usually("Usually all up to the first space is taken for the method."),
    case(
        "http-method",
        Property::Refusals,
        should("9110 §9.1"),
        "A method that is not known is a 501.",
        |_| declined_each(501, [request("BREW", "/plain")]),
    )
    .usually("Usually whatever is no POST is taken for a GET."),
    case(
        "http-method-case",
        Property::Refusals,
        should("9110 §9.1"),
        "The case of a method matters: `get` is one that is not known.",
        |_| declined_each(501, ["get", "Get"].map(|method| request(method, "/plain"))),
    )
    .usually("Usually methods are compared without case, and a filter before them is not that kind."),
    case(
        "http-long-method",
        Property::Refusals,
        should("9112 §3"),
        "A method longer than any that is known is a 501.",
        |_| declined_each(501, [request(&"G".repeat(LONG), "/plain")]),
    )
    .usually("Usually there is one limit for the whole line, and one status for what is over it."),
    case(
        "http-version",
        Property::Refusals,
        ours("9110 §15.6.6"),
        "Another major version is a 505.",
        |_| {
            let version = |version| get("/plain").replace("HTTP/1.1", version);
            refused_each(505, ["HTTP/0.9", "HTTP/2.0", "HTTP/3.0"].map(version))
        },
    )
    .usually("Usually nobody looks at the version."),
    case(
        "http-later-version",
        Property::Refusals,
        should("9110 §6.2"),
        "A later minor version is understood as far as one's own goes.",
        |_| {
            let version = |version| get("/plain").replace("HTTP/1.1", version);
            let served = |request| alone(request, 200, PLAIN, text("Hello, World!"));
            ["HTTP/1.2", "HTTP/1.9"].map(version).into_iter().flat_map(served).collect()
        },
    )
    .usually("Usually the version is compared with the two that exist."),
    case(
        "http-preface",
        Property::Refusals,
        ours("9113 §3.4"),
        "HTTP/2 begins with what no server of HTTP/1.1 takes for a request.",
        |_| refused_each(505, ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".into()]),
    )
    .usually("Usually the version is looked at last."),
    case(
        "http-other-protocol",
        Property::Refusals,
        should("9112 §2.2"),
        "A client that speaks something else is told so, and what it says later is not heard.",
        |_| {
            let greetings = ["SSH-2.0-OpenSSH_9.6\r\n", "EHLO test\r\n", "USER test\r\nPASS x\r\n"];
            refused_each(400, greetings.map(String::from))
        },
    )
    .usually(
        "Usually lines that are no request line are skipped, so that whoever makes a program send \
         one line of his makes it send requests.",
    ),
    case(
        "http-tls",
        Property::Refusals,
        should("9112 §2.2"),
        "A client that begins with TLS is told that this is HTTP.",
        |_| refused([client_hello().as_slice(), get("/plain").as_bytes()].concat(), 400),
    )
    .usually("Usually bytes are skipped until something looks like a request."),
    case(
        "http-host",
        Property::Refusals,
        must("9112 §3.2"),
        "HTTP/1.1 without a `Host` is refused.",
        |_| declined_each(400, [hosts("")]),
    )
    .usually("Usually nobody asks for `Host` but whoever serves several sites."),
    case(
        "http-two-hosts",
        Property::Refusals,
        must("9112 §3.2"),
        "Two `Host` fields are refused, also if they are alike.",
        |_| {
            let two = ["Host: test\r\nHost: other\r\n", "Host: test\r\nHost: test\r\n"];
            declined_each(400, two.map(hosts))
        },
    )
    .usually(
        "Usually fields are kept in a map, so the last one wins here, and the first one in the proxy \
         before it.",
    ),
    case(
        "http-bad-host",
        Property::Refusals,
        must("9112 §3.2"),
        "A `Host` is a host and a port, and nothing else.",
        |_| {
            let bad = ["Host: te st\r\n", "Host: test/plain\r\n", "Host: test, test\r\n"];
            declined_each(400, bad.map(hosts))
        },
    )
    .usually("Usually nobody looks; then links and caches are made with what somebody else wrote."),
    case(
        "http-host-port",
        Property::Refusals,
        must("9112 §3.2"),
        "The port in a `Host` is a number.",
        |_| {
            let ports = ["Host: test:port\r\n", "Host: test:80:80\r\n", "Host: test:-80\r\n"];
            declined_each(400, ports.map(hosts))
        },
    )
    .usually("Usually all behind the colon is thrown away unseen."),
    case(
        "http-host-user",
        Property::Refusals,
        must("9112 §3.2"),
        "A `Host` has no user in it.",
        |_| declined_each(400, [hosts("Host: user@test\r\n")]),
    )
    .usually("Usually a library for URIs reads it: for one the host is behind the `@`, for another before."),
    case(
        "http-empty-host",
        Property::Refusals,
        ours("9112 §3.2"),
        "An empty `Host` is one: so says a client whose target has none.",
        |_| alone(hosts("Host:\r\n"), 200, PLAIN, text("Hello, World!")),
    )
    .usually("Usually an empty field is taken for one that is missing."),
    case(
        "http-space-before-colon",
        Property::Refusals,
        must("9112 §5.1"),
        "White space before a field's colon is refused.",
        |_| declined_each(400, ["X : y", "X\t: y", "Content-Length : 5"].map(with)),
    )
    .usually(
        "Usually the name is trimmed. A proxy that does not know `Content-Length ` passes it on: the \
         two see different bodies.",
    ),
    case(
        "http-empty-name",
        Property::Refusals,
        should("9112 §2.2"),
        "A field without a name is refused.",
        |_| refused_each(400, [with(": y")]),
    )
    .usually("Usually a line is split at its colon, and nobody looks at the parts."),
    case(
        "http-space-in-name",
        Property::Refusals,
        should("9112 §2.2"),
        "A field's name has no space in it.",
        |_| refused_each(400, ["X Y: z", "Host Content-Length: 5"].map(with)),
    )
    .usually("Usually a line is split at its colon, and nobody looks at the parts."),
    case(
        "http-control-in-name",
        Property::Refusals,
        should("9112 §2.2"),
        "A field's name has no control character.",
        |_| refused_each(400, ["X\0: y", "\x01X: y", "Content-Length\x0b: 5"].map(with)),
    )
    .usually("Usually control characters are trimmed or skipped: then one name is two."),
    case(
        "http-bad-name",
        Property::Refusals,
        should("9112 §2.2"),
        "A field's name has no separators, and is ASCII.",
        |_| refused_each(400, ["X(Y): z", "\"X\": y", "X/Y: z", "Ü: z"].map(with)),
    )
    .usually("Usually all up to the first colon is taken for the name."),
    case(
        "http-no-colon",
        Property::Refusals,
        should("9112 §2.2"),
        "A line without a colon is no field.",
        |_| refused_each(400, [with("X")]),
    )
    .usually("Usually lines that are not understood are skipped; another may know them."),
    case(
        "http-space-before-first-field",
        Property::Refusals,
        must("9112 §2.2"),
        "White space between the request line and the first field is refused, or its line ignored.",
        |_| {
            let next = get("/plain").len();
            let first = ["GET /plain HTTP/1.1\r\n Content-Length: ", "\r\nHost: test\r\n\r\n"];
            refused_or_read_each(400, [first.join(&next.to_string())])
        },
    )
    .usually(
        "Usually each line is trimmed. A proxy that ignores this one, as it may, sees another request \
         behind the head, where this server sees a body.",
    ),
    case(
        "http-folded",
        Property::Refusals,
        must("9112 §5.2"),
        "A field that goes on in a second line is refused, or unfolded.",
        |_| refused_or_read_each(400, ["X: y\r\n z", "X: y\r\n\tContent-Length: 5"].map(with)),
    )
    .usually("Usually the second line is trimmed, and then it is a field of its own."),
    case(
        "http-bare-cr",
        Property::Refusals,
        must("9112 §2.2"),
        "A CR without LF in a field is refused, or becomes a space; it ends no line.",
        |_| {
            let next = get("/plain").len();
            refused_or_read_each(400, [with(format!("X: y\rContent-Length: {next}"))])
        },
    )
    .usually(
        "Usually a library for text ends a line at any of CR, LF and CRLF: it sees one field more than \
         the proxy before it.",
    ),
    case(
        "http-nul",
        Property::Refusals,
        must("9110 §5.5"),
        "A NUL in a field is refused, or becomes a space.",
        |_| refused_or_read_each(400, ["X: \0", "X: y\0z"].map(with)),
    )
    .usually("Usually nobody looks; to a language whose strings end at NUL, the value ends there."),
    case(
        "http-control",
        Property::Refusals,
        may("9110 §5.5"),
        "Other control characters in a field are refused; others may keep them where they are safe.",
        |_| refused_or_read_each(400, ["X: \x01", "X: y\x1bz", "X: \x7f"].map(with)),
    )
    .usually("Usually nobody looks, until a log shows them to somebody's terminal."),
    case(
        "http-opaque",
        Property::Refusals,
        should("9110 §5.5"),
        "A field's value is bytes, of which some are no ASCII and no UTF-8.",
        |_| {
            let [before, after] = ["GET /plain HTTP/1.1\r\nHost: test\r\nX: ", "\r\n\r\n"];
            let request = [before.as_bytes(), b"\xfc\xff", after.as_bytes()].concat();
            alone(request, 200, PLAIN, text("Hello, World!"))
        },
    )
    .usually("Usually the head is decoded as text before it is parsed."),
    case(
        "http-bare-lf",
        Property::Refusals,
        may("9112 §2.2"),
        "A line that ends in LF alone is refused, or taken for a line.",
        |_| {
            let all = "GET /plain HTTP/1.1\nHost: test\n\n".to_string();
            let empty_line = "GET /plain HTTP/1.1\r\nHost: test\r\n\n".to_string();
            refused_or_read_each(400, [all, empty_line, with("X: y\nY: z")])
        },
    )
    .usually("Usually lines are split at LF, and then trimmed."),
    case(
        "http-usual-target",
        Property::Refusals,
        should("9112 §3"),
        "A request line of 8,000 bytes is read.",
        |given| {
            let path = given.stranger.as_ref().map_or("/plain", |stranger| &stranger.path);
            let n = 8000 - format!("GET {path}? HTTP/1.1\r\n").len();
            alone(long_target(n), 200, PLAIN, text("Hello, World!"))
        },
    )
    .usually("Usually a buffer of 4 KiB is thought to be enough."),
    case(
        "http-long-target",
        Property::Refusals,
        must("9112 §3"),
        "A target that is too long is a 414.",
        |_| refused_or_read_each(414, [long_target(LONG)]),
    )
    .usually("Usually the connection is closed without a word, or there is no limit."),
    case(
        "http-many-fields",
        Property::Refusals,
        must("9110 §5.4"),
        "More fields than are kept are refused; here, with 431.",
        |_| refused_or_read_each(431, [with(["X: y"; MANY].join("\r\n"))]),
    )
    .usually("Usually those that are too many are left out, and one of them may have been the length."),
    case(
        "http-long-field",
        Property::Refusals,
        must("9110 §5.4"),
        "A field longer than is kept is refused; here, with 431.",
        |_| refused_or_read_each(431, [with(format!("X: {}", "x".repeat(LONG)))]),
    )
    .usually("Usually the connection is closed without a word, or there is no limit."),
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
    )
    .usually(
        "Usually the connection is closed while bytes are still coming, and the reset that this \
         causes takes the answer away.",
    ),
];

/// A request that would be right, were it not for this line.
fn line(line: &str) -> String {
    format!("{line}\r\nHost: test\r\n\r\n")
}

/// Each of these is refused. Another server may instead redirect to the target as it should be written
/// (RFC 9112 §3.2), and answer what follows.
fn turned_away_each(requests: impl IntoIterator<Item = String>) -> Script {
    let turned_away = |request: String| {
        let both = send(A, request + &get("/plain"));
        let word = or(Also::NoSuccess, response(400, CLOSE, Body::Any));
        [connect(A), both, expect(A, word), reply_or_end(A, plain(), Last::End)].concat()
    };
    requests.into_iter().flat_map(turned_away).collect()
}

/// A request with these fields and no others.
fn hosts(fields: &str) -> String {
    format!("GET /plain HTTP/1.1\r\n{fields}\r\n")
}

/// A target of `n` bytes and a few.
fn long_target(n: usize) -> String {
    get(&format!("/plain?{}", "x".repeat(n)))
}

/// What a client of TLS 1.2 says first (RFC 5246 §7.4.1.2): its random bytes have an LF in them.
fn client_hello() -> Vec<u8> {
    let random: Vec<u8> = (0..32).collect();
    let no_session = [0];
    let ciphers = [0, 2, 0xc0, 0x2f];
    let no_compression = [1, 0];
    let body = [&[3, 3], &random[..], &no_session, &ciphers, &no_compression].concat();
    let handshake = [&[1, 0, 0, body.len() as u8], &body[..]].concat();
    [&[0x16, 3, 1, 0, handshake.len() as u8], &handshake[..]].concat()
}
