//! A response, and how it is written.

use std::borrow::Cow;

use crate::connection::HttpDate;
use crate::request::Version;
use crate::stream::{Coding, Pieces, Stream};

/// A status code with its reason phrase (RFC 9110 §15).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    code: u16,
    /// The whole status line, and the name of the field that always comes next.
    line: &'static str,
}

macro_rules! statuses {
    ($($name:ident $code:literal $reason:literal)*) => {
        impl Status {
            $(
                #[doc = concat!($code, " ", $reason)]
                pub const $name: Status = Status {
                    code: $code,
                    line: concat!("HTTP/1.1 ", $code, " ", $reason, "\r\nDate: "),
                };
            )*
        }
    };
}

statuses! {
    OK 200 "OK"
    CREATED 201 "Created"
    NO_CONTENT 204 "No Content"
    PARTIAL_CONTENT 206 "Partial Content"
    MOVED_PERMANENTLY 301 "Moved Permanently"
    SEE_OTHER 303 "See Other"
    NOT_MODIFIED 304 "Not Modified"
    BAD_REQUEST 400 "Bad Request"
    FORBIDDEN 403 "Forbidden"
    NOT_FOUND 404 "Not Found"
    METHOD_NOT_ALLOWED 405 "Method Not Allowed"
    NOT_ACCEPTABLE 406 "Not Acceptable"
    REQUEST_TIMEOUT 408 "Request Timeout"
    CONFLICT 409 "Conflict"
    GONE 410 "Gone"
    LENGTH_REQUIRED 411 "Length Required"
    PRECONDITION_FAILED 412 "Precondition Failed"
    CONTENT_TOO_LARGE 413 "Content Too Large"
    URI_TOO_LONG 414 "URI Too Long"
    UNSUPPORTED_MEDIA_TYPE 415 "Unsupported Media Type"
    RANGE_NOT_SATISFIABLE 416 "Range Not Satisfiable"
    EXPECTATION_FAILED 417 "Expectation Failed"
    UNPROCESSABLE_CONTENT 422 "Unprocessable Content"
    TOO_MANY_REQUESTS 429 "Too Many Requests"
    HEAD_TOO_LARGE 431 "Request Header Fields Too Large"
    INTERNAL_ERROR 500 "Internal Server Error"
    NOT_IMPLEMENTED 501 "Not Implemented"
    SERVICE_UNAVAILABLE 503 "Service Unavailable"
    VERSION_NOT_SUPPORTED 505 "HTTP Version Not Supported"
}

impl Status {
    /// The code: 200.
    pub fn code(self) -> u16 {
        self.code
    }

    /// The code and its reason: `200 OK`.
    pub fn as_str(self) -> &'static str {
        &self.line["HTTP/1.1 ".len()..self.line.len() - "\r\nDate: ".len()]
    }
}

/// A response. The connection adds what framing needs: `Date`, `Content-Length` or
/// `Transfer-Encoding`, `Connection`.
pub struct Response {
    status: Status,
    content_type: Option<Cow<'static, str>>,
    /// Any other fields.
    fields: Vec<(&'static str, Cow<'static, str>)>,
    body: Body,
}

enum Body {
    Whole(Cow<'static, [u8]>),
    Pieces {
        /// How many bytes there are in all, where that is known beforehand.
        length: Option<u64>,
        pieces: Pieces,
    },
}

impl Response {
    /// A response with a body of this media type.
    pub fn new(
        status: Status,
        content_type: impl Into<Cow<'static, str>>,
        body: impl Into<Cow<'static, [u8]>>,
    ) -> Response {
        let body = Body::Whole(body.into());
        Response { status, content_type: Some(content_type.into()), fields: Vec::new(), body }
    }

    /// A response of plain text in UTF-8.
    pub fn text(status: Status, text: impl Into<Cow<'static, str>>) -> Response {
        Response::new(status, "text/plain; charset=utf-8", into_bytes(text.into()))
    }

    /// An HTML page in UTF-8.
    pub fn html(status: Status, page: impl Into<Cow<'static, str>>) -> Response {
        Response::new(status, "text/html; charset=utf-8", into_bytes(page.into()))
    }

    /// A response without a body.
    pub fn empty(status: Status) -> Response {
        let body = Body::Whole(Cow::Borrowed(&[]));
        Response { status, content_type: None, fields: Vec::new(), body }
    }

    /// A response whose body is made piece by piece while it is sent: of all of it, only one piece
    /// is held at a time. Each is made by a job of its own.
    ///
    /// With a `length` the client knows from the start how much will come; without one the body is
    /// sent in chunks, and to HTTP/1.0 until the connection closes. Where a piece fails, or there
    /// are fewer bytes than `length` said, the connection closes, so that the client notices (but
    /// in HTTP/1.0 without a length it cannot); what is over `length` is not sent.
    pub fn pieces(
        status: Status,
        content_type: impl Into<Cow<'static, str>>,
        length: Option<u64>,
        pieces: Pieces,
    ) -> Response {
        let body = Body::Pieces { length, pieces };
        Response { status, content_type: Some(content_type.into()), fields: Vec::new(), body }
    }

    /// The same with one more field. `Date`, `Content-Type`, `Content-Length`, `Connection` and
    /// `Transfer-Encoding` are not for here.
    ///
    /// A control character in the value is sent as a space: whatever a client managed to get into
    /// it, it does not end the line (RFC 9110 §5.5).
    pub fn with(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Response {
        self.fields.push((name, value.into()));
        self
    }

    /// The status.
    pub fn status(&self) -> Status {
        self.status
    }

    /// Whether all of it is there, and nothing remains to be made.
    pub(crate) fn is_whole(&self) -> bool {
        matches!(self.body, Body::Whole(_))
    }

    /// Writes the response, or as much of it as there is: what remains is returned.
    pub(crate) fn write(
        self,
        framing: Framing,
        date: &HttpDate,
        output: &mut Vec<u8>,
    ) -> Option<Stream> {
        let length = match &self.body {
            Body::Whole(body) => Some(body.len() as u64),
            Body::Pieces { length, .. } => *length,
        };
        let coding = match (length, framing.version) {
            (Some(left), _) => Coding::Length(left),
            (None, Version::Http11) => Coding::Chunked,
            (None, Version::Http10) => Coding::UntilClose,
        };
        // Neither a 204 nor a 304 has a body, so neither has a length (RFC 9110 §8.6, §15.4.5).
        let never_a_body = matches!(self.status, Status::NO_CONTENT | Status::NOT_MODIFIED);
        let without_body = framing.head_only || never_a_body || length == Some(0);
        let after = match coding {
            Coding::UntilClose if !without_body => After::Close,
            _ => framing.after,
        };
        self.write_head((!never_a_body).then_some(coding), after, date, output);
        if without_body {
            return None;
        }
        match self.body {
            Body::Whole(body) => {
                output.extend_from_slice(&body);
                None
            }
            Body::Pieces { pieces, .. } => Some(Stream::new(pieces, coding, after)),
        }
    }

    fn write_head(
        &self,
        coding: Option<Coding>,
        after: After,
        date: &HttpDate,
        output: &mut Vec<u8>,
    ) {
        const USUAL_HEAD: usize = 256;
        let body = if let Body::Whole(body) = &self.body { body.len() } else { 0 };
        output.reserve(USUAL_HEAD + body);
        output.extend_from_slice(self.status.line.as_bytes());
        output.extend_from_slice(date);
        if let (Some(_), Some(content_type)) = (coding, &self.content_type) {
            output.extend_from_slice(b"\r\nContent-Type: ");
            write_value(content_type, output);
        }
        match coding {
            Some(Coding::Length(length)) => {
                output.extend_from_slice(b"\r\nContent-Length: ");
                output.extend_from_slice(itoa::Buffer::new().format(length).as_bytes());
            }
            Some(Coding::Chunked) => output.extend_from_slice(b"\r\nTransfer-Encoding: chunked"),
            Some(Coding::UntilClose) | None => {}
        }
        for (name, value) in &self.fields {
            output.extend_from_slice(b"\r\n");
            output.extend_from_slice(name.as_bytes());
            output.extend_from_slice(b": ");
            write_value(value, output);
        }
        output.extend_from_slice(match after {
            After::Persist => b"\r\n\r\n".as_slice(),
            After::PersistInHttp10 => b"\r\nConnection: keep-alive\r\n\r\n",
            After::Close => b"\r\nConnection: close\r\n\r\n",
        });
    }
}

/// What a request decides about the form of its response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Framing {
    /// It was a `HEAD`: everything is the same, and then there is no body.
    pub head_only: bool,
    /// HTTP/1.0 knows no chunks.
    pub version: Version,
    /// Whether another request may follow.
    pub after: After,
}

/// What becomes of the connection after a response, and how a client is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum After {
    /// It persists, as is usual in HTTP/1.1.
    Persist,
    /// It persists, because an HTTP/1.0 client asked for it: said, or it would not know.
    PersistInHttp10,
    /// It closes.
    Close,
}

/// No control character gets through: it could end the line (RFC 9110 §5.5).
fn write_value(value: &str, output: &mut Vec<u8>) {
    // Nearly no value has any, and to look at all costs less than to look and copy one by one.
    if value.bytes().fold(false, |found, byte| found | byte.is_ascii_control()) {
        let visible = |byte: u8| if byte.is_ascii_control() { b' ' } else { byte };
        output.extend(value.bytes().map(visible));
    } else {
        output.extend_from_slice(value.as_bytes());
    }
}

fn into_bytes(text: Cow<'static, str>) -> Cow<'static, [u8]> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}
