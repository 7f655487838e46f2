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
    /// its replies, the client reads meanwhile. `{ETag}` and `{Last-Modified}` stand for
    /// what the last reply said in those fields.
    Send(Client, Arc<[u8]>),
    /// The client sends this and reads nothing meanwhile. Only when the server takes no more, or a while
    /// later, does it read.
    SendAhead(Client, Arc<[u8]>),
    /// The client sends this in writes of so many bytes, one after the other.
    Slices(Client, Arc<[u8]>, usize),
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
    /// The server says the first of these, and ends the connection. One that is not ours says as many as
    /// it likes, in this order, or ends it without a word.
    EndsWith(Client, Vec<Reply>),
    /// Our servers do what `ours` says; for others, this reply is as good as the end of the connection,
    /// of this and of all that follows it here. A reply that is broken off is the end, too.
    ReplyOrEnd {
        /// Who waits for it.
        client: Client,
        /// What comes, if anything comes.
        reply: Reply,
        /// What our servers do.
        ours: Last,
    },
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
    /// The server has accepted everybody who is connected: it has a descriptor for each (Linux).
    Accepted,
    /// The server is stopped as by Ctrl-Z, and goes on: SIGSTOP, and then SIGCONT (Linux).
    Pause,
    /// The server is asked to stop, by SIGTERM (Unix). At the end of the script it must have
    /// ended with code 0.
    Stop,
    /// It is asked again, until it ends: with a code that says that something was cut.
    StopAgain,
    /// It is asked to stop, and cannot finish within the grace period, which is a short one here: it ends
    /// with such a code.
    StopInVain,
    /// The client is refused who would come now. Where the others seem to be the cause that it is not,
    /// they leave.
    Refused(Client),
}

/// In what is sent: the entity tag of the last response, without the `W/` of a weak one.
pub(crate) const TAG: &str = "{ETag}";

/// The same, where it must not be a weak one.
pub(crate) const STRONG: &str = "{strong ETag}";

/// In what is sent: the date of last modification that the last response named.
pub(crate) const DATE: &str = "{Last-Modified}";

/// Which of two things happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Last {
    /// The reply.
    Reply,
    /// The end.
    End,
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
    /// What a server that is not ours may say instead. Of its fields and body nothing is expected then.
    pub also: Also,
    /// What its fields must be; what else is there does not matter.
    pub fields: Cow<'static, [Field]>,
    /// Its body.
    pub body: Body,
    /// Whether the body may end with the connection (RFC 9112 §6.3), which ours never does.
    pub until_close: bool,
    /// Whether informational responses may come before it, unasked (RFC 9110 §15.2).
    pub interim: bool,
}

/// Status codes that are as good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Also {
    /// None.
    Nothing,
    /// Any of these.
    These(&'static [u16]),
    /// Any refusal: 400 to 599.
    Refusal,
    /// Any refusal, or a redirect: 300 to 599.
    NoSuccess,
    /// Any final one: 200 to 599.
    Final,
    /// Any final one, or to go on: 100.
    Any,
}

/// What is expected of a field.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Its name, in any case.
    pub name: &'static str,
    /// What must be there.
    pub value: Value,
}

/// What is expected of a field's value.
#[derive(Debug, Clone, Copy)]
pub enum Value {
    /// This, byte for byte.
    Is(&'static str),
    /// Any.
    Any,
    /// Something that begins like this.
    Begins(&'static str),
    /// A list with this in it, in any case.
    Lists(&'static str),
    /// A date as RFC 9110 §5.6.7 prefers it: `Sun, 06 Nov 1994 08:49:37 GMT`. Or it is not there.
    Date,
    /// The field is not there.
    Absent,
}

/// The field is there, with this value.
pub(crate) const fn field(name: &'static str, value: &'static str) -> Field {
    Field { name, value: Value::Is(value) }
}

/// What is expected of a response's body.
#[derive(Debug, Clone)]
pub enum Body {
    /// These bytes.
    Is(Cow<'static, [u8]>),
    /// These bytes, which were posted; or, of a server that echoes nothing, its page.
    Echo(Vec<u8>),
    /// Any, but not none.
    Any,
    /// Any, or none.
    Whatever,
    /// None, though `Content-Length` says how long it would have been: the answer to HEAD.
    Withheld,
    /// None, by its status: 100, 204 or 304 (RFC 9112 §6.3).
    None,
}

/// How many fields of a response are read: many more than any server sends.
const FIELDS: usize = 512;

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

pub(crate) fn send_ahead(client: Client, bytes: impl AsRef<[u8]>) -> Script {
    vec![Action::SendAhead(client, bytes.as_ref().into())]
}

pub(crate) fn slices(client: Client, bytes: impl AsRef<[u8]>, size: usize) -> Script {
    vec![Action::Slices(client, bytes.as_ref().into(), size)]
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

pub(crate) fn accepted() -> Script {
    vec![Action::Accepted]
}

pub(crate) fn pause() -> Script {
    vec![Action::Pause]
}

pub(crate) fn stop() -> Script {
    vec![Action::Stop]
}

pub(crate) fn stop_again() -> Script {
    vec![Action::StopAgain]
}

pub(crate) fn stop_in_vain() -> Script {
    vec![Action::StopInVain]
}

pub(crate) fn refused_now(client: Client) -> Script {
    vec![Action::Refused(client)]
}

/// The same, `n` times.
pub(crate) fn times(n: usize, script: Script) -> Script {
    vec![script; n].concat()
}

impl Action {
    /// The same, with what it repeats of the last reply.
    pub(crate) fn repeating(&self, reply: &[u8]) -> Result<Cow<'_, Action>, String> {
        let Action::Send(client, bytes) = self else { return Ok(Cow::Borrowed(self)) };
        // Some send very many bytes, and this look at them is a quick one.
        if !bytes.contains(&b'{') {
            return Ok(Cow::Borrowed(self));
        }
        let mut filled = Cow::Borrowed(&bytes[..]);
        for (mark, name) in [(TAG, "ETag"), (STRONG, "ETag"), (DATE, "Last-Modified")] {
            let mark = mark.as_bytes();
            while let Some(at) = filled.windows(mark.len()).position(|window| window == mark) {
                let Some(value) = said(reply, name) else {
                    return Err(format!("the last response has no {name} to repeat"));
                };
                filled.to_mut().splice(at..at + mark.len(), value.into_bytes());
            }
        }
        Ok(match filled {
            Cow::Borrowed(_) => Cow::Borrowed(self),
            Cow::Owned(bytes) => Cow::Owned(Action::Send(*client, bytes.into())),
        })
    }
}

/// What a response says in this field, without the `W/` of a weak entity tag.
fn said(reply: &[u8], name: &str) -> Option<String> {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS];
    let mut parsed = httparse::Response::new(&mut fields);
    parsed.parse(reply).ok()?;
    value(&parsed, name).map(|value| value.trim_start_matches("W/").to_string())
}

impl Reply {
    /// How much of `seen` is this reply. `ended`: nothing comes after it.
    pub(crate) fn take(&self, seen: &[u8], ended: bool) -> Taken<usize> {
        match self {
            Reply::Bytes(bytes) => take_bytes(bytes, seen),
            Reply::Http(response) => Ok(response.read(seen, ended)?.map(|(length, _)| length)),
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
    /// This status and this body; nothing is expected of the fields.
    pub(crate) fn new(status: u16, body: Body) -> Response {
        let (also, fields) = (Also::Nothing, Cow::default());
        Response { status, also, fields, body, until_close: false, interim: true }
    }

    /// How much of `seen` is this response, and its body. `ended`: nothing comes after it.
    pub(crate) fn read<'a>(&self, seen: &'a [u8], ended: bool) -> Taken<(usize, Cow<'a, [u8]>)> {
        let mut fields = [httparse::EMPTY_HEADER; FIELDS];
        let mut parsed = httparse::Response::new(&mut fields);
        let head = match parsed.parse(seen) {
            Ok(httparse::Status::Complete(n)) => n,
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(error) => return Err(format!("{}, which is no response: {error}", Shown(seen))),
        };
        let wrong = |what: String| Err(format!("{what} in {}", Shown(&seen[..head])));
        let status = parsed.code.unwrap_or_default();
        let expected = status == self.status;
        if self.interim
            && !self.also.has(status)
            && self.status >= 200
            && matches!(status, 100 | 102..200)
        {
            let after = self.read(&seen[head..], ended)?;
            return Ok(after.map(|(length, body)| (head + length, body)));
        }
        if !expected && !self.also.has(status) {
            return wrong(format!("status {status}"));
        }
        if expected && let Some(what) = self.fields.iter().find_map(|field| field.miss(&parsed)) {
            return wrong(what);
        }
        let length = content_length(&parsed);
        let coded = value(&parsed, "transfer-encoding").is_some();
        if coded && length.is_some() {
            return wrong("both a Content-Length and a Transfer-Encoding (RFC 9112 §6.2)".into());
        }
        if matches!(status, 100..200 | 204 | 304) {
            // RFC 9110 §8.6: of these, only a 304 may say how long its body would have been.
            return match length {
                Some(_) if status != 304 => wrong("a Content-Length".into()),
                // RFC 9112 §6.1: the same holds for how it would have been coded.
                _ if coded && status != 304 => wrong("a Transfer-Encoding".into()),
                _ => Ok(Some((head, Cow::default()))),
            };
        }
        let Some(length) = length.map_or(Some(None), |length| length.map(Some)) else {
            return wrong("no valid Content-Length".into());
        };
        let chunked = value(&parsed, "transfer-encoding")
            .is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"));
        let withheld = matches!(self.body, Body::Withheld);
        let whole = match length {
            _ if withheld && (chunked || length.is_some()) => Some((0, Cow::default())),
            _ if chunked => dechunk(&seen[head..])?,
            Some(length) => seen[head..].get(..length).map(|body| (length, Cow::Borrowed(body))),
            None if !self.until_close => return wrong("no valid Content-Length".into()),
            None if withheld => Some((0, Cow::default())),
            None => ended.then(|| (seen.len() - head, Cow::Borrowed(&seen[head..]))),
        };
        let Some((length, body)) = whole else { return Ok(None) };
        match &self.body {
            _ if !expected => {}
            Body::None => return wrong("a status that allows a body".into()),
            Body::Is(expected) if body != *expected => {
                return wrong(format!("body {}", Shown(&body)));
            }
            Body::Echo(expected) if body != *expected => {
                return wrong(format!("body {}", Shown(&body)));
            }
            Body::Any if body.is_empty() => return wrong("an empty body".into()),
            _ => {}
        }
        Ok(Some((head + length, body)))
    }
}

impl Also {
    fn has(self, status: u16) -> bool {
        match self {
            Also::Nothing => false,
            Also::These(codes) => codes.contains(&status),
            Also::Refusal => (400..600).contains(&status),
            Also::NoSuccess => (300..600).contains(&status),
            Also::Final => (200..600).contains(&status),
            Also::Any => matches!(status, 100 | 200..600),
        }
    }
}

impl Field {
    /// What is not as expected.
    fn miss(&self, response: &httparse::Response) -> Option<String> {
        let name = self.name;
        let found = value(response, name);
        match (self.value, found) {
            (Value::Absent | Value::Date, None) => None,
            (Value::Absent, Some(_)) => Some(format!("a {name}")),
            (Value::Is(expected), found) => {
                (found != Some(expected)).then(|| format!("{name} is not `{expected}`"))
            }
            (_, None) => Some(format!("no {name}")),
            (Value::Any, Some(_)) => None,
            (Value::Begins(start), Some(found)) => {
                (!found.starts_with(start)).then(|| format!("{name} does not begin with `{start}`"))
            }
            (Value::Lists(expected), Some(found)) => {
                let listed =
                    found.split(',').any(|item| item.trim().eq_ignore_ascii_case(expected));
                (!listed).then(|| format!("{name} does not list `{expected}`"))
            }
            (Value::Date, Some(found)) => {
                (!is_date(found)).then(|| format!("{name} is no date (RFC 9110 §5.6.7)"))
            }
        }
    }
}

/// The value of the first field of this name.
fn value<'a>(response: &httparse::Response<'_, 'a>, name: &str) -> Option<&'a str> {
    let found = response.headers.iter().find(|field| field.name.eq_ignore_ascii_case(name));
    found.and_then(|field| str::from_utf8(field.value).ok())
}

/// What a response says of its length; `Some(None)` is no length: not digits only, or said twice, and not
/// alike (RFC 9112 §6.3).
fn content_length(response: &httparse::Response) -> Option<Option<usize>> {
    let named = |field: &&httparse::Header| field.name.eq_ignore_ascii_case("content-length");
    let mut values = response.headers.iter().filter(named).map(|field| field.value);
    let first = values.next()?;
    let is_one = first.iter().all(u8::is_ascii_digit) && values.all(|other| other == first);
    Some(is_one.then(|| str::from_utf8(first).ok()?.parse().ok()).flatten())
}

/// Whether this is `Sun, 06 Nov 1994 08:49:37 GMT`, on whatever day.
fn is_date(text: &str) -> bool {
    const SHAPE: &[u8] = b"Aaa, 00 Aaa 0000 00:00:00 GMT";
    let fits = |(byte, shape): (u8, &u8)| match shape {
        b'0' => byte.is_ascii_digit(),
        b'A' => byte.is_ascii_uppercase(),
        b'a' => byte.is_ascii_lowercase(),
        _ => byte == *shape,
    };
    text.len() == SHAPE.len() && text.bytes().zip(SHAPE).all(fits)
}

/// A body in chunks: how many bytes it takes with its trailers, and what it comes to. `None` while there
/// is more to come.
fn dechunk(seen: &[u8]) -> Taken<(usize, Cow<'_, [u8]>)> {
    let (mut at, mut body) = (0, Vec::new());
    loop {
        let (start, size) = match httparse::parse_chunk_size(&seen[at..]) {
            Ok(httparse::Status::Complete((start, size))) => (at + start, size as usize),
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(_) => return Err(format!("a bad chunk size: {}", Shown(&seen[at..]))),
        };
        if size == 0 {
            let length = trailers(&seen[start..])?;
            return Ok(length.map(|length| (start + length, Cow::Owned(body))));
        }
        let Some(rest) = seen.get(start..).filter(|rest| rest.len() >= 2 && rest.len() - 2 >= size)
        else {
            return Ok(None);
        };
        if rest[size..][..2] != *b"\r\n" {
            return Err(format!("a chunk without its end: {}", Shown(rest)));
        }
        body.extend_from_slice(&rest[..size]);
        at = start + size + 2;
    }
}

/// The fields behind the last chunk, of which nothing is expected: how many bytes they take, with the
/// empty line that ends them.
fn trailers(seen: &[u8]) -> Taken<usize> {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS];
    match httparse::parse_headers(seen, &mut fields) {
        Ok(httparse::Status::Complete((length, _))) => Ok(Some(length)),
        Ok(httparse::Status::Partial) => Ok(None),
        Err(error) => Err(format!("{}, which is no trailer: {error}", Shown(seen))),
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

impl Action {
    /// Who does it, or to whom it happens; of two, who is waited for.
    pub(crate) fn client(&self) -> Option<Client> {
        match self {
            Action::Connect(client)
            | Action::Send(client, _)
            | Action::SendAhead(client, _)
            | Action::Slices(client, ..)
            | Action::Expect(client, _)
            | Action::Flood(client, _)
            | Action::HalfClose(client)
            | Action::Closed(client)
            | Action::ReplyOrEnd { client, .. }
            | Action::EndsWith(client, _)
            | Action::Cut(client)
            | Action::Leave(client)
            | Action::Reset(client)
            | Action::Refused(client) => Some(*client),
            Action::Overtake { first, .. } => Some(first.0),
            Action::Descriptors(_)
            | Action::Exhausted
            | Action::Light
            | Action::Accepted
            | Action::Pause
            | Action::Stop
            | Action::StopAgain
            | Action::StopInVain => None,
        }
    }

    /// What is sent.
    pub(crate) fn bytes(&self) -> Option<&[u8]> {
        match self {
            Action::Send(_, bytes) | Action::SendAhead(_, bytes) | Action::Slices(_, bytes, _) => {
                Some(bytes)
            }
            Action::Flood(_, bytes) => Some(bytes),
            _ => None,
        }
    }
}

/// With `{:#}`, every byte that is sent or expected.
impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = |bytes| {
            if f.alternate() { format!("{:#}", Shown(bytes)) } else { format!("{}", Shown(bytes)) }
        };
        match self {
            Action::Connect(client) => write!(f, "{client} connects"),
            Action::Send(client, sent) => write!(f, "{client} sends {}", bytes(sent)),
            Action::SendAhead(client, sent) => {
                write!(f, "{client} sends {}, and reads late", bytes(sent))
            }
            Action::Slices(client, sent, 1) => {
                write!(f, "{client} sends {}, one byte at a time", bytes(sent))
            }
            Action::Slices(client, sent, size) => {
                write!(f, "{client} sends {}, {size} bytes at a time", bytes(sent))
            }
            Action::Expect(client, reply) => {
                write!(f, "{client} expects ")?;
                reply.fmt(f)
            }
            Action::Overtake { first, second } => {
                write!(f, "{} expects {}, before {} has {}", first.0, first.1, second.0, second.1)
            }
            Action::Flood(client, sent) => {
                write!(f, "{client} sends {} without end, and never reads", bytes(sent))
            }
            Action::HalfClose(client) => write!(f, "{client} says that it will send no more"),
            Action::Closed(client) => write!(f, "{client} expects the end of the connection"),
            Action::EndsWith(client, replies) => {
                let replies: Vec<String> = replies.iter().map(Reply::to_string).collect();
                let replies = replies.join(", then ");
                write!(f, "{client} expects {replies}, and then the end of the connection")
            }
            Action::ReplyOrEnd { client, reply, .. } => {
                write!(f, "{client} expects {reply}, or the end of the connection")
            }
            Action::Cut(client) => {
                write!(f, "{client} expects the end, and sends on until cut off")
            }
            Action::Leave(client) => write!(f, "{client} leaves"),
            Action::Reset(client) => write!(f, "{client} vanishes (reset)"),
            Action::Descriptors(n) => write!(f, "the server gets {n} descriptors"),
            Action::Exhausted => write!(f, "the server opens as many as it may or wants"),
            Action::Light => write!(f, "nobody costs more than 20 KiB of memory"),
            Action::Accepted => write!(f, "the server has accepted everybody"),
            Action::Pause => write!(f, "the server is paused, and goes on (SIGSTOP, SIGCONT)"),
            Action::Stop => write!(f, "the server is asked to stop"),
            Action::StopAgain => write!(f, "the server is asked to stop again, until it ends"),
            Action::StopInVain => write!(f, "the server is asked to stop, and cannot in time"),
            Action::Refused(client) => write!(f, "{client} is refused"),
        }
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reply::Bytes(bytes) => Shown(bytes).fmt(f),
            Reply::Http(response) => {
                let also = match response.also {
                    // Not every answer that was asked for is a refusal itself.
                    Also::Refusal if response.status < 400 => " or a refusal".into(),
                    also => also.to_string(),
                };
                write!(f, "a {}{also}", response.status)?;
                response.fields.iter().try_for_each(|field| write!(f, ", {field}"))?;
                match &response.body {
                    Body::Is(body) => write!(f, ", {}", Shown(body)),
                    Body::Echo(body) => write!(f, ", {}", Shown(body)),
                    Body::Any => write!(f, " with a body"),
                    Body::Whatever => Ok(()),
                    Body::Withheld | Body::None => write!(f, " without a body"),
                }
            }
        }
    }
}

impl fmt::Display for Also {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Also::Nothing => Ok(()),
            Also::These(codes) => codes.iter().try_for_each(|code| write!(f, " or a {code}")),
            Also::Refusal => f.write_str(" or another refusal"),
            Also::NoSuccess => f.write_str(" or another refusal, or a redirect"),
            Also::Final => f.write_str(" or another final response"),
            Also::Any => f.write_str(" or another response"),
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name;
        match self.value {
            Value::Is(value) => write!(f, "{name}: {value}"),
            Value::Any => write!(f, "{name}: …"),
            Value::Begins(start) => write!(f, "{name}: {start}…"),
            Value::Lists(value) => write!(f, "{name}: …{value}…"),
            Value::Date => write!(f, "{name}: a date, if any"),
            Value::Absent => write!(f, "no {name}"),
        }
    }
}

/// Bytes for a person to read; of many, the first and how many there are. With `{:#}`, of very many.
pub(crate) struct Shown<'a>(pub &'a [u8]);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let most = if f.alternate() { 4096 } else { 80 };
        let Shown(bytes) = self;
        if bytes.len() <= most {
            return write!(f, "\"{}\"", escaped(bytes));
        }
        write!(f, "\"{}…\" ({} bytes)", escaped(&bytes[..most]), bytes.len())
    }
}

/// Between double quotes, where a single one needs no backslash: one that is shown was sent.
fn escaped(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string().replace("\\'", "'")
}
