//! The words that cases are written in.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// A client of a script. It talks only when the script says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Client(pub u16);

/// The clients of most scripts.
pub const A: Client = Client(0);
/// The one who comes after A.
pub const B: Client = Client(1);
/// The one who comes after B.
pub const C: Client = Client(2);

/// One step of a script. The runner takes them one after the other.
#[derive(Debug, Clone)]
pub enum Action {
    /// The client connects.
    Connect(Client),
    /// The client sends this in one write. Should the server stop reading until somebody reads
    /// its replies, the client reads meanwhile.
    Send(Client, Arc<[u8]>),
    /// This comes next. What comes after it must be expected by a later action.
    Expect(Client, Reply),
    /// `first` has its reply before `second` has one, though `second` asked before.
    Overtake {
        /// Who asked for something short.
        first: (Client, Reply),
        /// Who asked, before that, for something long.
        second: (Client, Reply),
    },
    /// The client connects and sends this again and again, and reads nothing, until the server
    /// takes no more.
    /// A server that takes 64 MiB keeps it somewhere.
    Flood(Client, Vec<u8>),
    /// The client says that it will send no more.
    HalfClose(Client),
    /// The server ends the connection in good order, and sends nothing before that.
    Closed(Client),
    /// The server has said all and ends its half. The client goes on sending, until the server has
    /// had enough and the connection breaks.
    Cut(Client),
    /// The client leaves in good order.
    Leave(Client),
    /// The client vanishes: its kernel answers anything further with a reset.
    Reset(Client),
    /// The server may have this many descriptors open, and no more (Linux).
    Descriptors(u64),
    /// The server opens as many descriptors as it may or wants.
    Exhausted,
    /// The server has needed no more than 20 KiB of memory for each client that is there (Linux).
    Light,
    /// The server is asked to stop, by SIGTERM (Unix). At the end of the script it must have
    /// ended with code 0.
    Stop,
}

/// How much a client that never reads offers. What the kernel holds for one connection, both
/// directions and both ends together, is less: where Linux's limits are highest, about 40 MiB.
pub const FLOOD: usize = 64 * 1024 * 1024;

/// What a client expects to receive.
#[derive(Debug, Clone)]
pub enum Reply {
    /// These bytes.
    Bytes(Vec<u8>),
    /// An HTTP response.
    Http(Response),
}

/// What is expected of an HTTP response. If it can have a body, it must have a `Content-Length` that
/// fits, or come in chunks.
#[derive(Debug, Clone)]
pub struct Response {
    /// Its status code.
    pub status: u16,
    /// Fields that must be there with these values; what else is there does not matter.
    pub fields: &'static [(&'static str, &'static str)],
    /// Its body.
    pub body: Body,
}

/// What is expected of a response's body.
#[derive(Debug, Clone)]
pub enum Body {
    /// These bytes.
    Is(Cow<'static, [u8]>),
    /// Any, but not none.
    Any,
    /// None, though `Content-Length` says how long it would have been: the answer to HEAD.
    Withheld,
    /// None, by its status: 100, 204 or 304 (RFC 9112 §6.3).
    None,
}

/// What is found at the start of what has come: `None` while it may still become what is expected, an
/// error when it cannot.
pub(crate) type Taken<T> = Result<Option<T>, String>;

/// A script: what happens, in order.
pub(crate) type Script = Vec<Action>;

// Scripts in their smallest pieces. Every script is made of these by `concat` and iterators.

pub(crate) fn connect(client: Client) -> Script {
    vec![Action::Connect(client)]
}

pub(crate) fn send(client: Client, bytes: impl AsRef<[u8]>) -> Script {
    vec![Action::Send(client, bytes.as_ref().into())]
}

pub(crate) fn expect(client: Client, bytes: impl AsRef<[u8]>) -> Script {
    vec![Action::Expect(client, Reply::Bytes(bytes.as_ref().to_vec()))]
}

pub(crate) fn flood(client: Client, bytes: impl AsRef<[u8]>) -> Script {
    vec![Action::Flood(client, bytes.as_ref().to_vec())]
}

pub(crate) fn half_close(client: Client) -> Script {
    vec![Action::HalfClose(client)]
}

pub(crate) fn closed(client: Client) -> Script {
    vec![Action::Closed(client)]
}

pub(crate) fn cut(client: Client) -> Script {
    vec![Action::Cut(client)]
}

pub(crate) fn leave(client: Client) -> Script {
    vec![Action::Leave(client)]
}

pub(crate) fn reset(client: Client) -> Script {
    vec![Action::Reset(client)]
}

pub(crate) fn light() -> Script {
    vec![Action::Light]
}

pub(crate) fn stop() -> Script {
    vec![Action::Stop]
}

/// The same, `n` times.
pub(crate) fn times(n: usize, script: Script) -> Script {
    vec![script; n].concat()
}

impl Reply {
    /// How much of `seen` is this reply.
    pub(crate) fn take(&self, seen: &[u8]) -> Taken<usize> {
        match self {
            Reply::Bytes(bytes) => take_bytes(bytes, seen),
            Reply::Http(response) => response.take(seen),
        }
    }
}

fn take_bytes(expected: &[u8], seen: &[u8]) -> Taken<usize> {
    let n = expected.len().min(seen.len());
    if expected[..n] == seen[..n] {
        return Ok((n == expected.len()).then_some(n));
    }
    let at = expected.iter().zip(seen).take_while(|(a, b)| a == b).count();
    let place = if at == 0 { String::new() } else { format!(" from byte {at} on") };
    Err(format!("{}{place}", Shown(&seen[at..])))
}

impl Response {
    fn take(&self, seen: &[u8]) -> Taken<usize> {
        Ok(self.read(seen)?.map(|(length, _)| length))
    }

    /// The same, and its body.
    pub(crate) fn read<'a>(&self, seen: &'a [u8]) -> Taken<(usize, Cow<'a, [u8]>)> {
        let mut fields = [httparse::EMPTY_HEADER; 64];
        let mut parsed = httparse::Response::new(&mut fields);
        let head = match parsed.parse(seen) {
            Ok(httparse::Status::Complete(n)) => n,
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(error) => return Err(format!("{}, which is no response: {error}", Shown(seen))),
        };
        let wrong = |what: String| Err(format!("{what} in {}", Shown(&seen[..head])));
        if parsed.code != Some(self.status) {
            return wrong(format!("status {}", parsed.code.unwrap_or_default()));
        }
        let field = |name: &str| {
            let found = parsed.headers.iter().find(|field| field.name.eq_ignore_ascii_case(name));
            found.and_then(|field| str::from_utf8(field.value).ok())
        };
        for (name, value) in self.fields {
            if field(name) != Some(value) {
                return wrong(format!("{name} is not `{value}`"));
            }
        }
        if let Body::None = self.body {
            // RFC 9110 §8.6: only a 304 may say how long its body would have been.
            return match field("content-length") {
                Some(_) if self.status != 304 => wrong("a Content-Length".into()),
                _ => Ok(Some((head, Cow::default()))),
            };
        }
        let chunked = field("transfer-encoding").is_some_and(|coding| coding == "chunked");
        let length = field("content-length").and_then(|value| value.parse::<usize>().ok());
        let whole = match (&self.body, length) {
            (Body::Withheld, Some(_)) => Some((0, Cow::default())),
            (Body::Withheld, None) if chunked => Some((0, Cow::default())),
            (_, None) if chunked => dechunk(&seen[head..])?,
            (_, Some(length)) => {
                seen[head..].get(..length).map(|body| (length, Cow::Borrowed(body)))
            }
            (_, None) => return wrong("no valid Content-Length".into()),
        };
        let Some((length, body)) = whole else { return Ok(None) };
        match &self.body {
            Body::Is(expected) if body != *expected => wrong(format!("body {}", Shown(&body))),
            Body::Any if body.is_empty() => wrong("an empty body".into()),
            _ => Ok(Some((head + length, body))),
        }
    }
}

/// A body in chunks, without trailers: how many bytes it takes, and what it comes to. `None` while there is more to
/// come.
fn dechunk(seen: &[u8]) -> Taken<(usize, Cow<'_, [u8]>)> {
    let (mut at, mut body) = (0, Vec::new());
    loop {
        let (start, size) = match httparse::parse_chunk_size(&seen[at..]) {
            Ok(httparse::Status::Complete((start, size))) => (at + start, size as usize),
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(_) => return Err(format!("a bad chunk size: {}", Shown(&seen[at..]))),
        };
        let Some(rest) = seen.get(start..).filter(|rest| rest.len() >= 2 && rest.len() - 2 >= size)
        else {
            return Ok(None);
        };
        if rest[size..][..2] != *b"\r\n" {
            return Err(format!("a chunk without its end: {}", Shown(rest)));
        }
        body.extend_from_slice(&rest[..size]);
        at = start + size + 2;
        if size == 0 {
            return Ok(Some((at, Cow::Owned(body))));
        }
    }
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            n @ 0..26 => write!(f, "{}", char::from(b'A' + n as u8)),
            n => write!(f, "client {}", n + 1),
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Action::Connect(client) => write!(f, "{client} connects"),
            Action::Send(client, bytes) => write!(f, "{client} sends {}", Shown(bytes)),
            Action::Expect(client, reply) => write!(f, "{client} expects {reply}"),
            Action::Overtake { first, second } => {
                write!(f, "{} expects {}, before {} has {}", first.0, first.1, second.0, second.1)
            }
            Action::Flood(client, bytes) => {
                write!(f, "{client} sends {} without end, and never reads", Shown(bytes))
            }
            Action::HalfClose(client) => write!(f, "{client} says that it will send no more"),
            Action::Closed(client) => write!(f, "{client} expects the end of the connection"),
            Action::Cut(client) => {
                write!(f, "{client} expects the end, and sends on until cut off")
            }
            Action::Leave(client) => write!(f, "{client} leaves"),
            Action::Reset(client) => write!(f, "{client} vanishes (reset)"),
            Action::Descriptors(n) => write!(f, "the server gets {n} descriptors"),
            Action::Exhausted => write!(f, "the server opens as many as it may or wants"),
            Action::Light => write!(f, "nobody costs more than 20 KiB of memory"),
            Action::Stop => write!(f, "the server is asked to stop"),
        }
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reply::Bytes(bytes) => write!(f, "{}", Shown(bytes)),
            Reply::Http(response) => {
                write!(f, "a {}", response.status)?;
                for (name, value) in response.fields {
                    write!(f, ", {name}: {value}")?;
                }
                match &response.body {
                    Body::Is(body) => write!(f, ", {}", Shown(body)),
                    Body::Any => write!(f, " with a body"),
                    Body::Withheld | Body::None => write!(f, " without a body"),
                }
            }
        }
    }
}

/// Bytes for a person to read; of many, the first and how many there are.
pub(crate) struct Shown<'a>(pub &'a [u8]);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MOST: usize = 80;
        let Shown(bytes) = self;
        if bytes.len() <= MOST {
            return write!(f, "\"{}\"", bytes.escape_ascii());
        }
        write!(f, "\"{}…\" ({} bytes)", bytes[..MOST].escape_ascii(), bytes.len())
    }
}
