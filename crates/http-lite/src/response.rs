//! A response, and how it is written.

use std::borrow::Cow;

use crate::connection::HttpDate;

/// A status code with its reason phrase (RFC 9110 §15).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    code: u16,
    /// The whole status line, ready to be sent.
    line: &'static str,
}

macro_rules! statuses {
    ($($name:ident $code:literal $reason:literal)*) => {
        impl Status {
            $(
                #[doc = concat!($code, " ", $reason)]
                pub const $name: Status = Status {
                    code: $code,
                    line: concat!("HTTP/1.1 ", $code, " ", $reason, "\r\n"),
                };
            )*
        }
    };
}

statuses! {
    OK 200 "OK"
    NO_CONTENT 204 "No Content"
    BAD_REQUEST 400 "Bad Request"
    NOT_FOUND 404 "Not Found"
    METHOD_NOT_ALLOWED 405 "Method Not Allowed"
    REQUEST_TIMEOUT 408 "Request Timeout"
    LENGTH_REQUIRED 411 "Length Required"
    CONTENT_TOO_LARGE 413 "Content Too Large"
    URI_TOO_LONG 414 "URI Too Long"
    EXPECTATION_FAILED 417 "Expectation Failed"
    HEAD_TOO_LARGE 431 "Request Header Fields Too Large"
    INTERNAL_ERROR 500 "Internal Server Error"
    NOT_IMPLEMENTED 501 "Not Implemented"
    VERSION_NOT_SUPPORTED 505 "HTTP Version Not Supported"
}

impl Status {
    /// The code: 200.
    pub fn code(self) -> u16 {
        self.code
    }

    /// The code and its reason: `200 OK`.
    pub fn as_str(self) -> &'static str {
        self.line["HTTP/1.1 ".len()..].trim_ascii_end()
    }
}

/// A whole response. The connection adds what framing needs: `Date`, `Content-Length`,
/// `Connection`.
#[derive(Debug, Clone)]
pub struct Response {
    status: Status,
    content_type: &'static str,
    /// Any other fields.
    fields: Vec<(&'static str, Cow<'static, str>)>,
    body: Cow<'static, [u8]>,
}

impl Response {
    /// A response with a body of this media type.
    pub fn new(
        status: Status,
        content_type: &'static str,
        body: impl Into<Cow<'static, [u8]>>,
    ) -> Response {
        Response { status, content_type, fields: Vec::new(), body: body.into() }
    }

    /// A response of plain text in UTF-8.
    pub fn text(status: Status, text: impl Into<Cow<'static, str>>) -> Response {
        Response::new(status, "text/plain; charset=utf-8", into_bytes(text.into()))
    }

    /// An HTML page in UTF-8.
    pub fn html(status: Status, page: impl Into<Cow<'static, str>>) -> Response {
        Response::new(status, "text/html; charset=utf-8", into_bytes(page.into()))
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

    /// Writes the response as it goes out.
    pub(crate) fn write(&self, framing: Framing, date: &HttpDate, output: &mut Vec<u8>) {
        const USUAL_HEAD: usize = 256;
        output.reserve(USUAL_HEAD + self.body.len());
        output.extend_from_slice(self.status.line.as_bytes());
        output.extend_from_slice(b"Date: ");
        output.extend_from_slice(date);
        // A 204 has neither a body nor a length (RFC 9110 §8.6).
        if self.status != Status::NO_CONTENT {
            output.extend_from_slice(b"\r\nContent-Type: ");
            output.extend_from_slice(self.content_type.as_bytes());
            output.extend_from_slice(b"\r\nContent-Length: ");
            let mut digits = itoa::Buffer::new();
            output.extend_from_slice(digits.format(self.body.len()).as_bytes());
        }
        for (name, value) in &self.fields {
            output.extend_from_slice(b"\r\n");
            output.extend_from_slice(name.as_bytes());
            output.extend_from_slice(b": ");
            let visible = |byte: u8| if byte.is_ascii_control() { b' ' } else { byte };
            output.extend(value.bytes().map(visible));
        }
        output.extend_from_slice(match framing.after {
            After::Persist => b"\r\n\r\n".as_slice(),
            After::PersistInHttp10 => b"\r\nConnection: keep-alive\r\n\r\n",
            After::Close => b"\r\nConnection: close\r\n\r\n",
        });
        if !framing.head_only && self.status != Status::NO_CONTENT {
            output.extend_from_slice(&self.body);
        }
    }
}

/// What a request decides about the form of its response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Framing {
    /// It was a `HEAD`: everything is the same, and then there is no body.
    pub head_only: bool,
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

fn into_bytes(text: Cow<'static, str>) -> Cow<'static, [u8]> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}
