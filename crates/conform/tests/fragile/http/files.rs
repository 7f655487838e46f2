//! The one file that is served.

use std::fs;
use std::path::Path;

use super::rules::Head;
use super::{Flaw, site::Reply};

const ETAG: &str = "\"digits\"";

/// What is at this path.
pub fn find(path: &str, flaw: Flaw) -> Option<Vec<u8>> {
    let public = Path::new(env!("CARGO_MANIFEST_DIR")).join("public");
    match path {
        "/digits.txt" => fs::read(public.join("digits.txt")).ok(),
        // It decodes as much as is needed to get out.
        _ if flaw == Flaw::WayOut => fs::read(public.join(path.trim_start_matches('/'))).ok(),
        _ => None,
    }
}

/// The file, or what is wanted of it.
pub fn answer(head: &Head, file: &[u8], flaw: Flaw) -> Reply {
    let is_it = |tag: &str| tag == "*" || tag == ETAG;
    let holds = |field: &str| head.field(field).is_none_or(is_it);
    if !holds("if-match") && flaw != Flaw::IgnoresIfMatch {
        return (412, Vec::new(), b"another version\n".to_vec());
    }
    if head.field("if-none-match").is_some_and(is_it) && flaw != Flaw::NeverUnmodified {
        let body = if flaw == Flaw::BodyWith304 { file.to_vec() } else { Vec::new() };
        return (304, Vec::new(), body);
    }
    let mut fields = vec![
        ("Content-Type", "text/plain; charset=utf-8".to_string()),
        ("Accept-Ranges", "bytes".to_string()),
        ("ETag", ETAG.to_string()),
    ];
    let wanted = head.field("range").filter(|_| head.method == "GET" && holds("if-range"));
    let wanted = wanted.and_then(|range| range.split_once('='));
    let wanted = wanted.filter(|(unit, _)| *unit == "bytes" || flaw == Flaw::AnyUnit);
    let Some((_, ranges)) = wanted.filter(|_| flaw != Flaw::NoRanges) else {
        return (200, fields, file.to_vec());
    };
    let parts: Vec<_> = ranges.split(',').filter_map(|range| part(file, range, flaw)).collect();
    match &parts[..] {
        [] if flaw == Flaw::AnyRange => (200, fields, file.to_vec()),
        [] => (416, vec![("Content-Range", format!("bytes */{}", file.len()))], b"no\n".to_vec()),
        [(place, part)] => {
            fields.push(("Content-Range", place.clone()));
            (206, fields, part.to_vec())
        }
        _ => {
            let mut body = Vec::new();
            for (place, part) in parts {
                body.extend(format!("--b\r\nContent-Range: {place}\r\n\r\n").bytes());
                body.extend([part, b"\r\n"].concat());
            }
            body.extend(b"--b--\r\n");
            (206, vec![("Content-Type", "multipart/byteranges; boundary=b".into())], body)
        }
    }
}

/// Where a range is, and what is there.
fn part<'a>(file: &'a [u8], range: &str, flaw: Flaw) -> Option<(String, &'a [u8])> {
    let (first, last) = range.split_once('-')?;
    let length = file.len();
    let number = |text: &str| text.parse().unwrap_or(usize::MAX);
    let range = match first {
        "" => length.saturating_sub(number(last))..length,
        _ => number(first)..number(last).saturating_add(1).min(length),
    };
    let end = if flaw == Flaw::LongRanges { range.end + 1 } else { range.end };
    let part = file.get(range.start..end.min(length)).filter(|part| !part.is_empty())?;
    let last = range.start + part.len() - 1;
    Some((format!("bytes {}-{last}/{length}", range.start), part))
}
