//! The first line of a request.

use std::ops::Range;

use crate::grammar::{TOKEN, is_host, span, target};
use crate::refusal::{LINE_END, Refusal, bad, refuse};
use crate::request::{Method, Version};
use crate::response::Status;

/// The request line, with positions in the input.
pub(crate) struct RequestLine {
    pub method: Method,
    pub version: Version,
    /// Where the authority of an absolute-form target begins. It ends at the path, and in any
    /// other form is empty.
    pub authority: usize,
    /// Where path and query begin.
    pub path: usize,
    /// Where they end.
    pub target_end: usize,
    /// Where the fields begin.
    pub end: usize,
}

impl RequestLine {
    /// The request line that starts there (RFC 9112 §3). Or else the rest of the input, from a
    /// place in the line where it cannot be a request line, or has not arrived.
    #[inline]
    pub fn parse(input: &[u8], start: usize) -> Result<RequestLine, &[u8]> {
        let line = &input[start..];
        let (method, rest) = line.split_at(span(&TOKEN, line));
        let target_start = start + method.len() + 1;
        let Some(method) = Method::parse(method) else { return Err(rest) };
        let Some(after) = rest.strip_prefix(b" ") else { return Err(rest) };
        let (target, rest) = after.split_at(target(after));
        let Ok(authority) = authority(method, target) else { return Err(rest) };
        let Some((version, next)) = rest.split_first_chunk::<11>() else { return Err(rest) };
        let [b' ', version @ .., b'\r', b'\n'] = version else { return Err(rest) };
        let Some(version) = Version::parse(version) else { return Err(rest) };
        Ok(RequestLine {
            method,
            version,
            authority: target_start + authority.start,
            path: target_start + authority.end,
            target_end: target_start + target.len(),
            end: input.len() - next.len(),
        })
    }
}

/// What is wrong with a line that is no request line.
pub(crate) fn fault(line: &[u8]) -> Refusal {
    let form = "the request line is not 'METHOD /target HTTP/1.1'";
    let Some(line) = line.strip_suffix(b"\r\n") else { return Refusal::bad(LINE_END) };
    let (method, rest) = line.split_at(span(&TOKEN, line));
    let Some(after) = rest.strip_prefix(b" ") else { return Refusal::bad(form) };
    let (target, rest) = after.split_at(target(after));
    let version = match rest {
        [b' ', version @ ..] if !method.is_empty() && !target.is_empty() => version,
        [b' ', ..] | [] => return Refusal::bad(form),
        _ => return Refusal::bad("the target has a character that does not belong there"),
    };
    let [b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', b'.', b'0'..=b'9'] = version else {
        return Refusal::bad(form);
    };
    if Version::parse(version).is_none() {
        let status = Status::VERSION_NOT_SUPPORTED;
        return Refusal { status, why: "this server speaks HTTP/1.1" };
    }
    let Some(method) = Method::parse(method) else {
        return Refusal { status: Status::NOT_IMPLEMENTED, why: "the method is not known here" };
    };
    Refusal::bad(authority(method, target).err().unwrap_or(form))
}

/// What is wrong with a request line of which only the start is looked at (RFC 9112 §3).
pub(crate) fn too_long<T>(start: &[u8]) -> Result<T, Refusal> {
    let method = span(&TOKEN, start);
    match start.get(method) {
        Some(b' ') if method > 0 => refuse(Status::URI_TOO_LONG, "the target is too long"),
        None => refuse(Status::NOT_IMPLEMENTED, "no method is that long"),
        Some(_) => bad("the request line does not begin with a method"),
    }
}

/// Where in a target its authority stands. Origin-form (`/path`) and asterisk-form (`*`) have none
/// (RFC 9112 §3.2).
fn authority(method: Method, target: &[u8]) -> Result<Range<usize>, &'static str> {
    if target.starts_with(b"/") || (target == b"*" && method == Method::Options) {
        return Ok(0..0);
    }
    let scheme = [b"http://".as_slice(), b"https://"].into_iter().find(|scheme| {
        target.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    });
    let Some(start) = scheme.map(<[u8]>::len) else {
        return Err("the target is neither a path nor an http URI");
    };
    let rest = &target[start..];
    let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?')).unwrap_or(rest.len());
    // Without a host an http URI is invalid (RFC 9110 §4.2.1); so is one with a user (§4.2.4).
    if rest[..end].is_empty() || rest.starts_with(b":") || !is_host(&rest[..end]) {
        return Err("the target's authority is not a host and a port");
    }
    Ok(start..start + end)
}
