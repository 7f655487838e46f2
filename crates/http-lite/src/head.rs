//! The head of a request, parsed line by line as it arrives.

use std::ops::Range;

use crate::grammar::{TOKEN, elements, find, has_control, is_host, number, span};
use crate::limits::{MAX_BODY, MAX_FIELDS, MAX_HEAD, MAX_REQUEST_LINE};
use crate::refusal::{Refusal, bad, refuse};
use crate::request::{Method, Request, Version};
use crate::request_line::{RequestLine, too_long};
use crate::response::{After, Framing, Status};

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
                    self.check_whole(request)?;
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
        let (name, value) = split_field(line)?;
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
        self.length = number(value);
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
    fn check_whole(&self, line: &RequestLine) -> Result<(), Refusal> {
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
            // Later versions say when there is a body; here only the method does (RFC 1945 §8.3).
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
    pub fn request<'a>(&self, input: &'a [u8], body: &'a [u8]) -> Request<'a> {
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
            body,
        }
    }
}

/// A field line without its CRLF: name and value (RFC 9112 §5).
pub(crate) fn split_field(line: &[u8]) -> Result<(&[u8], &[u8]), Refusal> {
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
    Ok((name, value.trim_ascii()))
}

#[cfg(test)]
pub(crate) mod tests;
