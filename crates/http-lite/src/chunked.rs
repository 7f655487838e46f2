//! The chunked coding, taken off a body as it arrives (RFC 9112 §7.1).

use crate::grammar::{HEX_DIGIT, find, has_control, span};
use crate::head::check_field;
use crate::limits::{MAX_BODY, MAX_CHUNK_EXTENSIONS, MAX_TRAILERS};
use crate::refusal::{LINE_END, Refusal, bad, refuse};
use crate::response::Status;

/// Where in a chunked body we are.
pub(crate) struct Chunks {
    state: State,
    /// In the line that is arriving, up to here there is no LF.
    looked: usize,
    /// How many bytes of extensions there were.
    extensions: usize,
    /// How many bytes of trailers there were.
    trailers: usize,
}

#[derive(Clone, Copy)]
enum State {
    /// In the line that says how large the next chunk is.
    Size,
    /// So much of a chunk is still to come.
    Data(usize),
    /// Between a chunk's data and the next size.
    DataEnd,
    /// In the fields after the last chunk.
    Trailers,
}

/// More digits than a `u64` needs are a trick.
const MAX_SIZE_DIGITS: usize = 16;

impl Chunks {
    /// At the start of a body.
    pub fn new() -> Chunks {
        Chunks { state: State::Size, looked: 0, extensions: 0, trailers: 0 }
    }

    /// Takes what can be taken from the start of `input`, and appends the data to `body`. Returns
    /// how many bytes were used, and whether the body is whole.
    ///
    /// Extensions and trailers are checked and dropped, as any recipient may (RFC 9112 §7.1.1,
    /// RFC 9110 §6.5.1): so a trailer never becomes a field of the head.
    pub fn advance(&mut self, input: &[u8], body: &mut Vec<u8>) -> Result<(usize, bool), Refusal> {
        let mut used = 0;
        loop {
            let rest = &input[used..];
            match self.state {
                State::Data(left) => {
                    let n = left.min(rest.len());
                    body.extend_from_slice(&rest[..n]);
                    used += n;
                    if n < left {
                        self.state = State::Data(left - n);
                        return Ok((used, false));
                    }
                    self.state = State::DataEnd;
                }
                State::DataEnd => match rest {
                    [] | [b'\r'] => return Ok((used, false)),
                    [b'\r', b'\n', ..] => {
                        used += 2;
                        self.state = State::Size;
                    }
                    _ => return bad("a chunk is longer than it says"),
                },
                State::Size => {
                    let line = self.line(rest);
                    let digits = self.check_limits(line.unwrap_or(rest))?;
                    let Some(line) = line else { return Ok((used, false)) };
                    used += line.len();
                    let (digits, extensions) = whole(line)?.split_at(digits);
                    check_extensions(extensions)?;
                    self.extensions += extensions.len();
                    self.state = match size(digits, body.len())? {
                        0 => State::Trailers,
                        size => State::Data(size),
                    };
                }
                State::Trailers => {
                    let line = self.line(rest);
                    // A line that is still arriving will be longer by a byte at least.
                    let length = line.map_or(rest.len() + 1, <[u8]>::len);
                    if self.trailers + length > MAX_TRAILERS {
                        let why = "the trailers are over 16384 bytes";
                        return refuse(Status::HEAD_TOO_LARGE, why);
                    }
                    let Some(line) = line else { return Ok((used, false)) };
                    used += line.len();
                    self.trailers += line.len();
                    match whole(line)? {
                        b"" => return Ok((used, true)),
                        _ => check_field(line)?,
                    }
                }
            }
        }
    }

    /// The line at the start of `rest`, with its end, if it is whole. `rest` has only grown since
    /// the last call, or the last line was used.
    fn line<'a>(&mut self, rest: &'a [u8]) -> Option<&'a [u8]> {
        let found = find(b'\n', &rest[self.looked..]);
        let end = found.map(|at| self.looked + at + 1);
        self.looked = if end.is_some() { 0 } else { rest.len() };
        end.map(|end| &rest[..end])
    }

    /// Whether the line with a size, or what has arrived of it, is within the limits. Returns how
    /// many digits it begins with.
    fn check_limits(&self, line: &[u8]) -> Result<usize, Refusal> {
        let start = &line[..line.len().min(MAX_SIZE_DIGITS + 1)];
        let digits = span(&HEX_DIGIT, start);
        if digits > MAX_SIZE_DIGITS {
            return bad("a chunk's size has over 16 digits");
        }
        let extensions = (line.len() - digits).saturating_sub(b"\r\n".len());
        if self.extensions + extensions > MAX_CHUNK_EXTENSIONS {
            return bad("the chunks have over 16384 bytes of extensions");
        }
        Ok(digits)
    }
}

/// `*( BWS ";" … )`: whatever it says, it says nothing to us.
fn check_extensions(extensions: &[u8]) -> Result<(), Refusal> {
    if has_control(extensions) {
        return bad("a chunk's extension has a control character");
    }
    if !extensions.is_empty() && !extensions.trim_ascii_start().starts_with(b";") {
        return bad("a chunk's size is not hexadecimal");
    }
    Ok(())
}

/// The value of `chunk-size`, if a body that has `held` bytes already may grow by it.
fn size(digits: &[u8], held: usize) -> Result<usize, Refusal> {
    let text = str::from_utf8(digits).expect("digits are ASCII");
    let Ok(size) = u64::from_str_radix(text, 16) else {
        return bad("a chunk has no size");
    };
    match usize::try_from(size) {
        Ok(n) if size <= MAX_BODY - held as u64 => Ok(n),
        _ => refuse(Status::CONTENT_TOO_LARGE, "the body is over 1048576 bytes"),
    }
}

/// A line without its CRLF.
fn whole(line: &[u8]) -> Result<&[u8], Refusal> {
    match line.strip_suffix(b"\r\n") {
        Some(line) => Ok(line),
        None => bad(LINE_END),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::head::tests::count_so_far;

    /// Delivers chunks in pieces of `size`, as a session would: what was not used comes again.
    fn deliver(input: &[u8], size: usize) -> usize {
        let (mut chunks, mut body, mut used) = (Chunks::new(), Vec::new(), 0);
        let before = count_so_far();
        for end in (size..input.len() + size).step_by(size) {
            let held = &input[used..end.min(input.len())];
            match chunks.advance(held, &mut body) {
                Ok((n, _)) => used += n,
                Err(_) => break,
            }
        }
        count_so_far() - before
    }

    #[test]
    fn examines_no_byte_of_a_line_more_than_twice() {
        let inputs = [
            b"1\r\na\r\n".repeat(5_000),
            b"00000000000003e8\r\n".iter().copied().chain([b'a'; 1000]).collect(),
            [b"1;", [b'x'; 16_000].as_slice(), b"\r\na\r\n"].concat(),
            [b"1;".as_slice(), &[b'x'; 50_000]].concat(),
            [b"0\r\n".as_slice(), &b"X: y\r\n".repeat(2_000), b"\r\n"].concat(),
            [b"0\r\n".as_slice(), &[b'x'; 50_000]].concat(),
        ];
        for input in inputs {
            for size in [1, 2, 7, 1000, input.len()] {
                let calls = input.len().div_ceil(size);
                // The digits of a size that is still arriving are looked at in each call.
                let most = 2 * input.len() + 2 * (MAX_SIZE_DIGITS + 2) * calls;
                let examined = deliver(&input, size);
                assert!(examined <= most, "{examined} of {} in pieces of {size}", input.len());
            }
        }
    }
}
