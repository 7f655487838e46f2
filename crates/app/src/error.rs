//! What can go wrong with a request, and how a client is told.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::ops::RangeInclusive;

use http_lite::{Response, Status};
use serde_json::json;

use crate::accept::Format;
use crate::pages;

/// Why a request is not answered as it was meant. Its text says what is wrong.
#[derive(Debug)]
pub enum Error {
    /// Nothing is at this address.
    NotFound,
    /// What is at this address has only these methods.
    MethodNotAllowed(Cow<'static, str>),
    /// What the client takes for granted does not hold (any more).
    PreconditionFailed,
    /// The file has only this many bytes, and none of those that were asked for.
    RangeNotSatisfiable(u64),
    /// The file is there, and the system does not let us read it.
    Unreadable(io::Error),
    /// There is no game of this id, or not any more.
    NoSuchGame,
    /// The game has ended already.
    GameOver,
    /// What was sent cannot be read, for this reason.
    BadRequest(String),
    /// What was sent can be read and makes no sense, for this reason.
    Unprocessable(String),
    /// This number was guessed, where the secret is one of those.
    OutOfRange(u64, RangeInclusive<u64>),
    /// What was sent is longer than this many bytes.
    TooLarge(usize),
    /// What was sent is of another media type than these.
    UnsupportedMediaType(&'static str),
    /// The system has no random numbers.
    NoRandomness,
    /// The server itself failed.
    Failure,
}

impl Error {
    /// The one place where an error gets its status.
    pub fn status(&self) -> Status {
        match self {
            Error::NotFound | Error::NoSuchGame => Status::NOT_FOUND,
            Error::MethodNotAllowed(_) => Status::METHOD_NOT_ALLOWED,
            Error::PreconditionFailed => Status::PRECONDITION_FAILED,
            Error::RangeNotSatisfiable(_) => Status::RANGE_NOT_SATISFIABLE,
            Error::Unreadable(error) => match error.kind() {
                io::ErrorKind::PermissionDenied => Status::FORBIDDEN,
                _ => Status::INTERNAL_ERROR,
            },
            Error::GameOver => Status::CONFLICT,
            Error::BadRequest(_) => Status::BAD_REQUEST,
            Error::Unprocessable(_) | Error::OutOfRange(..) => Status::UNPROCESSABLE_CONTENT,
            Error::TooLarge(_) => Status::CONTENT_TOO_LARGE,
            Error::UnsupportedMediaType(_) => Status::UNSUPPORTED_MEDIA_TYPE,
            Error::NoRandomness => Status::SERVICE_UNAVAILABLE,
            Error::Failure => Status::INTERNAL_ERROR,
        }
    }

    /// The response that tells a client.
    pub fn response(&self, format: Format) -> Response {
        let status = self.status();
        let response = match format {
            Format::Html => pages::error(status, &self.to_string()),
            Format::Json => problem(status, &self.to_string()),
            Format::Text => Response::text(status, format!("{}: {self}\n", status.as_str())),
        };
        self.with_fields(response)
    }

    /// The response with the fields that go with this error.
    pub fn with_fields(&self, response: Response) -> Response {
        // Nobody looked at what the client accepts: the request was lost with its answer.
        if let Error::Failure = self {
            return response;
        }
        // A cache that keeps it must not hand it to someone who accepts another format.
        let response = response.with("Vary", "Accept");
        match self {
            // RFC 9110 asks for these: §15.5.6, §15.5.16, §15.5.17.
            Error::MethodNotAllowed(allow) => response.with("Allow", allow.clone()),
            Error::UnsupportedMediaType(types) => response.with("Accept", *types),
            Error::RangeNotSatisfiable(n) => response.with("Content-Range", format!("bytes */{n}")),
            _ => response,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::NotFound => f.write_str("there is nothing at this address"),
            Error::MethodNotAllowed(allow) => write!(f, "there is only {allow} here"),
            Error::PreconditionFailed => f.write_str("the file is not what the request expects"),
            Error::RangeNotSatisfiable(n) => write!(f, "the file has {n} bytes, and not these"),
            Error::Unreadable(error) => write!(f, "the file cannot be read: {error}"),
            Error::NoSuchGame => f.write_str("there is no such game, or not any more"),
            Error::GameOver => f.write_str("this game is over: start another one"),
            Error::BadRequest(wrong) | Error::Unprocessable(wrong) => f.write_str(wrong),
            Error::OutOfRange(number, range) => {
                write!(f, "{number} is not a number from {} to {}", range.start(), range.end())
            }
            Error::TooLarge(most) => write!(f, "this may have at most {most} bytes"),
            Error::UnsupportedMediaType(types) => write!(f, "the body may be of type {types}"),
            Error::NoRandomness => f.write_str("there are no random numbers just now"),
            Error::Failure => f.write_str("the server failed at this request"),
        }
    }
}

/// An error for programs (RFC 9457 §3.1). A `type` of its own would say no more than the status
/// does, and so it is `about:blank`, and the title is the status's (§4.2.1).
fn problem(status: Status, detail: &str) -> Response {
    let body = json!({
        "type": "about:blank",
        "title": reason(status),
        "status": status.code(),
        "detail": detail,
    });
    Response::new(status, "application/problem+json", format!("{body}\n").into_bytes())
}

/// `Not Found` of `404 Not Found`.
pub fn reason(status: Status) -> &'static str {
    status.as_str().split_once(' ').map_or("", |(_, reason)| reason)
}
