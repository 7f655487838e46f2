//! What a right request gets: request, reply, and the rule.

mod common;

use std::sync::Arc;

use common::{Reply, check};
use http_lite::{Answer, App, Connection, HttpDate, Request, Response};
use proto::Session;

struct Case {
    name: &'static str,
    /// RFC and section.
    rule: &'static str,
    request: &'static str,
    replies: Vec<Reply>,
}

fn case(
    name: &'static str,
    rule: &'static str,
    request: &'static str,
    replies: impl Into<Vec<Reply>>,
) -> Case {
    Case { name, rule, request, replies: replies.into() }
}

fn run(cases: impl IntoIterator<Item = Case>) {
    for Case { name, rule, request, replies } in cases {
        check(&format!("{name} ({rule})"), request.as_bytes(), &replies);
    }
}

fn seen(text: &str) -> [Reply; 1] {
    [Reply::ok(text)]
}

#[test]
fn methods() {
    let plain = Reply::ok("plain\n");
    let not_allowed = "405 Method Not Allowed";
    let only = "only GET, HEAD, OPTIONS here\n";
    let refused = Reply::new(not_allowed, only).with("Allow: GET, HEAD, OPTIONS");
    let options = Reply::bare("204 No Content").with("Allow: GET, HEAD, OPTIONS");
    let all = Reply::bare("204 No Content").with("Allow: GET, HEAD, POST, OPTIONS");
    run([
        case("GET", "RFC 9110 §9.3.1", "GET /plain HTTP/1.1\r\nHost: a\r\n\r\n", [plain.clone()]),
        case(
            "HEAD is GET without the body",
            "RFC 9110 §9.3.2",
            "HEAD /plain HTTP/1.1\r\nHost: a\r\n\r\n",
            [plain.without_body()],
        ),
        case(
            "HEAD of work",
            "RFC 9110 §9.3.2",
            "HEAD /later/x HTTP/1.1\r\nHost: a\r\n\r\n",
            [Reply::ok("x").without_body()],
        ),
        case(
            "a known method that is not for this path",
            "RFC 9110 §15.5.6",
            "DELETE /plain HTTP/1.1\r\nHost: a\r\n\r\n",
            [refused.clone()],
        ),
        case(
            "the same where the path has a parameter",
            "RFC 9110 §15.5.6",
            "PATCH /later/x HTTP/1.1\r\nHost: a\r\n\r\n",
            [refused],
        ),
        case(
            "a path that is not there, whatever the method",
            "RFC 9110 §15.5.5",
            "PUT /nowhere HTTP/1.1\r\nHost: a\r\n\r\n",
            [Reply::new("404 Not Found", "nothing here\n")],
        ),
        case(
            "OPTIONS of a path",
            "RFC 9110 §9.3.7",
            "OPTIONS /plain HTTP/1.1\r\nHost: a\r\n\r\n",
            [options.clone()],
        ),
        case(
            "OPTIONS of the server",
            "RFC 9110 §9.3.7",
            "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
            [all.clone()],
        ),
        case(
            "the same in absolute-form",
            "RFC 9112 §3.2.4",
            "OPTIONS http://a HTTP/1.1\r\nHost: a\r\n\r\n",
            [all],
        ),
        case(
            "OPTIONS of the root, which is not the server",
            "RFC 9110 §9.3.7",
            "OPTIONS http://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
            [options.clone()],
        ),
    ]);
}

#[test]
fn targets() {
    let rule = "RFC 9112 §3.2";
    run([
        case(
            "origin-form",
            rule,
            "GET /seen?a=1&b=%20 HTTP/1.1\r\nHost: a\r\n\r\n",
            seen("Http11 host=a query=Some(\"a=1&b=%20\") [Host=a]"),
        ),
        case(
            "a query that is empty",
            rule,
            "GET /seen? HTTP/1.1\r\nHost: a\r\n\r\n",
            seen("Http11 host=a query=Some(\"\") [Host=a]"),
        ),
        case(
            "a query with a question mark, and with what browsers do not encode",
            "RFC 3986 §3.4",
            "GET /seen?a?b|{c}\"^ HTTP/1.1\r\nHost: a\r\n\r\n",
            seen("Http11 host=a query=Some(\"a?b|{c}\\\"^\") [Host=a]"),
        ),
        case(
            "absolute-form: its authority wins over Host",
            "RFC 9112 §3.2.2",
            "GET http://b:8080/seen?q HTTP/1.1\r\nHost: a\r\n\r\n",
            seen("Http11 host=b:8080 query=Some(\"q\") [Host=a]"),
        ),
        case(
            "absolute-form, https, in capitals",
            "RFC 9110 §4.2.3",
            "GET HTTPS://b/seen HTTP/1.1\r\nHost: a\r\n\r\n",
            seen("Http11 host=b query=None [Host=a]"),
        ),
        case(
            "absolute-form without a path",
            "RFC 9110 §4.2.3",
            "GET http://b?q HTTP/1.1\r\nHost: a\r\n\r\n",
            [Reply::ok("root\n")],
        ),
        case(
            "paths are compared whole",
            "RFC 3986 §6.2.1",
            "GET /plain/ HTTP/1.1\r\nHost: a\r\n\r\n",
            [Reply::new("404 Not Found", "nothing here\n")],
        ),
        case(
            "a parameter is not empty",
            "",
            "GET /later/ HTTP/1.1\r\nHost: a\r\n\r\n",
            [Reply::new("404 Not Found", "nothing here\n")],
        ),
        case(
            "a parameter is one segment",
            "",
            "GET /later/a/b HTTP/1.1\r\nHost: a\r\n\r\n",
            [Reply::new("404 Not Found", "nothing here\n")],
        ),
    ]);
}

#[test]
fn fields() {
    let rule = "RFC 9112 §5";
    run([
        case(
            "white space around a value is not part of it",
            rule,
            "GET /seen HTTP/1.1\r\nHost:a\r\nX: \t b \t\r\n\r\n",
            seen("Http11 host=a query=None [Host=a] [X=b]"),
        ),
        case(
            "values may hold colons, tabs and bytes that are not ASCII, and may be empty",
            "RFC 9110 §5.5",
            "GET /seen HTTP/1.1\r\nHost: a\r\nX: b:\tü\r\nY:\r\n\r\n",
            seen("Http11 host=a query=None [Host=a] [X=b:\\t\\xc3\\xbc] [Y=]"),
        ),
        case(
            "names may hold every tchar, and case does not matter",
            "RFC 9110 §5.1, §5.6.2",
            "GET /seen HTTP/1.1\r\nhOsT: a\r\n!#$%&'*+-.^_`|~09AZaz: x\r\n\r\n",
            seen("Http11 host=a query=None [hOsT=a] [!#$%&\\'*+-.^_`|~09AZaz=x]"),
        ),
        case(
            "one empty line before a request is forgiven",
            "RFC 9112 §2.2",
            "\r\nGET /plain HTTP/1.1\r\nHost: a\r\n\r\n",
            [Reply::ok("plain\n")],
        ),
        case(
            "Host as an IPv6 address with a port",
            "RFC 9110 §7.2",
            "GET /seen HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n",
            seen("Http11 host=[::1]:8080 query=None [Host=[::1]:8080]"),
        ),
        case(
            "Host may be empty",
            "RFC 9112 §3.2",
            "GET /seen HTTP/1.1\r\nHost:\r\n\r\n",
            seen("Http11 host= query=None [Host=]"),
        ),
        case(
            "what an application puts into a field cannot end the line",
            "RFC 9110 §5.5",
            "GET /split HTTP/1.1\r\nHost: a\r\n\r\n",
            [Reply::ok("").with("X-Value: a  Set-Cookie: b  ")],
        ),
    ]);
}

#[test]
fn persistence() {
    let rule = "RFC 9112 §9.3";
    let plain = Reply::ok("plain\n");
    run([
        case(
            "pipelined requests are answered in order, work included",
            "RFC 9112 §9.3.2",
            "GET /later/1 HTTP/1.1\r\nHost: a\r\n\r\nGET /plain HTTP/1.1\r\nHost: a\r\n\r\n\
             GET /later/3 HTTP/1.1\r\nHost: a\r\n\r\n",
            [Reply::ok("1"), plain.clone(), Reply::ok("3")],
        ),
        case(
            "Connection: close",
            rule,
            "GET /plain HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            [plain.clone().closing()],
        ),
        case(
            "close among other options, in another case, in a second field",
            "RFC 9110 §7.6.1",
            "GET /plain HTTP/1.1\r\nHost: a\r\nConnection: x\r\nConnection: , y ,CLOSE, z\r\n\r\n",
            [plain.clone().closing()],
        ),
        case(
            "close after work",
            rule,
            "GET /later/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            [Reply::ok("x").closing()],
        ),
        case(
            "close wins over keep-alive",
            rule,
            "GET /plain HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, close\r\n\r\n",
            [plain.clone().closing()],
        ),
        case(
            "HTTP/1.0 closes, and needs no Host",
            rule,
            "GET /plain HTTP/1.0\r\n\r\n",
            [plain.clone().closing()],
        ),
        case(
            "HTTP/1.0 that asks for more",
            rule,
            "GET /plain HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
            [plain.clone().keeping()],
        ),
        case(
            "a later minor version is answered as 1.1",
            "RFC 9110 §2.5",
            "GET /plain HTTP/1.2\r\nHost: a\r\n\r\nGET /plain HTTP/1.9\r\nHost: a\r\n\r\n",
            [plain.clone(), plain.clone()],
        ),
        case(
            "a 204 has neither body nor length",
            "RFC 9110 §8.6, §15.3.5",
            "GET /empty HTTP/1.1\r\nHost: a\r\n\r\n",
            [Reply::bare("204 No Content")],
        ),
        case(
            "nor has a 304",
            "RFC 9110 §15.4.5",
            "GET /unchanged HTTP/1.1\r\nHost: a\r\n\r\n",
            [Reply::bare("304 Not Modified").with("ETag: \"a\"")],
        ),
        case(
            "any other without a body says so",
            "RFC 9110 §8.6",
            "POST /new HTTP/1.1\r\nHost: a\r\n\r\n",
            [Reply::bare("201 Created").with("Content-Length: 0").with("Location: /1")],
        ),
    ]);
}

#[test]
fn bodies_with_a_length() {
    let rule = "RFC 9112 §6.3, §9.3";
    let plain = Reply::ok("plain\n");
    run([
        case(
            "are given to the application",
            "RFC 9110 §9.3.3",
            "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab\r\nc",
            [Reply::ok("ab\r\nc")],
        ),
        case(
            "one after the other",
            rule,
            "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab\
             POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n\
             POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nc",
            [Reply::ok("ab"), Reply::ok(""), Reply::ok("c")],
        ),
        case(
            "without a length there is none",
            rule,
            "POST /echo HTTP/1.1\r\nHost: a\r\n\r\n",
            [Reply::ok("")],
        ),
        case(
            "that look like a request are none",
            rule,
            "GET /plain HTTP/1.1\r\nHost: a\r\nContent-Length: 30\r\n\r\n\
             GET /later/x HTTP/1.1\r\nHost: a",
            [plain.clone()],
        ),
        case(
            "with zeros before the length",
            "RFC 9110 §8.6",
            "GET /plain HTTP/1.1\r\nHost: a\r\nContent-Length: 0000000000000000000000003\r\n\r\nabc",
            [plain.clone()],
        ),
        case(
            "behind a method that is not allowed",
            rule,
            "POST /plain HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
            [Reply::new("405 Method Not Allowed", "only GET, HEAD, OPTIONS here\n")
                .with("Allow: GET, HEAD, OPTIONS")],
        ),
        case(
            "before work",
            rule,
            "GET /later/x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
            [Reply::ok("x")],
        ),
        case(
            "before closing",
            "RFC 9112 §9.6",
            "GET /plain HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc",
            [plain.clone().closing()],
        ),
        case(
            "in HTTP/1.0",
            "RFC 1945 §8.3",
            "POST /echo HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nabc",
            [Reply::ok("abc").keeping()],
        ),
    ]);
}

#[test]
fn bodies_in_chunks() {
    let rule = "RFC 9112 §7.1";
    let echo = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    let all = |name, rule, chunks: &str, body: &str| {
        check(&format!("{name} ({rule})"), format!("{echo}{chunks}").as_bytes(), &[Reply::ok(body)])
    };
    all("one chunk", rule, "3\r\nabc\r\n0\r\n\r\n", "abc");
    all("several", rule, "3\r\nabc\r\n1\r\nd\r\n0a\r\n0123456789\r\n0\r\n\r\n", "abcd0123456789");
    all("none", rule, "0\r\n\r\n", "");
    all(
        "digits in either case, zeros before and for the end",
        rule,
        "00000000000000A\r\n0123456789\r\n0b\r\n0123456789a\r\n000\r\n\r\n",
        "01234567890123456789a",
    );
    all("data that looks like the end", rule, "7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n", "\r\n0\r\n\r\n");
    let extensions = "3;a;b=c; d=\"e;\\\"f\"\r\nabc\r\n0 ;\tg\r\n\r\n";
    all("extensions are not ours", "RFC 9112 §7.1.1", extensions, "abc");
    let trailers = "3\r\nabc\r\n0\r\nX: y\r\nContent-Length: 9\r\nHost: b\r\n\r\n";
    all("trailers never become fields of the head", "RFC 9110 §6.5.1", trailers, "abc");
    run([
        case(
            "not asked for",
            rule,
            "GET /plain HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: ,Chunked \r\n\r\n1\r\na\r\n0\r\n\r\n",
            [Reply::ok("plain\n")],
        ),
        case(
            "before work, and before closing",
            rule,
            "GET /later/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\
             Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
            [Reply::ok("x").closing()],
        ),
    ]);
}

#[test]
fn expectations() {
    let rule = "RFC 9110 §10.1.1";
    let go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    run([
        case(
            "who waits to send a body is told to go on",
            rule,
            "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 3\r\n\r\nabc",
            [Reply::ok("abc").after(go_on)],
        ),
        case(
            "in chunks too",
            rule,
            "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\
             Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
            [Reply::ok("abc").after(go_on)],
        ),
        case(
            "without a body there is nothing to wait for",
            rule,
            "GET /plain HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n",
            [Reply::ok("plain\n")],
        ),
        case(
            "HTTP/1.0 cannot wait",
            rule,
            "GET /plain HTTP/1.0\r\nConnection: keep-alive\r\nExpect: 100-continue\r\n\
             Content-Length: 3\r\n\r\nabc",
            [Reply::ok("plain\n").keeping()],
        ),
    ]);
}

#[test]
fn responses_in_pieces() {
    let rule = "RFC 9112 §6.3";
    let get = |kind: &str| format!("GET /pieces/{kind} HTTP/1.1\r\nHost: a\r\n\r\n");
    let whole = Reply::ok("abcdefg");
    let chunks = Reply::chunked("3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n");
    let failed = "500 Internal Server Error: the server failed at this request\n";
    for (name, rule, kind, reply) in [
        ("of a known length", rule, "length", whole.clone()),
        ("made by work", rule, "later", whole.clone()),
        ("of no length: nothing is made", rule, "none", Reply::ok("")),
        ("in chunks: no empty one before the last", "RFC 9112 §7.1", "chunks", chunks.clone()),
        ("what is over the length is not sent", rule, "over", Reply::ok("abcde")),
        ("too short: cut", "RFC 9112 §8", "short", Reply::ok("abcdefgXX").cut_to("abcdefg")),
        ("failing: cut", "RFC 9112 §8", "fails", Reply::ok("abcdefgXX").cut_to("abcdefg")),
        (
            "failing in chunks: cut before the last",
            "RFC 9112 §8",
            "fails-in-chunks",
            chunks.clone().cut_to("3\r\nabc\r\n4\r\ndefg\r\n"),
        ),
        (
            "a panic after the head was sent adds nothing to it",
            "RFC 9112 §8",
            "panics",
            Reply::ok("abcdefgXX").cut_to("abcdefg"),
        ),
        (
            "a panic before it is a 500",
            "RFC 9110 §15.6.1",
            "panics-at-once",
            Reply::new("500 Internal Server Error", failed).closing(),
        ),
    ] {
        check(&format!("{name} ({rule})"), get(kind).as_bytes(), &[reply]);
    }
    run([
        case(
            "to HEAD only the head",
            "RFC 9110 §9.3.2",
            "HEAD /pieces/length HTTP/1.1\r\nHost: a\r\n\r\nHEAD /pieces/chunks HTTP/1.1\r\nHost: a\r\n\r\n",
            [whole.clone().without_body(), chunks.clone().without_body()],
        ),
        case(
            "in order with others, and then the end",
            "RFC 9112 §9.3.2",
            "GET /pieces/chunks HTTP/1.1\r\nHost: a\r\n\r\nGET /plain HTTP/1.1\r\nHost: a\r\n\r\n\
             GET /pieces/length HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            [chunks, Reply::ok("plain\n"), whole.clone().closing()],
        ),
        case(
            "HTTP/1.0 with a length may go on",
            rule,
            "GET /pieces/length HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
            [whole.keeping()],
        ),
        case(
            "HTTP/1.0 knows no chunks: the end is where the connection closes",
            "RFC 9112 §6.1, §6.3",
            "GET /pieces/chunks HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
            [Reply::bare("200 OK")
                .with("Content-Type: text/plain; charset=utf-8")
                .closing()
                .cut_to("abcdefg")],
        ),
        case(
            "to an HTTP/1.0 HEAD there is no such end",
            "RFC 9110 §9.3.2",
            "HEAD /pieces/chunks HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
            [Reply::bare("200 OK").with("Content-Type: text/plain; charset=utf-8").keeping()],
        ),
    ]);
}

#[test]
fn panics() {
    let text = "500 Internal Server Error: the server failed at this request\n";
    let failed = Reply::new("500 Internal Server Error", text).closing();
    let rule = "RFC 9110 §15.6.1";
    run([
        case("in a job", rule, "GET /panic HTTP/1.1\r\nHost: a\r\n\r\n", [failed.clone()]),
        case("in an answer", rule, "GET /broken HTTP/1.1\r\nHost: a\r\n\r\n", [failed.clone()]),
        case(
            "for a HEAD, after a GET",
            rule,
            "GET /plain HTTP/1.1\r\nHost: a\r\n\r\nHEAD /panic HTTP/1.1\r\nHost: a\r\n\r\n",
            [Reply::ok("plain\n"), failed.without_body()],
        ),
    ]);
}

#[test]
fn a_panic_in_the_last_word_only_closes() {
    struct Hopeless;
    impl App for Hopeless {
        fn answer(&self, request: &Request<'_>) -> Answer {
            match request.path() {
                "/later" => Answer::later(|| panic!("on purpose, in a job")),
                _ => panic!("on purpose, in the answer"),
            }
        }
        fn date(&self) -> HttpDate {
            *b"Sun, 06 Nov 1994 08:49:37 GMT"
        }
        fn failure(&self) -> Response {
            panic!("on purpose, in the last word")
        }
    }
    for path in ["/", "/later"] {
        let session = Session::new(Box::new(Connection::new(Arc::new(Hopeless))));
        let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").repeat(2);
        assert_eq!(proto::converse(session, request.as_bytes(), 1000), b"", "{path}");
    }
}
