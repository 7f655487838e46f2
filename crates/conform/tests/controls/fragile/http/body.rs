//! The body of a request: so many bytes, or chunks.

use super::rules::{Head, field};
use super::{Flaw, MAX_BODY, sloppy};

/// The most bytes of extensions, and of trailers.
const MAX_EXTRA: usize = 16 * 1024;

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
    let chunked = head.field("transfer-encoding").is_some();
    let nowhere = head.target.starts_with("/no/");
    let ignored = match (flaw, head.method.as_str()) {
        (Flaw::IgnoresBodies, _) => !chunked,
        (Flaw::IgnoresChunks, "POST") => chunked,
        (Flaw::IgnoresGetBodies, "GET") => !chunked,
        (Flaw::IgnoresGetChunks, "GET") => chunked,
        (Flaw::IgnoresHeadBodies, "HEAD") | (Flaw::IgnoresDeleteBodies, "DELETE") => true,
        (Flaw::LeavesUnwanted, "POST") => head.target != "/echo" && !nowhere,
        (Flaw::LeavesLost, "POST") => nowhere,
        _ => false,
    };
    if ignored {
        return Body::Whole(0, Vec::new());
    }
    if chunked {
        return chunks(head, bytes, flaw).unwrap_or_else(|end| end);
    }
    let length = match head.field("content-length") {
        None if flaw == Flaw::WaitsForLength && head.method == "POST" => return Body::Partial,
        Some("0") if flaw == Flaw::ZeroIsNone => return Body::Partial,
        length => length.unwrap_or("0").parse().unwrap_or(0),
    };
    match bytes.get(..length) {
        Some(body) if flaw == Flaw::LosesBytes => {
            Body::Whole(length, body[..length.min(100)].to_vec())
        }
        Some(body) => Body::Whole(length, body.to_vec()),
        None if flaw == Flaw::BodyWithHead => Body::Whole(bytes.len(), bytes.to_vec()),
        None => Body::Partial,
    }
}

/// `Err` is the end as well: of what has come, or of our patience.
fn chunks(head: &mut Head, bytes: &[u8], flaw: Flaw) -> Result<Body, Body> {
    let (mut at, mut body, mut extra) = (0, Vec::new(), 0);
    if flaw == Flaw::FindsEnds
        && let Some(end) = bytes.windows(7).position(|bytes| bytes == b"\r\n0\r\n\r\n")
    {
        size_line(bytes, &mut at, flaw)?;
        return Ok(Body::Whole(end + 7, bytes[at.min(end)..end].to_vec()));
    }
    for n in 0.. {
        if n > 1000 && flaw == Flaw::ManyChunks {
            return Err(Body::Refused(413));
        }
        let line = size_line(bytes, &mut at, flaw)?;
        extra += line.len();
        if extra > MAX_EXTRA && line.contains(';') && flaw != Flaw::NoExtensionLimit {
            return Err(Body::Refused(400));
        }
        match size(&line, flaw)? {
            0 if flaw == Flaw::MindsNoChunks && n == 0 => return Err(Body::Refused(400)),
            0 if flaw != Flaw::OneZero || line == "0" => break,
            size if size > MAX_BODY - body.len() as u64 && flaw != Flaw::CountsNoChunks => {
                return Err(Body::Refused(413));
            }
            size => {
                let rest = bytes.get(at..).unwrap_or_default();
                let line_end = || rest.windows(2).position(|pair| pair == b"\r\n");
                let size = match flaw {
                    Flaw::ShortChunks => line_end().unwrap_or(usize::MAX).min(size as usize),
                    _ => size as usize,
                };
                let data = rest.get(..size).ok_or(Body::Partial)?;
                if n == 0 || flaw != Flaw::FirstChunk {
                    body.extend_from_slice(data);
                }
                at += size;
            }
        }
        end_of_data(bytes, &mut at, flaw)?;
    }
    if flaw == Flaw::LeavesTrailers {
        return Ok(Body::Whole(at, body));
    }
    if flaw == Flaw::NoLastLine && !bytes[at..].starts_with(b"\r\n") {
        return Ok(Body::Whole(at, body));
    }
    let start = at;
    loop {
        let line = line(bytes, &mut at);
        let seen = if line.is_ok() { at } else { bytes.len() };
        if seen - start > MAX_EXTRA && flaw != Flaw::NoTrailerLimit {
            return Err(Body::Refused(431));
        }
        let line = line?;
        if line.is_empty() {
            return Ok(Body::Whole(at, body));
        }
        match field(&line, flaw) {
            Ok(trailer) if flaw == Flaw::MergesTrailers => head.fields.push(trailer),
            Err(status) if flaw != Flaw::AnyTrailer => return Err(Body::Refused(status)),
            _ => {}
        }
    }
}

/// Takes what stands behind the data of a chunk.
fn end_of_data(bytes: &[u8], at: &mut usize, flaw: Flaw) -> Result<(), Body> {
    let rest = bytes.get(*at..*at + 2).ok_or(Body::Partial)?;
    match (flaw, rest) {
        (_, b"\r\n") | (Flaw::AnyChunkEnds, _) => *at += 2,
        (Flaw::LfEndsChunks, [b'\n', _]) => *at += 1,
        (Flaw::NoChunkEnds, _) => {}
        (Flaw::SkipsChunkEnds, _) => drop(line(bytes, at)?),
        _ => return Err(Body::Refused(400)),
    }
    Ok(())
}

/// Takes the line that begins at `at`.
fn line(bytes: &[u8], at: &mut usize) -> Result<String, Body> {
    let rest = &bytes[*at..];
    let end = rest.windows(2).position(|pair| pair == b"\r\n").ok_or(Body::Partial)?;
    *at += end + 2;
    Ok(String::from_utf8_lossy(&rest[..end]).into_owned())
}

/// Takes the line with a size.
fn size_line(bytes: &[u8], at: &mut usize, flaw: Flaw) -> Result<String, Body> {
    let rest = &bytes[*at..];
    let find = |byte| rest.iter().position(|&other| other == byte);
    let lf = find(b'\n').filter(|&lf| !rest[..lf].ends_with(b"\r"));
    let in_extension = lf.is_some_and(|lf| rest[..lf].contains(&b';'));
    let end = match flaw {
        Flaw::LfEndsSizes if !in_extension => lf,
        Flaw::LfEndsExtensions if in_extension => lf,
        Flaw::CrEndsSizes => find(b'\r').filter(|&cr| rest.get(cr + 1) != Some(&b'\n')),
        _ => None,
    };
    match end {
        None => line(bytes, at),
        Some(end) => {
            *at += end + 1;
            Ok(String::from_utf8_lossy(&rest[..end]).into_owned())
        }
    }
}

/// The size of a chunk.
fn size(line: &str, flaw: Flaw) -> Result<u64, Body> {
    let (digits, extension) = match line.split_once(';') {
        Some(whole) if flaw == Flaw::MindsExtensionSpace => whole,
        Some((digits, extension)) => (digits.trim_end_matches([' ', '\t']), extension),
        None => (line, ""),
    };
    let control = |c: char| c.is_ascii_control() && c != '\t';
    let digits = sloppy::size(digits, flaw);
    let wrong = digits.starts_with('+')
        || (extension.contains(control) && flaw != Flaw::LfInExtensions)
        || (!extension.is_empty() && flaw == Flaw::MindsExtensions)
        || (digits.contains(char::is_uppercase) && flaw == Flaw::LowerHex)
        || (digits.len() > 8 && flaw == Flaw::ShortSizes);
    u64::from_str_radix(&digits, 16).ok().filter(|_| !wrong).ok_or(Body::Refused(400))
}
