//! Requests that come in one piece, and what is answered.

use super::*;

pub(super) const CASES: &[Case] = &[
    case("http-page", Property::Messages, ours("9110 §9.3.1"), "A page is served at `/`.", |_| {
        [connect(A), ask(A, get("/"), 200, HTML, Body::Any)].concat()
    }),
    case(
        "http-plain",
        Property::Messages,
        must("9110 §9.1"),
        "GET asks for a page, and gets its bytes.",
        |_| alone(get("/plain"), 200, PLAIN, text("Hello, World!")),
    ),
    case(
        "http-head",
        Property::Messages,
        must("9110 §9.3.2"),
        "HEAD is answered like GET, but without the body.",
        |_| last(request("HEAD", "/plain"), response(200, &[], Body::Withheld)),
    )
    .usually("Usually only the handler knows the method, and the body is sent by somebody else."),
    case(
        "http-head-fields",
        Property::Messages,
        should("9110 §9.3.2"),
        "HEAD says how long the page is, and of what type.",
        |_| alone(request("HEAD", "/plain"), 200, PLAIN, Body::Withheld),
    ),
    case(
        "http-head-error",
        Property::Messages,
        must("9110 §9.3.2"),
        "To HEAD, a page about what went wrong is a body too.",
        |_| {
            let missing = response(404, &[], Body::Withheld);
            last(request("HEAD", "/no/such/page"), or(Also::Final, missing))
        },
    )
    .usually("Usually errors are made elsewhere, where nobody looks at the method."),
    case(
        "http-not-found",
        Property::Messages,
        ours("9110 §15.5.5"),
        "What is not there is a 404 with a page.",
        |_| alone(get("/no/such/page"), 404, HTML, Body::Any),
    ),
    case(
        "http-prime",
        Property::Messages,
        ours("9110 §9.3.1"),
        "Work is asked for by its address.",
        |_| [connect(A), ask(A, get("/prime/2147483647"), 200, TEXT, text("prime\n"))].concat(),
    ),
    case(
        "http-encoded",
        Property::Messages,
        should("9110 §4.2.3"),
        "`%70` is `p`: an address is the same however it is written.",
        |_| {
            let [first, again] = ["/prime/7", "/%70rime/7"].map(get);
            [alone(first, 200, TEXT, text("prime\n")), alone(again, 200, TEXT, text("prime\n"))]
                .concat()
        },
    )
    .usually("Usually the path is looked up as it was sent."),
    case(
        "http-type",
        Property::Messages,
        should("9110 §8.3"),
        "A response with a body says what it is.",
        |_| {
            let typed = vec![Field { name: "Content-Type", value: Value::Any }];
            alone(get("/plain"), 200, typed, text("Hello, World!"))
        },
    ),
    case(
        "http-date",
        Property::Messages,
        must("9110 §6.6.1"),
        "A response says when it was made: who keeps it can tell how old it is.",
        |_| alone(get("/plain"), 200, DATED, text("Hello, World!")),
    )
    .usually("Usually the server writes only the fields that a browser would miss."),
    case(
        "http-date-form",
        Property::Messages,
        must("9110 §5.6.7"),
        "Of the three forms of a date, one is written.",
        |_| {
            let date = vec![Field { name: "Date", value: Value::Date }];
            alone(get("/plain"), 200, date, text("Hello, World!"))
        },
    )
    .usually(
        "Usually a library writes the date of a mail, which ends in `+0000`, or a local time.",
    ),
    case("http-date-error", Property::Messages, must("9110 §6.6.1"), "So does a 404.", |_| {
        alone(get("/no/such/file"), 404, DATED, Body::Whatever)
    }),
    case(
        "http-options",
        Property::Messages,
        should("9110 §9.3.7"),
        "OPTIONS says what a path can do.",
        |_| {
            let allowed = or(Also::Final, response(204, GET_ONLY, Body::None));
            [connect(A), send(A, request("OPTIONS", "/plain")), expect(A, allowed)].concat()
        },
    ),
    case(
        "http-options-server",
        Property::Messages,
        ours("9110 §9.3.7"),
        "`*` is no path but the server, and OPTIONS says what that can do.",
        |_| alone(request("OPTIONS", "*"), 204, &[], Body::None),
    ),
    case(
        "http-no-content",
        Property::Messages,
        must("9110 §8.6"),
        "A 204 has no body, and so no length: not even 0.",
        |_| {
            let nothing = or(Also::Final, response(204, &[], Body::None));
            [connect(A), send(A, request("OPTIONS", "/plain")), expect(A, nothing)].concat()
        },
    ),
    case(
        "http-trace",
        Property::Messages,
        ours("9110 §9.3.8"),
        "TRACE sends back what it was sent, and whatever a proxy has put in: not here.",
        |_| declined_each(501, [request("TRACE", "/plain")]),
    ),
    case(
        "http-not-allowed",
        Property::Messages,
        must("9110 §15.5.6"),
        "A method that a path does not have is a 405, which lists those it has.",
        |_| {
            not_allowed("POST /plain HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n", GET_ONLY)
        },
    )
    .usually("Usually the router knows the methods, and only says that none of them fits."),
    case(
        "http-not-allowed-get",
        Property::Messages,
        must("9110 §15.5.6"),
        "Where only POST is possible, `Allow` says so.",
        |_| not_allowed(&get("/echo"), POST_ONLY),
    ),
    case(
        "http-absolute",
        Property::Messages,
        must("9112 §3.2.2"),
        "A target may be a whole URI.",
        |_| alone(get("http://test/plain"), 200, PLAIN, text("Hello, World!")),
    ),
    case(
        "http-absolute-host",
        Property::Messages,
        must("9112 §3.2.2"),
        "The host of a whole URI counts, and that in `Host` does not.",
        |_| {
            let request = get("http://test/plain").replace("Host: test", "Host: other");
            alone(request, 200, PLAIN, text("Hello, World!"))
        },
    ),
    case(
        "http-absolute-scheme",
        Property::Messages,
        ours("9110 §4.2.3"),
        "`HTTP:` is `http:`.",
        |_| alone(get("HTTP://test/plain"), 200, PLAIN, text("Hello, World!")),
    ),
    case(
        "http-query",
        Property::Messages,
        ours("9112 §3.2.1"),
        "The path ends at the first `?`.",
        |_| {
            let queries = ["/plain?", "/plain?a=b&c", "/plain?/other?x"];
            let found = |target: &str| alone(get(target), 200, PLAIN, text("Hello, World!"));
            queries.into_iter().flat_map(found).collect()
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
        "http-response-version",
        Property::Messages,
        ours("9110 §6.2"),
        "The version in a response is what the server can do, and not what it was asked in.",
        |_| {
            let begins = vec![Action::Expect(A, Reply::Bytes(b"HTTP/1.1 200 ".into()))];
            [connect(A), send(A, old("Host: test\r\n")), begins, leave(A)].concat()
        },
    ),
    case(
        "http-old-no-host",
        Property::Messages,
        ours("9112 §3.2"),
        "HTTP/1.0 knows no `Host`, and needs none.",
        |_| alone(old(""), 200, &[], text("Hello, World!")),
    ),
    case(
        "http-old-no-chunks",
        Property::Messages,
        must("9112 §6.1"),
        "HTTP/1.0 knows no chunks, and gets none.",
        |_| {
            let whole = vec![Field { name: "Transfer-Encoding", value: Value::Absent }];
            // Another server may know nothing older than HTTP/1.1.
            let response = or(Also::Refusal, response(200, whole, text("Hello, World!")));
            [connect(A), send(A, old("Host: test\r\n")), expect(A, response), leave(A)].concat()
        },
    )
    .usually("Usually whatever has no length yet is sent in chunks, to whomever."),
    case(
        "http-upgrade",
        Property::Messages,
        may("9110 §7.8"),
        "An offer to speak something else may be ignored.",
        |_| well("Connection: Upgrade\r\nUpgrade: h2c"),
    ),
    case(
        "http-field-case",
        Property::Messages,
        must("9110 §5.1"),
        "A field is the same field in capitals.",
        |_| alone("GET /plain HTTP/1.1\r\nHOST: test\r\n\r\n", 200, PLAIN, text("Hello, World!")),
    )
    .usually("Usually names are keys of a map, compared byte for byte."),
    case(
        "http-field-space",
        Property::Messages,
        must("9110 §5.5"),
        "Spaces around a value are not a part of it.",
        |_| [hosted("Host:   test"), hosted("Host: test  ")].concat(),
    ),
    case("http-field-tab", Property::Messages, must("9110 §5.5"), "Nor are tabs.", |_| {
        [hosted("Host:\ttest"), hosted("Host: test \t")].concat()
    })
    .usually("Usually only spaces are trimmed."),
    case(
        "http-field-no-space",
        Property::Messages,
        must("9112 §5"),
        "Behind the colon there need be none.",
        |_| hosted("Host:test"),
    )
    .usually("Usually a line is split at a colon and a space."),
    case(
        "http-field-empty",
        Property::Messages,
        must("9110 §5.5"),
        "A value may be empty.",
        |_| [well("X-Empty:"), well("X-Empty: \t")].concat(),
    ),
    case(
        "http-field-unknown",
        Property::Messages,
        should("9110 §5.1"),
        "A field that nobody knows changes nothing.",
        |given| {
            let mut random = given.random();
            well(&format!("X-{}: {}", random.letters(8), random.letters(8)))
        },
    ),
    case(
        "http-host-with-port",
        Property::Messages,
        ours("9110 §7.2"),
        "A host may have a port.",
        |_| [hosted("Host: test:8080"), hosted("Host: test:")].concat(),
    ),
    case(
        "http-host-literal",
        Property::Messages,
        ours("9110 §7.2"),
        "A host may be an address with colons in it, between brackets.",
        |_| [hosted("Host: [::1]"), hosted("Host: [::1]:8080")].concat(),
    )
    .usually("Usually the port is looked for behind the first colon."),
];

/// A date, in whatever form.
const DATED: &[Field] = &[Field { name: "Date", value: Value::Any }];

/// Asks for the page in HTTP/1.0.
fn old(fields: &str) -> String {
    format!("GET /plain HTTP/1.0\r\n{fields}\r\n")
}

/// A client comes, and says that it will ask nothing but this: so what follows the response belongs to
/// it.
fn last(request: String, response: Response) -> Script {
    let request = request.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
    [connect(A), send(A, request), expect(A, response), closed(A)].concat()
}

/// The page is served, whatever this field says.
fn well(field: &str) -> Script {
    alone(with(field), 200, PLAIN, text("Hello, World!"))
}

/// The page is served to who names the host like this.
fn hosted(host: &str) -> Script {
    let request = format!("GET /plain HTTP/1.1\r\n{host}\r\n\r\n");
    alone(request, 200, PLAIN, text("Hello, World!"))
}

/// The method is refused, and others are named. Another server may not have that path, or know no such
/// method at all.
fn not_allowed(request: &str, allow: &'static [Field]) -> Script {
    let refused = or(Also::Final, response(405, allow, Body::Whatever));
    [connect(A), send(A, request), expect(A, refused), leave(A)].concat()
}
