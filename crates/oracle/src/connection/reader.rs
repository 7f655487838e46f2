//! A reader of requests and one of responses. Both look at everything at once, and are as naive as
//! the other end of a connection could be.

use http_lite::limits::{MAX_CHUNK_EXTENSIONS, MAX_TRAILERS};

use super::app::{Asked, End};
use crate::head::{self, Outcome, Parsed, has_bare_lf, values};

/// Finds in the input each request that was asked. Returns which of them, and of what is behind the
/// last, wait with a body to be told to go on; and what is behind the last.
pub fn requests<'a>(input: &'a [u8], asked: &[Asked]) -> Result<(Vec<bool>, &'a [u8]), String> {
    let mut rest = input;
    let mut waits = Vec::new();
    for asked in asked {
        waits.push(waits_to_go_on(rest));
        let Some((request, after)) = request(rest) else {
            return Err(format!("{asked:?}\nwas asked by {}", rest.escape_ascii()));
        };
        if request != *asked {
            return Err(format!("{asked:?}\nwas asked by {request:?}"));
        }
        rest = after;
    }
    waits.push(waits_to_go_on(rest));
    Ok((waits, rest))
}

/// Whether at the start of the input there is a head that is not refused, and whose client is to be
/// told to go on with the body (RFC 9110 §10.1.1).
fn waits_to_go_on(input: &[u8]) -> bool {
    let (Outcome::Parsed(parsed), Ok(_)) = (head::theirs(input), http_lite::parse(input)) else {
        return false;
    };
    let has = |name| values(&parsed.fields, name).next().is_some();
    let is_zero = |value: &[u8]| value.iter().all(|&byte| byte == b'0');
    let has_length = values(&parsed.fields, "content-length").any(|value| !is_zero(value));
    parsed.version == 1 && has("expect") && (has("transfer-encoding") || has_length)
}

/// The request at the start of the input, if one is there, whole and right.
fn request(input: &[u8]) -> Option<(Asked, &[u8])> {
    let Outcome::Parsed(parsed) = head::theirs(input) else { return None };
    let rest = &input[parsed.length..];
    let (body, rest) = if values(&parsed.fields, "transfer-encoding").next().is_some() {
        unchunk(rest)?
    } else {
        let length = match values(&parsed.fields, "content-length").next() {
            Some(value) => str::from_utf8(value).ok()?.parse().ok()?,
            None => 0,
        };
        let (body, rest) = rest.split_at_checked(length)?;
        (body.to_vec(), rest)
    };
    let Parsed { method, path, .. } = parsed;
    const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"];
    let method = METHODS.into_iter().find(|known| *known == method)?;
    Some((Asked { method, path, body }, rest))
}

/// Takes the chunks off a body: the data, and what is behind it (RFC 9112 §7.1). `None` if they
/// are not all there, or are no chunks.
fn unchunk(input: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let (mut body, mut rest) = (Vec::new(), input);
    let mut all_extensions = 0;
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n")?;
        let (size, extensions) = chunk_size(&rest[..end])?;
        all_extensions += extensions;
        rest = &rest[end + 2..];
        if size == 0 {
            break;
        }
        let (data, after) = rest.split_at_checked(size)?;
        body.extend_from_slice(data);
        rest = after.strip_prefix(b"\r\n")?;
    }
    let trailers = trailers(rest)?;
    let within = all_extensions <= MAX_CHUNK_EXTENSIONS && trailers <= MAX_TRAILERS;
    within.then(|| (body, &rest[trailers..]))
}

/// The size that this line declares, and how long its extensions are.
fn chunk_size(line: &[u8]) -> Option<(usize, usize)> {
    let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let (digits, extensions) = line.split_at(digits);
    let semicolon = extensions.iter().find(|byte| !b" \t".contains(byte));
    let right = extensions.is_empty() || semicolon == Some(&b';');
    let control = extensions.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t');
    let size = usize::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()?;
    (digits.len() <= 16 && right && !control).then_some((size, extensions.len()))
}

/// How long the fields after the last chunk are, with the empty line that ends them.
fn trailers(input: &[u8]) -> Option<usize> {
    let mut fields = vec![httparse::EMPTY_HEADER; MAX_TRAILERS];
    match httparse::parse_headers(input, &mut fields) {
        Ok(httparse::Status::Complete((length, _))) if !has_bare_lf(&input[..length]) => {
            Some(length)
        }
        _ => None,
    }
}

/// How a conversation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastWord {
    /// The answers are what was asked for, and the client ended it.
    None,
    /// The last answer said that it was, or was cut off.
    Answer,
    /// A request was refused, with this status.
    Refusal(u16),
}

/// Reads all that was said: an answer to each request, and then perhaps a refusal. Before it, who
/// waits is told to go on, and nobody else.
pub fn responses(said: &[u8], asked: &[Asked], waits: &[bool]) -> Result<LastWord, String> {
    let mut rest = said;
    let mut last = LastWord::None;
    let mut waits = waits.iter();
    let mut go_on = |said| match waits.next() {
        Some(true) => after_go_on(said),
        _ => Ok(said),
    };
    for asked in asked {
        if last != LastWord::None {
            return Err(format!("after the last word it asks {asked:?}"));
        }
        let (status, body, end) = asked.expected();
        let (answer, after) = response(go_on(rest)?, asked.method == "HEAD")?;
        // Where the end is where the connection closes, nobody can see that it came too early.
        let cut = end == End::Cut && !answer.until_close;
        let expected = (status, &body, cut);
        if (answer.status, &answer.body, answer.cut) != expected {
            return Err(format!("{asked:?}\nis answered {answer:?}\ninstead of {expected:?}"));
        }
        if answer.closes || cut {
            last = LastWord::Answer;
        }
        rest = after;
    }
    if last == LastWord::None {
        rest = go_on(rest)?;
    }
    if last == LastWord::None && !rest.is_empty() {
        // Whether it was a HEAD that is refused, only the request line knows: then it has no body.
        let (mut refusal, mut after) = response(rest, false)?;
        if refusal.cut {
            (refusal, after) = response(rest, true)?;
        }
        if !refusal.closes || !(400..600).contains(&refusal.status) {
            return Err(format!("nobody asked for {refusal:?}"));
        }
        last = LastWord::Refusal(refusal.status);
        rest = after;
    }
    if rest.is_empty() { Ok(last) } else { Err(format!("and then: {}", rest.escape_ascii())) }
}

/// What is said after `100 Continue`, which must be there.
fn after_go_on(said: &[u8]) -> Result<&[u8], String> {
    said.strip_prefix(b"HTTP/1.1 100 Continue\r\n\r\n")
        .ok_or_else(|| format!("who waits is not told to go on: {}", said.escape_ascii()))
}

#[derive(Debug)]
struct Response {
    status: u16,
    closes: bool,
    body: Vec<u8>,
    /// It ends before it says.
    cut: bool,
    /// It ends where the connection closes.
    until_close: bool,
}

/// The response at the start of `input`, and what is behind it.
fn response(input: &[u8], to_head: bool) -> Result<(Response, &[u8]), String> {
    let mut fields = [httparse::EMPTY_HEADER; 16];
    let mut head = httparse::Response::new(&mut fields);
    let no_head = || format!("no response begins with {}", input.escape_ascii());
    let Ok(httparse::Status::Complete(length)) = head.parse(input) else { return Err(no_head()) };
    let status = head.code.ok_or_else(no_head)?;
    let rest = &input[length..];
    let field = |name: &str| {
        let mut found = head.headers.iter().filter(|field| field.name.eq_ignore_ascii_case(name));
        let value = found.next().map(|field| String::from_utf8_lossy(field.value).into_owned());
        if found.next().is_some() { Err(format!("{name} is there twice")) } else { Ok(value) }
    };
    let closes = field("connection")?.as_deref() == Some("close");
    let chunked = field("transfer-encoding")?;
    let length = field("content-length")?;
    let (body, cut, rest) = match (chunked.as_deref(), length) {
        _ if to_head || matches!(status, 204 | 304) => (Vec::new(), false, rest),
        (Some("chunked"), None) => match unchunk(rest) {
            Some((body, rest)) => (body, false, rest),
            None => (data_of_cut_chunks(rest), true, &[][..]),
        },
        (None, Some(length)) => {
            let length: usize = length.parse().map_err(|_| no_head())?;
            let n = length.min(rest.len());
            (rest[..n].to_vec(), n < length, &rest[n..])
        }
        (None, None) if closes => {
            let body = rest.to_vec();
            return Ok((Response { status, closes, body, cut: false, until_close: true }, &[]));
        }
        _ => return Err(format!("where does this end? {}", input.escape_ascii())),
    };
    Ok((Response { status, closes, body, cut, until_close: false }, rest))
}

/// What can be read of chunks whose end is missing.
fn data_of_cut_chunks(input: &[u8]) -> Vec<u8> {
    unchunk(&[input, b"0\r\n\r\n"].concat()).map_or(Vec::new(), |(body, _)| body)
}

/// Behind the last request that was answered there is none that should have been; and a refusal of
/// a head is for what is behind it.
pub fn nothing_is_missed(rest: &[u8], last: LastWord) -> Result<(), String> {
    let parsed = http_lite::parse(rest);
    match (last, parsed) {
        (LastWord::Answer, _) => Ok(()),
        (LastWord::None, Ok(_)) if request(rest).is_none() => Ok(()),
        (LastWord::Refusal(status), Err(refusal)) if refusal.status.code() == status => Ok(()),
        // In the body, which no parser of heads sees.
        (LastWord::Refusal(_), Ok(Some(_))) if request(rest).is_none() => Ok(()),
        (last, _) => Err(format!("{last:?}\nin answer to {}", rest.escape_ascii())),
    }
}
