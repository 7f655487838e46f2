//! The body of a request: so many bytes, or chunks.

use super::rules::{Head, field};
use super::{Flaw, MAX_BODY};

/// What follows a head.
pub enum Body {
    /// It is this, and takes so many bytes.
    Whole(usize, Vec<u8>),
    /// There is more to come.
    Partial,
    /// It is refused with this status.
    Refused(u16),
}

/// Takes the body from what came after the head.
pub fn take(head: &mut Head, bytes: &[u8], flaw: Flaw) -> Body {
    if flaw == Flaw::IgnoresBodies {
        return Body::Whole(0, Vec::new());
    }
    if head.field("transfer-encoding").is_some() {
        return chunks(head, bytes, flaw).unwrap_or_else(|end| end);
    }
    let length = head.field("content-length").unwrap_or("0");
    let length = length.split([',', ' ']).next().unwrap_or("0").trim_start_matches("0x");
    let length = length.trim_start_matches(['+', '-']).parse().unwrap_or(0);
    match bytes.get(..length) {
        Some(body) if flaw == Flaw::LosesBytes => {
            Body::Whole(length, body[..length.min(100)].to_vec())
        }
        Some(body) => Body::Whole(length, body.to_vec()),
        None => Body::Partial,
    }
}

/// `Err` is the end as well: of what has come, or of our patience.
fn chunks(head: &mut Head, bytes: &[u8], flaw: Flaw) -> Result<Body, Body> {
    let (mut at, mut body) = (0, Vec::new());
    loop {
        let line = line(bytes, &mut at)?;
        match size(&line, flaw)? {
            0 => break,
            size if body.len() as u64 + size > MAX_BODY && flaw != Flaw::CountsNoChunks => {
                return Err(Body::Refused(413));
            }
            size => {
                let end = at.saturating_add(size as usize);
                body.extend(bytes.get(at..end).ok_or(Body::Partial)?);
                at = end;
            }
        }
        let rest = bytes.get(at..at + 2).ok_or(Body::Partial)?;
        match flaw {
            Flaw::SkipsChunkEnds => drop(self::line(bytes, &mut at)?),
            _ if rest != b"\r\n" => return Err(Body::Refused(400)),
            _ => at += 2,
        }
    }
    loop {
        let line = line(bytes, &mut at)?;
        if line.is_empty() {
            return Ok(Body::Whole(at, body));
        }
        let trailer = field(&line, flaw).map_err(Body::Refused)?;
        if flaw == Flaw::MergesTrailers {
            head.fields.push(trailer);
        }
    }
}

/// Takes the line that begins at `at`.
fn line(bytes: &[u8], at: &mut usize) -> Result<String, Body> {
    let rest = &bytes[*at..];
    let end = rest.windows(2).position(|pair| pair == b"\r\n").ok_or(Body::Partial)?;
    *at += end + 2;
    Ok(String::from_utf8_lossy(&rest[..end]).into_owned())
}

/// The size of a chunk.
fn size(line: &str, flaw: Flaw) -> Result<u64, Body> {
    let (digits, extension) = line.split_once(';').unwrap_or((line, ""));
    let digits = match flaw {
        _ if extension.is_empty() => digits,
        Flaw::MindsExtensions => return Err(Body::Refused(400)),
        _ => digits.trim_end(),
    };
    let digits = match flaw {
        Flaw::LooseSizes => digits.trim().trim_start_matches("0x").trim_start_matches(['+', '-']),
        Flaw::WrapsSizes if digits.len() > 16 => &digits[digits.len() - 16..],
        _ => digits,
    };
    let size = u64::from_str_radix(digits, 16).ok();
    size.filter(|_| !digits.starts_with('+')).ok_or(Body::Refused(400))
}
