//! The head of a request, parsed line by line as it arrives.

use std::ops::Range;

use crate::grammar::{TOKEN, elements, find, is, is_host, number, span, value};
use crate::limits::{MAX_BODY, MAX_FIELDS, MAX_HEAD, MAX_REQUEST_LINE};
use crate::refusal::{LINE_END, Refusal, bad, refuse};
use crate::request::{Method, Request, Version};
use crate::request_line::{self, RequestLine, too_long};
use crate::response::{After, Framing, Status};

/// What is known of a head so far. It keeps positions, not bytes: the input stays where it is
/// until the head is whole.
#[derive(Default)]
pub(crate) struct Head {
    /// How much of the input was looked at: between `line` and here, nothing ends a line.
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

/// What follows a head (RFC 9112 §6.3).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Body {
    /// The next request.
    None,
    /// So many bytes.
    Length(usize),
    /// Chunks.
    Chunked,
}

/// Parses the head of a request that `input` begins with: the request, without its body, and how
/// long the head is; `None` if it is not whole yet.
///
/// # Errors
///
/// What is wrong with it, and the status that says so. Nothing after it can be trusted.
pub fn parse(input: &[u8]) -> Result<Option<(Request<'_>, usize)>, Refusal> {
    let mut head = Head::default();
    let length = head.advance(input)?;
    Ok(length.map(|n| (head.request(&input[..n], &[]), n)))
}

impl Head {
    /// Looks at what has arrived since the last call. `input` begins with the head, and has only
    /// grown at its end. Returns how long the head is, once it is whole; after an error it must
    /// not be asked again.
    ///
    /// A line is parsed where it stands, without looking for its end first. Where that fails, the
    /// line is wrong if its end is there; if not, it is parsed again when its end has arrived.
    pub fn advance(&mut self, input: &[u8]) -> Result<Option<usize>, Refusal> {
        // What is over the limit is not looked at.
        let head = &input[..input.len().min(MAX_HEAD)];
        if self.looked > self.line && find(b'\n', &head[self.looked..]).is_none() {
            return self.wait(input);
        }
        if self.line == 0 && head.starts_with(b"\r\n") {
            // One empty line before a request is forgiven (RFC 9112 §2.2).
            self.line = 2;
        }
        if self.request.is_none() {
            let head = &head[..head.len().min(self.line + MAX_REQUEST_LINE)];
            match RequestLine::parse(head, self.line) {
                Ok(request) => self.line = self.request.insert(request).end,
                Err(rest) => match line_end(head, rest) {
                    Some(end) => return Err(request_line::fault(&head[self.line..end])),
                    None => return self.wait(input),
                },
            }
        }
        let mut lines = &head[self.line..];
        loop {
            if lines.starts_with(b"\r\n") {
                self.check_whole()?;
                return Ok(Some(head.len() - lines.len() + 2));
            }
            match Field::parse(lines) {
                Ok(field) => {
                    self.field(field.name, field.value)?;
                    lines = field.next;
                }
                Err(rest) => {
                    self.line = head.len() - lines.len();
                    return match line_end(head, rest) {
                        Some(end) => Err(field_fault(&head[self.line..end])),
                        None => self.wait(input),
                    };
                }
            }
        }
    }

    /// A line is still arriving, so it will be longer than what is here by a byte at least: judged
    /// now as it would be then, and the answer does not depend on the slicing.
    fn wait(&mut self, input: &[u8]) -> Result<Option<usize>, Refusal> {
        if self.request.is_none() {
            if let Some(start) = input[self.line..].get(..MAX_REQUEST_LINE) {
                return too_long(start);
            }
        } else if input.len() >= MAX_HEAD {
            return refuse(Status::HEAD_TOO_LARGE, "the head is over 16384 bytes");
        }
        self.looked = input.len();
        Ok(None)
    }

    /// What a field says, if it is one that framing depends on.
    fn field(&mut self, name: &[u8], value: &[u8]) -> Result<(), Refusal> {
        self.fields += 1;
        if self.fields > MAX_FIELDS {
            return refuse(Status::HEAD_TOO_LARGE, "there are over 100 fields");
        }
        // Told apart by length first: most fields need no comparison at all.
        let says = match name.len() {
            4 if is(name, b"host") => Head::host,
            6 if is(name, b"expect") => Head::expect,
            10 if is(name, b"connection") => Head::connection,
            14 if is(name, b"content-length") => Head::content_length,
            17 if is(name, b"transfer-encoding") => Head::transfer_encoding,
            _ => return Ok(()),
        };
        says(self, value.trim_ascii())
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
        self.length = number(value);
        match self.length {
            Some(_) => Ok(()),
            None => bad("the Content-Length is not a number of bytes"),
        }
    }

    /// RFC 9112 §6.1. `chunked` comes once and last.
    fn transfer_encoding(&mut self, value: &[u8]) -> Result<(), Refusal> {
        for coding in elements(value) {
            let chunked = is(coding, b"chunked");
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

    /// RFC 9110 §7.6.1. Other options name fields for proxies to remove, and protocols to upgrade
    /// to; neither concerns us.
    fn connection(&mut self, value: &[u8]) -> Result<(), Refusal> {
        for option in elements(value) {
            self.close |= is(option, b"close");
            self.keep_alive |= is(option, b"keep-alive");
        }
        Ok(())
    }

    /// RFC 9110 §10.1.1.
    fn expect(&mut self, value: &[u8]) -> Result<(), Refusal> {
        if !is(value, b"100-continue") {
            return refuse(Status::EXPECTATION_FAILED, "only 100-continue can be expected");
        }
        self.expect = true;
        Ok(())
    }

    /// What can be said only when all fields are known: above all, where the body ends
    /// (RFC 9112 §6.3).
    fn check_whole(&self) -> Result<(), Refusal> {
        let line = self.request.as_ref().expect("the request line comes first");
        if line.version == Version::Http11 && !self.host {
            return bad("the Host is missing");
        }
        if self.coding.is_some() {
            if self.length.is_some() {
                return bad("there are both a Content-Length and a Transfer-Encoding");
            }
            if line.version == Version::Http10 {
                return bad("HTTP/1.0 has no Transfer-Encoding");
            }
        }
        match (self.coding, self.length) {
            (Some(Coding::Others), _) => bad("the last Transfer-Encoding is not chunked"),
            (Some(Coding::OthersThenChunked), _) => {
                refuse(Status::NOT_IMPLEMENTED, "only chunked is known as a coding")
            }
            (None, Some(length)) if length > MAX_BODY => {
                refuse(Status::CONTENT_TOO_LARGE, "the body is over 1048576 bytes")
            }
            // HTTP/1.1 says when there is a body. In 1.0 only the method does (RFC 1945 §8.3).
            (None, None) if line.version == Version::Http10 && line.method.has_body() => {
                refuse(Status::LENGTH_REQUIRED, "in HTTP/1.0 this method needs a Content-Length")
            }
            _ => Ok(()),
        }
    }

    /// Whether anything of the request has arrived.
    pub fn has_begun(&self) -> bool {
        self.request.is_some() || self.looked > self.line
    }

    /// Whether the request is known to be a `HEAD`.
    pub fn is_head(&self) -> bool {
        self.request.as_ref().is_some_and(|line| line.method == Method::Head)
    }

    /// What follows the head.
    pub fn body(&self) -> Body {
        match (self.coding, self.length) {
            (Some(_), _) => Body::Chunked,
            (None, None | Some(0)) => Body::None,
            // No larger than MAX_BODY, or the head was refused.
            (None, Some(length)) => Body::Length(length as usize),
        }
    }

    /// The client may be waiting for a sign before it sends the body. HTTP/1.0 knows no such sign
    /// (RFC 9110 §10.1.1).
    pub fn expects_continue(&self) -> bool {
        self.expect && self.version() == Version::Http11 && self.body() != Body::None
    }

    /// What the form of the response depends on (RFC 9112 §9.3).
    pub fn framing(&self) -> Framing {
        let version = self.version();
        let after = match version {
            _ if self.close => After::Close,
            Version::Http11 => After::Persist,
            Version::Http10 if self.keep_alive => After::PersistInHttp10,
            Version::Http10 => After::Close,
        };
        Framing { head_only: self.is_head(), version, after }
    }

    fn version(&self) -> Version {
        self.request.as_ref().map_or(Version::Http11, |line| line.version)
    }

    /// The request, once the head is whole: `input` is exactly the head.
    #[inline]
    pub fn request<'a>(&self, input: &'a [u8], body: &'a [u8]) -> Request<'a> {
        let line = self.request.as_ref().expect("a whole head has a request line");
        let text =
            |range: Range<usize>| str::from_utf8(&input[range]).expect("a target is visible ASCII");
        Request {
            method: line.method,
            version: line.version,
            authority: (line.authority < line.path).then(|| text(line.authority..line.path)),
            target: &input[line.path..line.target_end],
            fields: &input[line.end..input.len() - 2],
            body,
        }
    }
}

/// A field line (RFC 9112 §5).
struct Field<'a> {
    name: &'a [u8],
    /// With the white space around it.
    value: &'a [u8],
    /// What follows the line.
    next: &'a [u8],
}

impl Field<'_> {
    /// The field line that `input` begins with. Or else the rest of the input, from a place in the
    /// line where it cannot be a field line, or has not arrived.
    #[inline]
    fn parse(input: &[u8]) -> Result<Field<'_>, &[u8]> {
        let (name, rest) = input.split_at(span(&TOKEN, input));
        let Some(after) = rest.strip_prefix(b":") else { return Err(rest) };
        if name.is_empty() {
            return Err(rest);
        }
        let (value, rest) = after.split_at(value(after));
        match rest.strip_prefix(b"\r\n") {
            Some(next) => Ok(Field { name, value, next }),
            None => Err(rest),
        }
    }
}

/// Where in `input` the line ends that `rest`, its last part, begins in; `None` if the end has
/// not arrived.
fn line_end(input: &[u8], rest: &[u8]) -> Option<usize> {
    find(b'\n', rest).map(|at| input.len() - rest.len() + at + 1)
}

/// What is wrong with a line that is no field line.
fn field_fault(line: &[u8]) -> Refusal {
    let Some(line) = line.strip_suffix(b"\r\n") else { return Refusal::bad(LINE_END) };
    let colon = span(&TOKEN, line);
    Refusal::bad(match line.get(colon) {
        Some(b' ' | b'\t') if colon == 0 => "a field is folded onto a second line",
        Some(b' ' | b'\t') => "white space stands before a field's colon",
        Some(b':') if colon == 0 => "a field has no name",
        Some(b':') => "a field's value has a control character",
        Some(_) => "a field's name has a character that does not belong there",
        None => "a field has no colon",
    })
}

/// Whether this is a field line.
pub(crate) fn check_field(line: &[u8]) -> Result<(), Refusal> {
    Field::parse(line).map(drop).map_err(|_| field_fault(line))
}

#[cfg(test)]
pub(crate) mod tests;
