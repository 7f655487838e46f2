//! Requests that are not looked at further.

use std::error::Error;
use std::fmt;

use crate::response::Status;

/// Why a request is not looked at further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// What is answered.
    pub status: Status,
    /// What is wrong, for people.
    pub why: &'static str,
}

impl Refusal {
    /// 400: what arrived is not HTTP.
    pub(crate) fn bad(why: &'static str) -> Refusal {
        Refusal { status: Status::BAD_REQUEST, why }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.status.as_str(), self.why)
    }
}

impl Error for Refusal {}

/// RFC 9112 §2.2 would allow to take a bare LF for the end of a line. Whoever reads it differently
/// would see another request.
pub(crate) const LINE_END: &str = "a line ends in LF without CR";

/// Refuses with this status.
pub(crate) fn refuse<T>(status: Status, why: &'static str) -> Result<T, Refusal> {
    Err(Refusal { status, why })
}

/// Refuses with 400: what arrived is not HTTP.
pub(crate) fn bad<T>(why: &'static str) -> Result<T, Refusal> {
    Err(Refusal::bad(why))
}
