//! What becomes of a request: in words, as they stand in the table.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use http_lite::{Answer, App, Connection, HttpDate, Request, Response, Status};
use libtest_mimic::Failed;
use proto::{READ_SIZE, Session};

/// It follows every request, and shows whether that was the end of it.
const NEXT: &[u8] = b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n";

/// A server that is silent for so long waits for more. A few rows of the table are about that, and
/// any other is answered at once.
const SILENCE: Duration = Duration::from_secs(4);

/// What `http-lite` does.
pub fn ours(request: &[u8]) -> Result<String, Failed> {
    let session = Session::new(Box::new(Connection::new(Arc::new(Mirror))));
    in_words(&proto::converse(session, &[request, NEXT].concat(), READ_SIZE))
}

/// Says what it was asked.
struct Mirror;

impl App for Mirror {
    fn answer(&self, request: &Request<'_>) -> Answer {
        let text = seen(request.method().as_str(), request.path(), request.query(), request.body());
        Response::new(Status::OK, "text/plain", text).into()
    }

    fn date(&self) -> HttpDate {
        *b"Sun, 06 Nov 1994 08:49:37 GMT"
    }
}

/// A request in words.
pub fn seen(method: &str, path: &str, query: Option<&str>, body: &[u8]) -> Vec<u8> {
    let query = query.map_or(String::new(), |query| format!("?{query}"));
    let mut words = format!("{method} {path}{query}").into_bytes();
    if !body.is_empty() {
        words.extend_from_slice(b" and ");
        words.extend_from_slice(body);
    }
    words
}

/// What the server at `addr` does.
pub fn theirs(addr: SocketAddr, request: &[u8]) -> Result<String, Failed> {
    let mut stream = TcpStream::connect(addr)?;
    stream.set_read_timeout(Some(SILENCE))?;
    // A server that refuses may close before all is sent: that is seen when its answer is read.
    let _ = stream.write_all(&[request, NEXT].concat());
    let (mut said, mut buffer) = (Vec::new(), [0; READ_SIZE]);
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => said.extend_from_slice(&buffer[..n]),
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::ConnectionReset => break,
                _ => return Err(error.into()),
            },
        }
        // All is answered, and the server may keep the connection for as long as it likes.
        if said.ends_with(b"\r\n\r\nGET /next") {
            break;
        }
    }
    in_words(&said)
}

/// All that was said, until the connection closed or the server waited for more.
fn in_words(said: &[u8]) -> Result<String, Failed> {
    let mut words: Vec<String> = Vec::new();
    let mut rest = said;
    while !rest.is_empty() {
        let (word, after) = reply(rest)?;
        words.push(word);
        rest = after;
    }
    match words.last().map(String::as_str) {
        None | Some("100") => words.push("waits".to_string()),
        Some("GET /next" | "no head") => {}
        Some(last) if last.starts_with(|c: char| c.is_ascii_digit()) => {}
        Some(_) => words.push("closes".to_string()),
    }
    Ok(words.join(", "))
}

/// The first reply, as a word, and what follows.
fn reply(said: &[u8]) -> Result<(String, &[u8]), Failed> {
    let wrong = || Failed::from(format!("no reply: {}", said.escape_ascii()));
    if !said.starts_with(b"HTTP/") {
        return Ok(("no head".to_string(), &[]));
    }
    let mut fields = [httparse::EMPTY_HEADER; 32];
    let mut head = httparse::Response::new(&mut fields);
    let Ok(httparse::Status::Complete(start)) = head.parse(said) else { return Err(wrong()) };
    let status = head.code.ok_or_else(wrong)?;
    let rest = &said[start..];
    if status == 100 {
        return Ok(("100".to_string(), rest));
    }
    let field = |name: &str| {
        let field = head.headers.iter().find(|field| field.name.eq_ignore_ascii_case(name))?;
        str::from_utf8(field.value).ok()
    };
    let length = match field("content-length") {
        Some(length) => length.parse().map_err(|_| wrong())?,
        None => rest.len(),
    };
    let (body, rest) = rest.split_at_checked(length).ok_or_else(wrong)?;
    let word = match status {
        200 => shortened(&body.escape_ascii().to_string()),
        refused => refused.to_string(),
    };
    Ok((word, rest))
}

/// A request that is long goes on as it began.
fn shortened(text: &str) -> String {
    match text.get(..40) {
        Some(start) => format!("{start}…"),
        None => text.to_string(),
    }
}
