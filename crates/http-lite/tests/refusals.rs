//! What is refused, with which status, by which clause. After a refusal nothing more is answered,
//! and the connection closes: `check` sends another request behind each.

mod common;

use common::{Reply, check};
use http_lite::limits::{
    MAX_BODY, MAX_CHUNK_EXTENSIONS, MAX_FIELDS, MAX_HEAD, MAX_REQUEST_LINE, MAX_TRAILERS,
};

const BAD: &str = "400 Bad Request";

struct Case {
    /// RFC and section.
    rule: &'static str,
    request: String,
    status: &'static str,
    why: &'static str,
}

fn bad(rule: &'static str, request: impl Into<String>, why: &'static str) -> Case {
    Case { rule, request: request.into(), status: BAD, why }
}

fn refused(
    rule: &'static str,
    request: impl Into<String>,
    status: &'static str,
    why: &'static str,
) -> Case {
    Case { rule, request: request.into(), status, why }
}

/// A request that would be right, were it not for this field line.
fn with(field: &str) -> String {
    format!("GET /plain HTTP/1.1\r\nHost: a\r\n{field}\r\n\r\n")
}

fn run(cases: impl IntoIterator<Item = Case>) {
    for Case { rule, request, status, why } in cases {
        let name = format!("{:?} ({rule})", &request[..request.len().min(200)]);
        check(&name, request.as_bytes(), &[Reply::refused(status, why)]);
    }
}

#[test]
fn request_lines() {
    let form = "the request line is not 'METHOD /target HTTP/1.1'";
    let line = "RFC 9112 §3";
    run([
        bad(line, "GET\r\n", form),
        bad(line, "GET \r\n", form),
        bad(line, "GET /\r\n", form),
        bad(line, "GET / \r\n", form),
        bad(line, " GET / HTTP/1.1\r\n", form),
        bad(line, "GET  / HTTP/1.1\r\n", form),
        bad(line, "GET /  HTTP/1.1\r\n", form),
        bad(line, "GET / HTTP/1.1 \r\n", form),
        bad(line, "GET\t/\tHTTP/1.1\r\n", form),
        bad(line, "G(T / HTTP/1.1\r\n", form),
        bad("RFC 9112 §2.2", "\r\n\r\nGET / HTTP/1.1\r\n", form),
        bad("RFC 9112 §2.2", "GET / HTTP/1.1\n", "a line ends in LF without CR"),
        bad("RFC 9112 §2.2", "\nGET / HTTP/1.1\r\n", "a line ends in LF without CR"),
        bad("RFC 9112 §2.2", "GET / HTTP/1.1\r\r\n", form),
        bad("RFC 9112 §2.3", "GET / HTTP/1\r\n", form),
        bad("RFC 9112 §2.3", "GET / HTTP/1.10\r\n", form),
        bad("RFC 9112 §2.3", "GET / HTTP/1,1\r\n", form),
        bad("RFC 9112 §2.3", "GET / http/1.1\r\n", form),
        bad("RFC 9112 §2.3", "GET / HTTP/+1.1\r\n", form),
    ]);
}

#[test]
fn versions_and_methods() {
    let version = ("505 HTTP Version Not Supported", "this server speaks HTTP/1.1");
    let method = ("501 Not Implemented", "the method is not known here");
    let not = |rule, (status, why), request| refused(rule, request, status, why);
    run([
        not("RFC 9110 §15.6.6", version, "GET / HTTP/2.0\r\n"),
        not("RFC 9110 §15.6.6", version, "GET / HTTP/0.9\r\n"),
        not("RFC 9113 §3.4", version, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        not("RFC 9110 §9.1", method, "BREW /pot HTTP/1.1\r\n"),
        not("RFC 9110 §9.1: case matters", method, "get / HTTP/1.1\r\n"),
        not("RFC 9110 §9.3.6", method, "CONNECT a:80 HTTP/1.1\r\n"),
        not("RFC 9110 §9.3.8", method, "TRACE / HTTP/1.1\r\n"),
    ]);
}

#[test]
fn targets() {
    let character = "the target has a character that does not belong there";
    let form = "the target is neither a path nor an http URI";
    let authority = "the target's authority is not a host and a port";
    run([
        bad("RFC 9112 §3.2", "GET /a\0b HTTP/1.1\r\n", character),
        bad("RFC 9112 §3.2", "GET /a\rb HTTP/1.1\r\n", character),
        bad("RFC 9112 §3.2", "GET /a\tb HTTP/1.1\r\n", character),
        bad("RFC 9112 §3.2", "GET /a\u{7f}b HTTP/1.1\r\n", character),
        bad("RFC 9112 §3.2", "GET /ü HTTP/1.1\r\n", character),
        bad("RFC 9112 §3.2.1: no fragment", "GET /a#b HTTP/1.1\r\n", character),
        bad("RFC 9112 §3.2.1", "GET a HTTP/1.1\r\n", form),
        bad("RFC 9112 §3.2.2", "GET ftp://a/ HTTP/1.1\r\n", form),
        bad("RFC 9112 §3.2.2", "GET http:/a HTTP/1.1\r\n", form),
        bad("RFC 9112 §3.2.3: CONNECT only", "GET a:80 HTTP/1.1\r\n", form),
        bad("RFC 9112 §3.2.4: OPTIONS only", "GET * HTTP/1.1\r\n", form),
        bad("RFC 9110 §4.2.1", "GET http:///a HTTP/1.1\r\n", authority),
        bad("RFC 9110 §4.2.1", "GET http://:80/a HTTP/1.1\r\n", authority),
        bad("RFC 9110 §4.2.4", "GET http://user@a/ HTTP/1.1\r\n", authority),
        bad("RFC 3986 §3.2.3", "GET http://a:b/ HTTP/1.1\r\n", authority),
    ]);
}

#[test]
fn field_lines() {
    let control = "a field's value has a control character";
    let name = "a field's name has a character that does not belong there";
    let folded = "a field is folded onto a second line";
    let space = "white space stands before a field's colon";
    let lf = "a line ends in LF without CR";
    run([
        bad("RFC 9112 §5.1", with("X : b"), space),
        bad("RFC 9112 §5.1", with("X\t: b"), space),
        bad("RFC 9112 §5.1", with("Content-Length : 5"), space),
        bad("RFC 9112 §5.2", with("X: b\r\n c"), folded),
        bad("RFC 9112 §5.2", with("X: b\r\n\tc: d"), folded),
        bad("RFC 9112 §2.2", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", folded),
        bad("RFC 9112 §5", with("no colon"), space),
        bad("RFC 9112 §5", with("nocolon"), "a field has no colon"),
        bad("RFC 9112 §5", with(": b"), "a field has no name"),
        bad("RFC 9110 §5.1", with("X(: b"), name),
        bad("RFC 9110 §5.1", with("X\0: b"), name),
        bad("RFC 9110 §5.1", with("\u{fc}: b"), name),
        bad("RFC 9110 §5.5", with("X: b\rc"), control),
        bad("RFC 9110 §5.5", with("X: b\0"), control),
        bad("RFC 9110 §5.5", with("X: b\u{1b}[0m"), control),
        bad("RFC 9110 §5.5", with("X: b\u{7f}"), control),
        bad("RFC 9112 §2.2", with("X: b\r"), control),
        bad("RFC 9112 §2.2", with("X: b\nY: c"), lf),
        bad("RFC 9112 §2.2", "GET / HTTP/1.1\r\nHost: a\r\n\n", lf),
        bad("RFC 9112 §2.2", "GET / HTTP/1.1\r\nHost: a\n\n", lf),
    ]);
}

#[test]
fn hosts() {
    let wrong = "the Host is not a host and a port";
    let rule = "RFC 9112 §3.2";
    let host = |value: &str| format!("GET / HTTP/1.1\r\nHost: {value}\r\n\r\n");
    run([
        bad(rule, "GET / HTTP/1.1\r\n\r\n", "the Host is missing"),
        bad(rule, "GET http://a/ HTTP/1.1\r\n\r\n", "the Host is missing"),
        bad(rule, with("Host: a"), "there is more than one Host"),
        bad(rule, "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", "there is more than one Host"),
        bad(rule, host("a b"), wrong),
        bad(rule, host("a/b"), wrong),
        bad(rule, host("a, b"), wrong),
        bad(rule, host("user@a"), wrong),
        bad(rule, host("a:b"), wrong),
        bad(rule, host("a:80:80"), wrong),
        bad(rule, host("::1"), wrong),
        bad(rule, host("[::1"), wrong),
        bad(rule, host("[]"), wrong),
        bad(rule, host("[::1]a"), wrong),
        bad(rule, host("http://a"), wrong),
        bad(rule, host("ü"), wrong),
    ]);
}

#[test]
fn lengths() {
    let number = "the Content-Length is not a number of bytes";
    let twice = "there is more than one Content-Length";
    let rule = "RFC 9112 §6.3, RFC 9110 §8.6";
    let length = |value: &str| with(&format!("Content-Length: {value}"));
    run([
        bad(rule, length(""), number),
        bad(rule, length("+5"), number),
        bad(rule, length("-5"), number),
        bad(rule, length("0x5"), number),
        bad(rule, length("5a"), number),
        bad(rule, length("5 5"), number),
        bad(rule, length("5.0"), number),
        bad(rule, length("5, 5"), number),
        bad(rule, length("5, 6"), number),
        bad(rule, length("18446744073709551616"), number),
        bad(rule, length("5\r\nContent-Length: 6"), twice),
        bad(rule, length("5\r\ncontent-length: 5"), twice),
    ]);
}

#[test]
fn transfer_codings() {
    let coding = |value: &str| with(&format!("Transfer-Encoding: {value}"));
    let last = "the last Transfer-Encoding is not chunked";
    let after = "in Transfer-Encoding something follows chunked";
    let both = "there are both a Content-Length and a Transfer-Encoding";
    let unknown = ("501 Not Implemented", "only chunked is known as a coding");
    let not = |rule, (status, why), request: String| refused(rule, request, status, why);
    let old = "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n";
    run([
        bad("RFC 9112 §6.3", coding("chunked\r\nContent-Length: 5"), both),
        bad("RFC 9112 §6.3", with("Content-Length: 5\r\nTransfer-Encoding: chunked"), both),
        bad("RFC 9112 §6.3", with("Content-Length: 0\r\nTransfer-Encoding: x"), both),
        bad("RFC 9112 §6.1", old, "HTTP/1.0 has no Transfer-Encoding"),
        bad("RFC 9112 §6.3", coding("gzip"), last),
        bad("RFC 9112 §6.3", coding("identity"), last),
        bad("RFC 9112 §6.3", coding("xchunked"), last),
        bad("RFC 9112 §6.3", coding("chunked;q=1"), last),
        bad("RFC 9112 §6.3", coding("chunked, gzip"), after),
        bad("RFC 9112 §6.1", coding("chunked, chunked"), after),
        bad("RFC 9112 §6.1", coding("gzip, chunked, gzip"), after),
        bad("RFC 9112 §6.1", coding("chunked\r\nTransfer-Encoding: chunked"), after),
        bad("RFC 9112 §6.1", coding(" , "), "the Transfer-Encoding is empty"),
        bad("RFC 9110 §5.5", coding("\x0bchunked"), "a field's value has a control character"),
        not("RFC 9112 §6.1", unknown, coding("gzip, chunked")),
        not("RFC 9112 §6.1", unknown, coding("gzip\r\nTransfer-Encoding: Chunked")),
    ]);
}

#[test]
fn chunks() {
    let rule = "RFC 9112 §7.1";
    let after = |chunks: &str| coded(chunks);
    let hex = "a chunk's size is not hexadecimal";
    let none = "a chunk has no size";
    let digits = "a chunk's size has over 16 digits";
    let longer = "a chunk is longer than it says";
    let lf = "a line ends in LF without CR";
    let control = "a chunk's extension has a control character";
    let data = "3\r\nabc\r\n";
    run([
        bad(rule, after("\r\nabc\r\n"), none),
        bad(rule, after(";a\r\nabc\r\n"), none),
        bad(rule, after("x\r\n"), hex),
        bad(rule, after("0x3\r\nabc\r\n"), hex),
        bad(rule, after("+3\r\nabc\r\n"), hex),
        bad(rule, after("-3\r\nabc\r\n"), hex),
        bad(rule, after(" 3\r\nabc\r\n"), hex),
        bad(rule, after("3 \r\nabc\r\n"), hex),
        bad(rule, after("3_0\r\nabc\r\n"), hex),
        bad(rule, after("3 a\r\nabc\r\n"), hex),
        bad(rule, after("10000000000000003\r\nabc\r\n"), digits),
        bad(rule, after(&"0".repeat(100_000)), digits),
        bad(rule, after("3\r\nabcd\r\n"), longer),
        bad(rule, after("3\r\nabc0\r\n\r\n"), longer),
        bad(rule, after("3\r\nabc\rd"), longer),
        bad("RFC 9112 §2.2", after("3\r\nabc\n0\r\n\r\n"), longer),
        bad("RFC 9112 §2.2", after("3\nabc\r\n"), lf),
        bad("RFC 9112 §2.2", after("3;a\nabc\r\n"), lf),
        bad("RFC 9112 §7.1.1", after("3;a\rb\r\nabc\r\n"), control),
        bad("RFC 9112 §7.1.1", after("3;a\0\r\nabc\r\n"), control),
        bad("RFC 9112 §7.1.1", after("3\x0c;a\r\nabc\r\n"), control),
        bad(
            "RFC 9112 §7.1.2",
            after("0\r\nno colon\r\n\r\n"),
            "white space stands before a field's colon",
        ),
        bad(
            "RFC 9112 §7.1.2",
            after("0\r\nX: y\r\n z\r\n\r\n"),
            "a field is folded onto a second line",
        ),
        bad("RFC 9112 §7.1.2", after("0\r\nX: y\n\r\n"), lf),
        bad("RFC 9112 §7.1.2", after("0\r\n\n"), lf),
        bad(
            "RFC 9112 §7.1.2",
            after(&format!("{data}0\r\nX: \0\r\n\r\n")),
            "a field's value has a control character",
        ),
    ]);
}

#[test]
fn limits_of_chunks() {
    let body = "a".repeat(MAX_BODY as usize);
    let whole = coded(&format!("{MAX_BODY:x}\r\n{body}\r\n0\r\n\r\n"));
    let replies = common::talk([whole.as_bytes()]);
    assert!(replies.starts_with(b"HTTP/1.1 200 OK\r\n"));

    let long = format!("the body is over {MAX_BODY} bytes").leak();
    let too_large =
        |chunks: &str| refused("RFC 9110 §15.5.14", coded(chunks), "413 Content Too Large", long);
    let over = MAX_BODY + 1;
    let extensions =
        format!("the chunks have over {MAX_CHUNK_EXTENSIONS} bytes of extensions").leak();
    let extension = |n: usize| format!("1;{}\r\na\r\n", "x".repeat(n - 1));
    let half = extension(MAX_CHUNK_EXTENSIONS / 2);
    let trailers = format!("the trailers are over {MAX_TRAILERS} bytes").leak();
    let trailer = |n: usize| coded(&format!("0\r\nX: {}\r\n\r\n", "y".repeat(n - 7)));
    check(
        "extensions of the longest",
        coded(&format!("{half}{half}0\r\n\r\n")).as_bytes(),
        &[Reply::ok("aa")],
    );
    check("trailers of the longest", trailer(MAX_TRAILERS).as_bytes(), &[Reply::ok("")]);
    let fields = ("RFC 6585 §5", "431 Request Header Fields Too Large");
    run([
        too_large(&format!("{over:x}\r\n")),
        too_large("ffffffffffffffff\r\n"),
        too_large(&format!("1\r\na\r\n{MAX_BODY:x}\r\n")),
        bad("CVE-2023-39326", coded(&format!("{half}{half}0;\r\n\r\n")), extensions),
        bad("CVE-2023-39326", coded(&format!("1;{}", "x".repeat(100_000))), extensions),
        refused(fields.0, trailer(MAX_TRAILERS + 1), fields.1, trailers),
        refused(fields.0, coded(&format!("0\r\n{}", "x".repeat(100_000))), fields.1, trailers),
    ]);
}

/// A request with these chunks.
fn coded(chunks: &str) -> String {
    format!("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}")
}

#[test]
fn methods_of_http_10_that_need_a_length() {
    let why = "in HTTP/1.0 this method needs a Content-Length";
    run(["POST", "PUT", "PATCH"].map(|method| {
        let request = format!("{method} / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        refused("RFC 1945 §8.3", request, "411 Length Required", why)
    }));
}

#[test]
fn expectations() {
    let (status, why) = ("417 Expectation Failed", "only 100-continue can be expected");
    let too_long = MAX_BODY + 1;
    let upload = with(&format!("Expect: 100-continue\r\nContent-Length: {too_long}"));
    let long = format!("the body is over {MAX_BODY} bytes").leak();
    run([
        refused("RFC 9110 §10.1.1", with("Expect: a pony"), status, why),
        // Without a 100 first: it is not to be sent at all.
        refused("RFC 9110 §10.1.1", upload, "413 Content Too Large", long),
    ]);
}

#[test]
fn a_refused_head_request_gets_no_body() {
    let refused = Reply::refused(BAD, "the Host is missing").without_body();
    check("RFC 9110 §9.3.2", b"HEAD / HTTP/1.1\r\n\r\n", &[refused]);
}

#[test]
fn limits() {
    let line = MAX_REQUEST_LINE - "GET / HTTP/1.1\r\n".len();
    let target = |n| format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(n));
    let head = MAX_HEAD - with("X: ").len();
    let field = |n| with(&format!("X: {}", "b".repeat(n)));
    let fields = |n| with("X: b\r\n".repeat(n).trim_end());
    let body = |n: u64| with(&format!("Content-Length: {n}"));

    check("a target of the longest", target(line).as_bytes(), &[missing()]);
    check("a head of the longest", field(head).as_bytes(), &[plain()]);
    check("the most fields", fields(MAX_FIELDS - 1).as_bytes(), &[plain()]);
    let longest = [body(MAX_BODY), "a".repeat(MAX_BODY as usize)].concat();
    assert!(common::talk([longest.as_bytes()]).starts_with(b"HTTP/1.1 200 OK\r\n"));

    let uri = ("414 URI Too Long", "the target is too long");
    let large = format!("the head is over {MAX_HEAD} bytes").leak();
    let many = format!("there are over {MAX_FIELDS} fields").leak();
    let long = format!("the body is over {MAX_BODY} bytes").leak();
    let endless = format!("GET /{}", "a".repeat(100_000));
    let fields_rule = "RFC 6585 §5";
    let too_large = "431 Request Header Fields Too Large";
    run([
        refused("RFC 9110 §15.5.15", target(line + 1), uri.0, uri.1),
        refused("RFC 9110 §15.5.15", endless, uri.0, uri.1),
        refused(fields_rule, field(head + 1), too_large, large),
        refused(
            fields_rule,
            format!("{}{}", field(1).trim_end(), "b".repeat(100_000)),
            too_large,
            large,
        ),
        refused(
            fields_rule,
            format!("GET / HTTP/1.1\r\n{}", "b".repeat(100_000)),
            too_large,
            large,
        ),
        refused(fields_rule, fields(MAX_FIELDS), too_large, many),
        refused(
            fields_rule,
            format!("GET / HTTP/1.1\r\n{}", "X:\r\n".repeat(9_000)),
            too_large,
            many,
        ),
        refused("RFC 9110 §15.5.14", body(MAX_BODY + 1), "413 Content Too Large", long),
        refused("RFC 9110 §15.5.14", body(u64::MAX), "413 Content Too Large", long),
        refused(
            "RFC 9112 §3",
            "G".repeat(100_000),
            "501 Not Implemented",
            "no method is that long",
        ),
        bad("RFC 9112 §3", "{".repeat(100_000), "the request line does not begin with a method"),
    ]);
}

fn plain() -> Reply {
    Reply::ok("plain\n")
}

fn missing() -> Reply {
    Reply::new("404 Not Found", "nothing here\n")
}
