//! The cases of HTTP/1.1, each with its place in RFC 9110 (semantics) or 9112 (syntax), and how
//! strongly that place demands it.

mod bodies;
pub(crate) mod files;
mod framing;
mod messages;
mod persistence;
mod refusals;
mod waiting;

use std::borrow::Cow;

// The words that the cases below are written in.
use crate::rule::{may, must, ours, should};
use crate::script::{
    A, Action, Also, B, Body, Client, DATE, Field, Last, Reply, Response, STRONG, Script, TAG,
    Value, accepted, closed, connect, cut, field, flood, half_close, leave, refused_now, reset,
    send, slices, stop, stop_again, stop_in_vain, times,
};
use crate::{Case, Given, Property, Protocol, Rule};

/// As many silent clients as a pool of a few workers cannot bear.
const SILENT: u16 = 16;

/// How deep the pipeline is.
const DEEP: u64 = 16;

/// A head that no server accepts: limits of 8 to 32 KiB are usual.
const LARGE: usize = 1024 * 1024;

/// A body that no server accepts that keeps bodies: a limit of 1 MiB is usual.
const UPLOAD: usize = 4 * 1024 * 1024;

const TEXT: &[Field] = &[field("Content-Type", "text/plain; charset=utf-8")];
const HTML: &[Field] = &[field("Content-Type", "text/html; charset=utf-8")];
const PLAIN: &[Field] = &[field("Content-Type", "text/plain"), field("Content-Length", "13")];
const CLOSE: &[Field] = &[field("Connection", "close")];
const GET_ONLY: &[Field] = &[field("Allow", "GET, HEAD, OPTIONS")];
const POST_ONLY: &[Field] = &[field("Allow", "POST, OPTIONS")];

/// What is expected of fields.
type Fields = Cow<'static, [Field]>;

/// Every case, by subject.
pub(crate) fn cases() -> Vec<Case> {
    [
        messages::CASES,
        files::CASES,
        refusals::CASES,
        framing::CASES,
        persistence::CASES,
        bodies::CASES,
        waiting::CASES,
    ]
    .concat()
}

const fn case(
    name: &'static str,
    property: Property,
    rule: Rule,
    lesson: &'static str,
    script: fn(&Given) -> Script,
) -> Case {
    Case {
        name,
        protocol: Protocol::Http,
        property,
        rule: Some(rule),
        lesson,
        mistake: None,
        script,
    }
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

/// What was posted, and nothing else.
fn echo(body: impl AsRef<[u8]>) -> Body {
    Body::Echo(body.as_ref().to_vec())
}

fn response(status: u16, fields: impl Into<Fields>, body: Body) -> Response {
    Response { fields: fields.into(), ..Response::new(status, body) }
}

/// Another server may as well answer with one of these.
fn or(also: Also, response: Response) -> Response {
    Response { also, ..response }
}

/// The page that every server has.
fn plain() -> Response {
    response(200, PLAIN, text("Hello, World!"))
}

/// The client expects this response.
fn answer(client: Client, status: u16, fields: impl Into<Fields>, body: Body) -> Script {
    expect(client, response(status, fields, body))
}

/// The same, in more words.
fn expect(client: Client, response: Response) -> Script {
    vec![Action::Expect(client, Reply::Http(response))]
}

/// The client asks, and waits for the answer.
fn ask(
    client: Client,
    request: impl AsRef<[u8]>,
    status: u16,
    fields: impl Into<Fields>,
    body: Body,
) -> Script {
    [send(client, request), answer(client, status, fields, body)].concat()
}

/// A client comes, asks this one thing, and leaves.
fn alone(request: impl AsRef<[u8]>, status: u16, fields: impl Into<Fields>, body: Body) -> Script {
    [connect(A), ask(A, request, status, fields, body), leave(A)].concat()
}

/// A client comes, asks this, is told what is wrong, and is left: what follows is not looked at, since
/// nobody knows where the next request begins. Another server may have another word for it.
fn refused(request: impl AsRef<[u8]>, status: u16) -> Script {
    [connect(A), send(A, request), refusal(status), closed(A)].concat()
}

/// Each of these is refused, and so is what follows it.
fn refused_each(status: u16, requests: impl IntoIterator<Item = String>) -> Script {
    requests.into_iter().flat_map(|request| refused(request + &get("/plain"), status)).collect()
}

/// Each of these is declined. Where it ends is clear, so another server may answer what follows it.
fn declined_each(status: u16, requests: impl IntoIterator<Item = String>) -> Script {
    let declined = |request: String| {
        let both = send(A, request + &get("/plain"));
        [connect(A), both, refusal(status), reply_or_end(A, plain(), Last::End)].concat()
    };
    requests.into_iter().flat_map(declined).collect()
}

/// Each of these is refused. Another server may instead make a request of it, in a way that an RFC
/// allows: then what follows is the next one.
fn refused_or_read_each(status: u16, requests: impl IntoIterator<Item = String>) -> Script {
    let tolerated = |request: String| {
        let both = send(A, request + &get("/plain"));
        let any = Response { also: Also::Final, ..response(status, CLOSE, Body::Any) };
        [connect(A), both, expect(A, any), reply_or_end(A, plain(), Last::End)].concat()
    };
    requests.into_iter().flat_map(tolerated).collect()
}

/// A refusal and its page.
fn refusal(status: u16) -> Script {
    expect(A, Response { also: Also::Refusal, ..response(status, CLOSE, Body::Any) })
}

/// The first of these, and the end. From another server, some of them, or the end alone.
fn ends_with(client: Client, responses: impl IntoIterator<Item = Response>) -> Script {
    vec![Action::EndsWith(client, responses.into_iter().map(Reply::Http).collect())]
}

/// This is the last that the client hears, or it hears nothing more.
fn reply_or_end(client: Client, response: Response, ours: Last) -> Script {
    vec![Action::ReplyOrEnd { client, reply: Reply::Http(response), ours }]
}
