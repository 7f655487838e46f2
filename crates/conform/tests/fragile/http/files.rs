//! The one file that is served.

use std::fs;
use std::path::Path;

use super::rules::Head;
use super::{Flaw, site::Reply};

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
    let holds = |field: &str| head.field(field).is_none_or(|tag| tag == "*");
    if !holds("if-match") && flaw != Flaw::IgnoresIfMatch {
        return (412, Vec::new(), b"another version\n".to_vec());
    }
    if head.field("if-none-match") == Some("*") && flaw != Flaw::NeverUnmodified {
        let body = if flaw == Flaw::BodyWith304 { file.to_vec() } else { Vec::new() };
        return (304, Vec::new(), body);
    }
    let mut fields = vec![
        ("Content-Type", "text/plain; charset=utf-8".to_string()),
        ("Accept-Ranges", "bytes".to_string()),
    ];
    let wanted = head.field("range").filter(|_| head.method == "GET" && holds("if-range"));
    let wanted = wanted.and_then(|range| {
        let (unit, range) = range.split_once('=')?;
        (unit == "bytes" || flaw == Flaw::AnyUnit).then(|| range.split_once('-'))?
    });
    let Some((first, last)) = wanted.filter(|_| flaw != Flaw::NoRanges) else {
        return (200, fields, file.to_vec());
    };
    let length = file.len();
    let number = |text: &str| text.parse().unwrap_or(usize::MAX);
    let range = match first {
        "" => length.saturating_sub(number(last))..length,
        _ => number(first)..number(last).saturating_add(1).min(length),
    };
    let end = if flaw == Flaw::LongRanges { range.end + 1 } else { range.end };
    match file.get(range.start..end.min(length)).filter(|part| !part.is_empty()) {
        Some(part) => {
            let (first, last) = (range.start, range.start + part.len() - 1);
            fields.push(("Content-Range", format!("bytes {first}-{last}/{length}")));
            (206, fields, part.to_vec())
        }
        None if flaw == Flaw::AnyRange => (200, fields, file.to_vec()),
        None => (416, vec![("Content-Range", format!("bytes */{length}"))], b"no\n".to_vec()),
    }
}
