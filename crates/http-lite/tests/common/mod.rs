//! A small application, how to talk to it, and how its replies are written down.

#![allow(dead_code, reason = "each test file is a program of its own and uses what it needs")]

use std::io;
use std::sync::Arc;

use http_lite::{
    Answer, App, Connection, HttpDate, Params, Pieces, Request, Response, Router, Status, get, post,
};
use proto::{Session, Want};

/// What time it is in the tests.
pub const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

/// A request that shows whether another is still answered.
pub const PROBE: &str = "GET /plain HTTP/1.1\r\nHost: a\r\n\r\n";

struct Probe;

const ROUTES: Router<Probe> = Router {
    routes: &[
        get("/", |_, _, _| Response::text(Status::OK, "root\n").into()),
        get("/plain", |_, _, _| Response::text(Status::OK, "plain\n").into()),
        get("/empty", |_, _, _| Response::text(Status::NO_CONTENT, "not sent").into()),
        get("/unchanged", |_, _, _| {
            Response::text(Status::NOT_MODIFIED, "not sent").with("ETag", "\"a\"").into()
        }),
        post("/new", |_, _, _| Response::empty(Status::CREATED).with("Location", "/1").into()),
        post("/echo", |_, request, _| {
            Response::text(Status::OK, String::from_utf8_lossy(request.body()).into_owned()).into()
        }),
        get("/pieces/{kind}", in_pieces),
        get("/seen", seen),
        get("/later/{what}", later),
        get("/panic", |_, _, _| Answer::later(|| panic!("on purpose, in a job"))),
        get("/broken", |_, _, _| panic!("on purpose, in the answer")),
        get("/split", split),
    ],
    not_found: |_, _| Response::text(Status::NOT_FOUND, "nothing here\n").into(),
    not_allowed: |_, _, allow| {
        let text = format!("only {allow} here\n");
        Response::text(Status::METHOD_NOT_ALLOWED, text).with("Allow", allow).into()
    },
};

impl App for Probe {
    fn answer(&self, request: &Request<'_>) -> Answer {
        ROUTES.answer(self, request)
    }

    fn date(&self) -> HttpDate {
        DATE.as_bytes().try_into().expect("a date has 29 bytes")
    }
}

/// Says how it understood the request.
fn seen(_: &Probe, request: &Request<'_>, _: Params<'_>) -> Answer {
    let host = request.host().unwrap_or("none");
    let mut text = format!("{:?} host={host} query={:?}", request.version(), request.query());
    for (name, value) in request.fields() {
        text += &format!(" [{}={}]", name.escape_ascii(), value.escape_ascii());
    }
    Response::text(Status::OK, text).into()
}

fn later(_: &Probe, _: &Request<'_>, params: Params<'_>) -> Answer {
    let what = params.get("what").to_string();
    Answer::later(|| Response::text(Status::OK, what))
}

/// `abc`, `` (nothing), `defg`: with a length, without one, or not as they should be.
fn in_pieces(_: &Probe, _: &Request<'_>, params: Params<'_>) -> Answer {
    let good = || ["abc", "", "defg"].map(|piece| Ok(piece.as_bytes().to_vec())).into_iter();
    let fails = || [Err(io::Error::other("on purpose"))].into_iter();
    let panics = || std::iter::from_fn(|| panic!("on purpose, in a piece"));
    let (length, pieces): (_, Pieces) = match params.get("kind") {
        "length" | "later" => (Some(7), Box::new(good())),
        "chunks" => (None, Box::new(good())),
        "none" => (Some(0), Box::new(panics())),
        "over" => (Some(5), Box::new(good())),
        "short" => (Some(9), Box::new(good())),
        "fails" => (Some(9), Box::new(good().chain(fails()))),
        "fails-in-chunks" => (None, Box::new(good().chain(fails()))),
        "panics" => (Some(9), Box::new(good().chain(panics()))),
        "panics-at-once" => (Some(9), Box::new(panics())),
        other => panic!("the test asked for {other}"),
    };
    let response = Response::pieces(Status::OK, "text/plain; charset=utf-8", length, pieces);
    match params.get("kind") {
        "later" => Answer::later(|| response),
        _ => response.into(),
    }
}

/// Tries to smuggle a line into the head.
fn split(_: &Probe, _: &Request<'_>, _: Params<'_>) -> Answer {
    let value = "a\r\nSet-Cookie: b\0\u{7f}";
    Response::text(Status::OK, "").with("X-Value", value).into()
}

/// A connection to the small application.
pub fn connection() -> Connection {
    Connection::new(Arc::new(Probe))
}

/// Sends each piece when the session wants to read, then the end of input.
pub fn talk<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut session = Session::new(Box::new(connection()));
    // An empty piece would say that the input ended.
    let mut pieces = pieces.into_iter().filter(|piece| !piece.is_empty());
    let mut replies = Vec::new();
    loop {
        match session.want() {
            Want::Read => session.received(pieces.next().unwrap_or(&[])),
            Want::Write(bytes) => {
                replies.extend_from_slice(bytes);
                let n = bytes.len();
                session.sent(n);
            }
            Want::Run(job) => session.done(job.run()),
            Want::Close => return replies,
        }
    }
}

/// A reply as it must be, to the byte.
#[derive(Clone)]
pub struct Reply {
    head: String,
    connection: &'static str,
    body: String,
    /// The connection closes in the middle.
    cut: bool,
}

impl Reply {
    /// This status, and a body of plain text; the connection persists.
    pub fn new(status: &str, body: &str) -> Reply {
        let mut reply = Reply::bare(status);
        let length = body.len();
        reply.head += "Content-Type: text/plain; charset=utf-8\r\n";
        reply.head += &format!("Content-Length: {length}\r\n");
        reply.body = body.to_string();
        reply
    }

    /// This status without a body or a length.
    pub fn bare(status: &str) -> Reply {
        let head = format!("HTTP/1.1 {status}\r\nDate: {DATE}\r\n");
        Reply { head, connection: "", body: String::new(), cut: false }
    }

    /// 200 and this text.
    pub fn ok(body: &str) -> Reply {
        Reply::new("200 OK", body)
    }

    /// A refusal: status, reason, and the connection closes.
    pub fn refused(status: &str, why: &str) -> Reply {
        Reply::new(status, &format!("{status}: {why}\n")).closing()
    }

    /// In chunks.
    pub fn chunked(chunks: &str) -> Reply {
        let mut reply = Reply::bare("200 OK");
        reply.head += "Content-Type: text/plain; charset=utf-8\r\nTransfer-Encoding: chunked\r\n";
        reply.body = chunks.to_string();
        reply
    }

    /// With these bytes before it.
    pub fn after(mut self, bytes: &str) -> Reply {
        self.head.insert_str(0, bytes);
        self
    }

    /// With this body, whatever the head says of it.
    pub fn cut_to(mut self, body: &str) -> Reply {
        self.body = body.to_string();
        self.cut = true;
        self
    }

    /// With one more field.
    pub fn with(mut self, field: &str) -> Reply {
        self.head += &format!("{field}\r\n");
        self
    }

    /// To a `HEAD`: all but the body.
    pub fn without_body(mut self) -> Reply {
        self.body.clear();
        self
    }

    /// The last on its connection, which it says.
    pub fn closing(mut self) -> Reply {
        self.connection = "Connection: close\r\n";
        self
    }

    /// To an HTTP/1.0 client that asked to go on.
    pub fn keeping(mut self) -> Reply {
        self.connection = "Connection: keep-alive\r\n";
        self
    }

    /// Whether nothing follows.
    pub fn closes(&self) -> bool {
        self.cut || self.connection.contains("close")
    }

    /// The reply as it is sent.
    pub fn bytes(&self) -> String {
        [&self.head, self.connection, "\r\n", &self.body].concat()
    }
}

/// Sends `request` with a second one behind it, in pieces of several sizes, and demands these
/// replies: and one more, unless the last of them closes the connection.
#[track_caller]
pub fn check(name: &str, request: &[u8], replies: &[Reply]) {
    let send = [request, PROBE.as_bytes()].concat();
    let mut expected: String = replies.iter().map(Reply::bytes).collect();
    if !replies.last().is_some_and(Reply::closes) {
        expected += &Reply::ok("plain\n").bytes();
    }
    for size in [1, 2, 3, 7, send.len()] {
        let session = Session::new(Box::new(connection()));
        let reply = proto::converse(session, &send, size);
        let reply = String::from_utf8(reply).expect("all replies here are text");
        assert_eq!(reply, expected, "\n{name}, in pieces of {size}");
    }
}
