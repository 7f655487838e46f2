//! The first line of a request.

use std::ops::Range;

use crate::grammar::{TARGET, TOKEN, count_examined, is_host, span};
use crate::refusal::{Refusal, bad, refuse};
use crate::request::{Method, Version};
use crate::response::Status;

/// The request line; its ranges are positions in the input.
pub(crate) struct RequestLine {
    pub method: Method,
    pub version: Version,
    /// Of an absolute-form target.
    pub authority: Option<Range<usize>>,
    /// Path and query.
    pub target: Range<usize>,
    /// Where the fields begin.
    pub end: usize,
}

impl RequestLine {
    /// A request line without its CRLF, which begins at `start` of the input (RFC 9112 §3).
    pub fn parse(line: &[u8], start: usize) -> Result<RequestLine, Refusal> {
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
pub(crate) fn too_long<T>(start: &[u8]) -> Result<T, Refusal> {
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
