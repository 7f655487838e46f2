//! The one file that is served.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use super::rules::Head;
use super::{Flaw, site::Reply};

const TAG: &str = "\"digits\"";
const MODIFIED: &str = "Mon, 01 Jan 2024 00:00:00 GMT";

/// What is at this path. A flaw looks for the way out too early, or nowhere.
pub fn find(path: &str, flaw: Flaw) -> Option<Vec<u8>> {
    let public = Path::new(env!("CARGO_MANIFEST_DIR")).join("public");
    let once = decode(path);
    let name = match flaw {
        Flaw::NoDecoding | Flaw::WayOut => path.into(),
        Flaw::NulEnds => once.split('\0').next().unwrap_or_default().into(),
        Flaw::EncodedWayOut if path.contains("..") => return None,
        Flaw::DecodesTwice if once.contains("..") => return None,
        Flaw::DecodesTwice => decode(&once),
        Flaw::Backslashes if once.contains("../") => return None,
        Flaw::Backslashes => once.replace('\\', "/"),
        _ => once,
    };
    let anywhere = [Flaw::WayOut, Flaw::EncodedWayOut, Flaw::DecodesTwice, Flaw::Backslashes];
    let served = name == "/digits.txt" || anywhere.contains(&flaw);
    served.then(|| fs::read(public.join(name.trim_start_matches('/'))).ok()).flatten()
}

pub fn decode(path: &str) -> String {
    let mut parts = path.split('%');
    let mut decoded = parts.next().unwrap_or_default().to_string();
    for part in parts {
        let digits = part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match digits {
            Some(byte) => decoded.extend([char::from(byte).to_string().as_str(), &part[2..]]),
            None => decoded.extend(["%", part]),
        }
    }
    decoded
}

/// The file, or what is wanted of it.
pub fn answer(head: &Head, file: &[u8], flaw: Flaw) -> Reply {
    let validators = [("ETag", TAG, Flaw::NoTag), ("Last-Modified", MODIFIED, Flaw::NoFileDate)];
    let validators = validators.into_iter().filter(|(_, _, forgets)| *forgets != flaw);
    let mut fields: Vec<_> = validators.map(|(name, value, _)| (name, value.to_string())).collect();
    let wanted = wanted(head, flaw);
    let condition = condition(head, flaw);
    match condition {
        Some(_) if flaw == Flaw::RangesFirst && wanted.is_some() => {}
        Some(304) => {
            let body = if flaw == Flaw::BodyWith304 { file.to_vec() } else { Vec::new() };
            let fields = if flaw == Flaw::BareUnmodified { Vec::new() } else { fields };
            return (304, fields, body);
        }
        Some(status) => return (status, Vec::new(), b"another version\n".to_vec()),
        None => {}
    }
    if flaw != Flaw::NoTypes {
        fields.push(("Content-Type", "text/plain; charset=utf-8".to_string()));
    }
    fields.push(("Accept-Ranges", "bytes".to_string()));
    match wanted {
        Some(ranges) => ranged(file, &ranges, fields, flaw),
        None => (200, fields, file.to_vec()),
    }
}

/// The status that follows from the conditions, if they do not hold.
pub fn condition(head: &Head, flaw: Flaw) -> Option<u16> {
    let date = |name: &str| head.field(name).and_then(|text| date(text, flaw));
    let modified = httpdate::parse_http_date(MODIFIED).expect("a date");
    let (matches, none) = (head.field("if-match"), head.field("if-none-match"));
    let dates_count = flaw == Flaw::DatesCountToo;
    let refused = match matches {
        Some("*") => flaw == Flaw::NeverMatches,
        Some(tags) => !lists(tags, flaw == Flaw::WeakMatches) || flaw == Flaw::NeverMatches,
        None => false,
    };
    let changed = (matches.is_none() || dates_count)
        && date("if-unmodified-since").is_some_and(|date| modified > date);
    if (refused && flaw != Flaw::IgnoresIfMatch)
        || (changed && flaw != Flaw::IgnoresUnmodifiedSince)
    {
        return Some(412);
    }
    let same = match none {
        Some("*") => flaw != Flaw::KnowsNoStar,
        Some(tags) if flaw == Flaw::OneTag => tags.trim_start_matches("W/") == TAG,
        Some(tags) => lists(tags, flaw != Flaw::StrongOnly) || flaw == Flaw::AnyTag,
        None => false,
    };
    let old = (none.is_none() || dates_count)
        && date("if-modified-since").is_some_and(|date| match flaw {
            Flaw::NeverSince => false,
            Flaw::AlwaysSince => true,
            Flaw::ExactDates => modified == date,
            _ => modified <= date,
        });
    (old || (same && flaw != Flaw::NeverUnmodified)).then_some(304)
}

fn date(text: &str, flaw: Flaw) -> Option<SystemTime> {
    match httpdate::parse_http_date(text) {
        Ok(_) if flaw == Flaw::OneDateForm && text.len() != MODIFIED.len() => None,
        Ok(date) => Some(date),
        Err(_) => (flaw == Flaw::GarbageIsNow).then(SystemTime::now),
    }
}

/// Whether the tag is one of these, of which some may be weak.
fn lists(tags: &str, weakly: bool) -> bool {
    let mut tags = tags.split(',').map(str::trim);
    tags.any(|tag| tag == TAG || (weakly && tag.strip_prefix("W/") == Some(TAG)))
}

/// The ranges that are asked for, if they count.
fn wanted(head: &Head, flaw: Flaw) -> Option<Vec<String>> {
    let holds = match head.field("if-range") {
        None => true,
        Some(_) if flaw == Flaw::IgnoresIfRange => true,
        Some(_) if flaw == Flaw::IfRangeNever => false,
        Some(date) if date.ends_with("GMT") => date == MODIFIED || flaw == Flaw::LooseIfRange,
        Some(tag) => lists(tag, flaw == Flaw::WeakIfRange),
    };
    let counts = holds && (head.method == "GET" || flaw == Flaw::RangedHead);
    let (unit, ranges) = head.field("range").filter(|_| counts)?.split_once('=')?;
    let ranges: Vec<String> = ranges.split(',').map(|range| range.trim().to_string()).collect();
    let counts = (unit == "bytes" || flaw == Flaw::AnyUnit)
        && (ranges.len() <= 16 || flaw == Flaw::ManyRanges)
        && flaw != Flaw::NoRanges;
    let valid = |range: &String| bounds(range, flaw).is_some();
    (counts && ranges.iter().all(valid)).then_some(ranges)
}

/// What stands before and behind the hyphen.
fn bounds(range: &str, flaw: Flaw) -> Option<(Option<usize>, Option<usize>)> {
    let number = |text: &str| match text {
        "" => Some(None),
        _ if !text.bytes().all(|byte| byte.is_ascii_digit()) => None,
        _ if flaw == Flaw::WrapsRanges => Some(text.parse().ok().map(|n: u128| n as usize)),
        _ => Some(Some(text.parse().unwrap_or(usize::MAX))),
    };
    let (first, last) = range.split_once('-')?;
    match (number(first)?, number(last)?) {
        (None, None) => None,
        (Some(first), Some(last)) if first > last => {
            (flaw == Flaw::SwapsRanges).then_some((Some(last), Some(first)))
        }
        bounds => Some(bounds),
    }
}

/// These parts of the file.
fn ranged(
    file: &[u8],
    ranges: &[String],
    mut fields: Vec<(&'static str, String)>,
    flaw: Flaw,
) -> Reply {
    let mut parts: Vec<_> = ranges.iter().filter_map(|range| part(file, range, flaw)).collect();
    if flaw == Flaw::FirstRange {
        parts.truncate(1);
    }
    match &parts[..] {
        [] if flaw == Flaw::AnyRange => (200, fields, file.to_vec()),
        [] if flaw == Flaw::BareUnsatisfiable => (416, Vec::new(), b"no\n".to_vec()),
        [] => (416, vec![("Content-Range", format!("bytes */{}", file.len()))], b"no\n".to_vec()),
        [(place, part)] => {
            if flaw != Flaw::NoPlace {
                fields.push(("Content-Range", place.clone()));
            }
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
    let length = file.len();
    let range = match bounds(range, flaw)? {
        (Some(_), None) if flaw == Flaw::NeedsEnds => return None,
        (Some(_), Some(last)) if flaw == Flaw::MindsLongEnds && last >= length => return None,
        (None, Some(last)) if flaw == Flaw::MindsLongSuffixes && last > length => return None,
        (None, Some(last)) if flaw == Flaw::SuffixesFromStart => 0..last,
        (None, Some(last)) => length.saturating_sub(last)..length,
        (Some(first), last) => first..last.map_or(length, |last| last.saturating_add(1)),
        (None, None) => return None,
    };
    let end = match flaw {
        Flaw::LongRanges => range.end + 1,
        Flaw::ShortRanges => range.end - 1,
        _ => range.end,
    };
    let part = file.get(range.start..end.min(length)).filter(|part| !part.is_empty())?;
    let last = range.start + part.len() - 1;
    Some((format!("bytes {}-{last}/{length}", range.start), part))
}
