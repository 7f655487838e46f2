//! What can go wrong with a request, and how a client is told.

use std::fmt;

use http_lite::{Response, Status};
use serde_json::json;

use crate::accept::Format;
use crate::pages;

/// Why a request is not answered as it was meant. Its text says what is wrong.
#[derive(Debug)]
pub enum Error {
    /// Nothing is at this address.
    NotFound,
    /// What was sent cannot be understood, for this reason.
    BadRequest(String),
}

impl Error {
    /// The one place where an error gets its status.
    pub fn status(&self) -> Status {
        match self {
            Error::NotFound => Status::NOT_FOUND,
            Error::BadRequest(_) => Status::BAD_REQUEST,
        }
    }

    /// The response that tells a client.
    pub fn response(&self, format: Format) -> Response {
        let status = self.status();
        match format {
            Format::Html => pages::error(status, &self.to_string()),
            Format::Json => problem(status, &self.to_string()),
            Format::Text => Response::text(status, format!("{}: {self}\n", status.as_str())),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::NotFound => f.write_str("there is nothing at this address"),
            Error::BadRequest(wrong) => f.write_str(wrong),
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
