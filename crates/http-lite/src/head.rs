//! The head of a request, parsed line by line as it arrives.

use std::ops::Range;

use crate::limits::{MAX_BODY, MAX_FIELDS, MAX_HEAD, MAX_REQUEST_LINE};
use crate::request::{Method, Request, Version};
use crate::response::{After, Status};

/// What is known of a head so far. It keeps positions, not bytes: the input stays where it is
/// until the head is whole.
#[derive(Default)]
pub(crate) struct Head {
    /// Every line that ends before here was judged; nothing from there to here ends a line.
    looked: usize,
    /// Where the line begins that is arriving.
    line: usize,
    /// The request line, once it was judged.
    request: Option<RequestLine>,
    /// How many fields there were.
    fields: usize,
    /// There was a `Host`.
    host: bool,
    /// The value of `Content-Length`.
    length: Option<u64>,
    /// What `Transfer-Encoding` lists.
    coding: Option<Coding>,
    /// `Connection` lists `close`.
    close: bool,
    /// `Connection` lists `keep-alive`.
    keep_alive: bool,
    /// `Expect: 100-continue`.
    expect: bool,
}

/// The request line; its ranges are positions in the input.
struct RequestLine {
    method: Method,
    version: Version,
    /// Of an absolute-form target.
    authority: Option<Range<usize>>,
    /// Path and query.
    target: Range<usize>,
    /// Where the fields begin.
    end: usize,
}

/// What the transfer codings listed so far come to (RFC 9112 §6.1, §7).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Coding {
    /// Just `chunked`.
    Chunked,
    /// Others, and then `chunked`.
    OthersThenChunked,
    /// Others only.
    Others,
}

/// Why a request is not looked at further.
pub(crate) struct Refusal {
    /// What is answered.
    pub status: Status,
    /// What is wrong, for people.
    pub why: &'static str,
}

fn refuse<T>(status: Status, why: &'static str) -> Result<T, Refusal> {
    Err(Refusal { status, why })
}

fn bad<T>(why: &'static str) -> Result<T, Refusal> {
    refuse(Status::BAD_REQUEST, why)
}

impl Head {
    /// Looks at what has arrived since the last call. `input` begins with the head, and has only
    /// grown at its end. Returns how long the head is, once it is whole; after an error it must
    /// not be asked again.
    pub fn advance(&mut self, input: &[u8]) -> Result<Option<usize>, Refusal> {
        while let Some(at) = find(b'\n', &input[self.looked..]) {
            let start = self.line;
            let end = self.looked + at + 1;
            self.check_limits(&input[start..end], end)?;
            (self.looked, self.line) = (end, end);
            let Some(line) = input[start..end].strip_suffix(b"\r\n") else {
                return bad("a line ends in LF without CR");
            };
            match (&self.request, line) {
                // One empty line before a request is forgiven (RFC 9112 §2.2).
                (None, b"") if start == 0 => {}
                (None, line) => self.request = Some(RequestLine::parse(line, start)?),
                (Some(request), b"") => {
                    self.check_whole(request.version)?;
                    return Ok(Some(end));
                }
                (Some(_), line) => self.field(line)?,
            }
        }
        self.looked = input.len();
        // The line is still arriving, so it will be longer than what is here by a byte at least:
        // judged now as it would be then, and the answer does not depend on the slicing.
        self.check_limits(&input[self.line..], input.len() + 1)?;
        Ok(None)
    }

    /// Whether a line, or what has arrived of it, and all up to its end is within the limits.
    fn check_limits(&self, line: &[u8], end: usize) -> Result<(), Refusal> {
        if self.request.is_none() {
            if end - self.line > MAX_REQUEST_LINE {
                return too_long(&line[..MAX_REQUEST_LINE]);
            }
        } else if end > MAX_HEAD {
            return refuse(Status::HEAD_TOO_LARGE, "the head is over 16384 bytes");
        }
        Ok(())
    }

    /// One field line, without its CRLF (RFC 9112 §5).
    fn field(&mut self, line: &[u8]) -> Result<(), Refusal> {
        self.fields += 1;
        if self.fields > MAX_FIELDS {
            return refuse(Status::HEAD_TOO_LARGE, "there are over 100 fields");
        }
        let colon = span(&TOKEN, line);
        let (name, rest) = line.split_at(colon);
        let Some(value) = rest.strip_prefix(b":") else {
            return bad(match rest.first() {
                Some(b' ' | b'\t') if colon == 0 => "a field is folded onto a second line",
                Some(b' ' | b'\t') => "white space stands before a field's colon",
                None => "a field has no colon",
                Some(_) => "a field's name has a character that does not belong there",
            });
        };
        if name.is_empty() {
            return bad("a field has no name");
        }
        if has_control(value) {
            return bad("a field's value has a control character");
        }
        let value = value.trim_ascii();
        // Told apart by length first: most fields need no comparison at all.
        match name.len() {
            4 if name.eq_ignore_ascii_case(b"host") => self.host(value),
            6 if name.eq_ignore_ascii_case(b"expect") => self.expect(value),
            10 if name.eq_ignore_ascii_case(b"connection") => self.connection(value),
            14 if name.eq_ignore_ascii_case(b"content-length") => self.content_length(value),
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => self.transfer_encoding(value),
            _ => Ok(()),
        }
    }

    /// RFC 9112 §3.2, RFC 9110 §7.2.
    fn host(&mut self, value: &[u8]) -> Result<(), Refusal> {
        if self.host {
            return bad("there is more than one Host");
        }
        if !is_host(value) {
            return bad("the Host is not a host and a port");
        }
        self.host = true;
        Ok(())
    }

    /// RFC 9110 §8.6. A repeated length, even an equal one, is a sign of trouble on the way here.
    fn content_length(&mut self, value: &[u8]) -> Result<(), Refusal> {
        if self.length.is_some() {
            return bad("there is more than one Content-Length");
        }
        let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
        let value = str::from_utf8(value).ok().filter(|_| digits);
        self.length = value.and_then(|value| value.parse().ok());
        match self.length {
            Some(_) => Ok(()),
            None => bad("the Content-Length is not a number of bytes"),
        }
    }

    /// RFC 9112 §6.1. `chunked` comes once and last.
    fn transfer_encoding(&mut self, value: &[u8]) -> Result<(), Refusal> {
        for coding in elements(value) {
            let chunked = coding.eq_ignore_ascii_case(b"chunked");
            self.coding = Some(match self.coding {
                None if chunked => Coding::Chunked,
                Some(Coding::Others) if chunked => Coding::OthersThenChunked,
                None | Some(Coding::Others) => Coding::Others,
                Some(_) => return bad("in Transfer-Encoding something follows chunked"),
            });
        }
        match self.coding {
            Some(_) => Ok(()),
            None => bad("the Transfer-Encoding is empty"),
        }
    }

    /// RFC 9112 §9.1. Other options name fields for proxies to remove, and protocols to upgrade
    /// to; neither concerns us.
    fn connection(&mut self, value: &[u8]) -> Result<(), Refusal> {
        for option in elements(value) {
            self.close |= option.eq_ignore_ascii_case(b"close");
            self.keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
        }
        Ok(())
    }

    /// RFC 9110 §10.1.1.
    fn expect(&mut self, value: &[u8]) -> Result<(), Refusal> {
        if !value.eq_ignore_ascii_case(b"100-continue") {
            return refuse(Status::EXPECTATION_FAILED, "only 100-continue can be expected");
        }
        self.expect = true;
        Ok(())
    }

    /// What can be said only when all fields are known: above all, where the body ends
    /// (RFC 9112 §6.3).
    fn check_whole(&self, version: Version) -> Result<(), Refusal> {
        if version == Version::Http11 && !self.host {
            return bad("the Host is missing");
        }
        if self.coding.is_some() {
            if self.length.is_some() {
                return bad("there are both a Content-Length and a Transfer-Encoding");
            }
            if version == Version::Http10 {
                return bad("HTTP/1.0 has no Transfer-Encoding");
            }
        }
        match self.coding {
            None => {}
            Some(Coding::Others) => return bad("the last Transfer-Encoding is not chunked"),
            Some(Coding::OthersThenChunked) => {
                return refuse(Status::NOT_IMPLEMENTED, "only chunked is known as a coding");
            }
            Some(Coding::Chunked) => {
                return refuse(Status::LENGTH_REQUIRED, "send a Content-Length, not chunks");
            }
        }
        if self.body() > MAX_BODY {
            return refuse(Status::CONTENT_TOO_LARGE, "the body is over 1048576 bytes");
        }
        Ok(())
    }

    /// Whether anything of the request has arrived.
    pub fn has_begun(&self) -> bool {
        self.request.is_some() || self.looked > self.line
    }

    /// Whether the request is known to be a `HEAD`.
    pub fn is_head(&self) -> bool {
        self.request.as_ref().is_some_and(|line| line.method == Method::Head)
    }

    /// How many bytes of body follow the head.
    pub fn body(&self) -> u64 {
        self.length.unwrap_or(0)
    }

    /// The client may be waiting for a sign before it sends the body. HTTP/1.0 knows no such sign
    /// (RFC 9110 §10.1.1).
    pub fn expects_continue(&self) -> bool {
        let http11 = self.request.as_ref().is_some_and(|line| line.version == Version::Http11);
        self.expect && http11 && self.body() > 0
    }

    /// What becomes of the connection (RFC 9112 §9.3).
    pub fn after(&self) -> After {
        let version = self.request.as_ref().map(|line| line.version);
        // Answered before it sent its body, a client may send it or not: nobody could tell what
        // follows.
        if self.close || self.expects_continue() {
            After::Close
        } else if version == Some(Version::Http11) {
            After::Persist
        } else if self.keep_alive {
            After::PersistInHttp10
        } else {
            After::Close
        }
    }

    /// The request, once the head is whole: `input` is exactly the head.
    pub fn request<'a>(&self, input: &'a [u8]) -> Request<'a> {
        let line = self.request.as_ref().expect("a whole head has a request line");
        let text = |range: &Range<usize>| {
            str::from_utf8(&input[range.clone()]).expect("a target is visible ASCII")
        };
        Request {
            method: line.method,
            version: line.version,
            authority: line.authority.as_ref().map(text),
            target: text(&line.target),
            fields: &input[line.end..input.len() - 2],
        }
    }
}

impl RequestLine {
    /// A request line without its CRLF, which begins at `start` of the input (RFC 9112 §3).
    fn parse(line: &[u8], start: usize) -> Result<RequestLine, Refusal> {
        let form = "the request line is not 'METHOD /target HTTP/1.1'";
        let method_end = span(&TOKEN, line);
        let (method, rest) = line.split_at(method_end);
        let Some(rest) = rest.strip_prefix(b" ").filter(|_| !method.is_empty()) else {
            return bad(form);
        };
        let target_start = method_end + 1;
        let (target, rest) = rest.split_at(span(&TARGET, rest));
        let Some(version) = rest.strip_prefix(b" ").filter(|_| !target.is_empty()) else {
            return bad(match rest.first() {
                Some(b' ') | None => form,
                Some(_) => "the target has a character that does not belong there",
            });
        };
        count_examined(version.len());
        let version = match version {
            b"HTTP/1.1" => Version::Http11,
            b"HTTP/1.0" => Version::Http10,
            [b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'2'..=b'9'] => Version::Http11,
            [b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', b'.', b'0'..=b'9'] => {
                return refuse(Status::VERSION_NOT_SUPPORTED, "this server speaks HTTP/1.1");
            }
            _ => return bad(form),
        };
        let Some(method) = Method::parse(method) else {
            return refuse(Status::NOT_IMPLEMENTED, "the method is not known here");
        };
        let authority = authority(method, target)?;
        let positions = |range: Range<usize>| {
            let offset = start + target_start;
            range.start + offset..range.end + offset
        };
        let path = authority.as_ref().map_or(0, |authority| authority.end);
        Ok(RequestLine {
            method,
            version,
            authority: authority.map(positions),
            target: positions(path..target.len()),
            end: start + line.len() + 2,
        })
    }
}

/// What is wrong with a request line of which only the start is looked at (RFC 9112 §3).
fn too_long<T>(start: &[u8]) -> Result<T, Refusal> {
    let method = span(&TOKEN, start);
    match start.get(method) {
        Some(b' ') if method > 0 => refuse(Status::URI_TOO_LONG, "the target is too long"),
        None => refuse(Status::NOT_IMPLEMENTED, "no method is that long"),
        Some(_) => bad("the request line does not begin with a method"),
    }
}

/// Where in a target its authority stands: `None` in origin-form (`/path`) and asterisk-form
/// (`*`), which have none (RFC 9112 §3.2).
fn authority(method: Method, target: &[u8]) -> Result<Option<Range<usize>>, Refusal> {
    if target.starts_with(b"/") || (target == b"*" && method == Method::Options) {
        return Ok(None);
    }
    let scheme = [b"http://".as_slice(), b"https://"].into_iter().find(|scheme| {
        target.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    });
    let Some(start) = scheme.map(<[u8]>::len) else {
        return bad("the target is neither a path nor an http URI");
    };
    let rest = &target[start..];
    let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?')).unwrap_or(rest.len());
    // Without a host an http URI is invalid (RFC 9110 §4.2.1); so is one with a user (§4.2.4).
    if rest[..end].is_empty() || rest.starts_with(b":") || !is_host(&rest[..end]) {
        return bad("the target's authority is not a host and a port");
    }
    Ok(Some(start..start + end))
}

/// Whether this is `uri-host [ ":" port ]` (RFC 9110 §7.2, RFC 3986 §3.2.2). The host may be
/// empty: so it is sent when the target has none.
fn is_host(value: &[u8]) -> bool {
    let literal = value.starts_with(b"[");
    let host_end = if literal {
        let digits = span(&IP_LITERAL, &value[1..]);
        if digits == 0 || value.get(digits + 1) != Some(&b']') {
            return false;
        }
        digits + 2
    } else {
        span(&REG_NAME, value)
    };
    match value[host_end..].split_first() {
        None => true,
        Some((b':', port)) => port.iter().all(u8::is_ascii_digit),
        Some(_) => false,
    }
}

/// The elements of a comma-separated list, of which some may be empty (RFC 9110 §5.6.1).
fn elements(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii).filter(|element| !element.is_empty())
}

/// A set of bytes.
type Class = [bool; 256];

macro_rules! class {
    ($class:pat) => {{
        let mut class = [false; 256];
        let mut byte = 0;
        while byte < class.len() {
            class[byte] = matches!(byte as u8, $class);
            byte += 1;
        }
        class
    }};
}

/// `tchar` (RFC 9110 §5.6.2).
const TOKEN: Class = class!(
    b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'0'..=b'9' | b'A'..=b'Z' | b'^'..=b'z' | b'|' | b'~'
);

/// Visible ASCII without `#`: a fragment is not sent (RFC 9112 §3.2.1). Browsers do send some
/// characters that RFC 3986 wants encoded, such as `|`.
const TARGET: Class = class!(b'!'..=b'"' | b'$'..=b'~');

/// `reg-name`, with `%` for `pct-encoded`, and so `IPv4address` (RFC 3986 §3.2.2).
const REG_NAME: Class = class!(
    b'!' | b'$'..=b'.' | b'0'..=b'9' | b';' | b'=' | b'A'..=b'Z' | b'_' | b'a'..=b'z' | b'~'
);

/// What may stand between the brackets of an `IP-literal` (RFC 3986 §3.2.2).
const IP_LITERAL: Class = class!(b'0'..=b'9' | b'A'..=b'F' | b'a'..=b'f' | b':' | b'.');

/// How many bytes at the start belong to the class.
fn span(class: &Class, bytes: &[u8]) -> usize {
    let n = bytes.iter().position(|&byte| !class[usize::from(byte)]).unwrap_or(bytes.len());
    count_examined(n + 1);
    n
}

/// Whether there is a byte that must not be in a field's value: CR, NUL and the like
/// (RFC 9110 §5.5). Looks at all of them, without a branch: so the compiler makes it many at once.
fn has_control(value: &[u8]) -> bool {
    count_examined(value.len());
    let control = |&byte: &u8| (byte < b' ' && byte != b'\t') | (byte == 0x7f);
    value.iter().fold(false, |found, byte| found | control(byte))
}

fn find(byte: u8, input: &[u8]) -> Option<usize> {
    let at = memchr::memchr(byte, input);
    count_examined(at.map_or(input.len(), |at| at + 1));
    at
}

#[cfg(not(test))]
fn count_examined(_: usize) {}
#[cfg(test)]
use tests::count_examined;

#[cfg(test)]
mod tests;
