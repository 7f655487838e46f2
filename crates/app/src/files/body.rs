//! Parts of a file, on their way to a client.

use std::fs::File;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::vec;

use http_lite::{Response, Status};

/// The most bytes that are read from a file at a time: what one client holds of it.
///
/// 64 KiB: four times the high-water mark of a session, so that a large file costs few jobs, and
/// little enough that thousands of clients may have as much.
const PIECE: usize = 64 * 1024;

/// These parts of a file with this length and media type; without any, all of it.
pub fn response(file: File, length: u64, media_type: String, parts: Vec<Range<u64>>) -> Response {
    match &parts[..] {
        [] => {
            let all = vec![Part::File(0..length)];
            Response::pieces(Status::OK, media_type, Some(length), Reader::pieces(file, all))
        }
        // A single one is never a multipart (RFC 9110 §15.3.7.2).
        [part] => {
            let content_range = content_range(part, length);
            let n = part.end - part.start;
            let pieces = Reader::pieces(file, vec![Part::File(part.clone())]);
            Response::pieces(Status::PARTIAL_CONTENT, media_type, Some(n), pieces)
                .with("Content-Range", content_range)
        }
        parts => {
            let boundary = boundary();
            let parts = multipart(&boundary, length, &media_type, parts);
            let n = parts.iter().map(Part::length).sum();
            let media_type = format!("multipart/byteranges; boundary={boundary}");
            let pieces = Reader::pieces(file, parts);
            Response::pieces(Status::PARTIAL_CONTENT, media_type, Some(n), pieces)
        }
    }
}

/// What is sent: bytes of the file, or what stands between them.
enum Part {
    Text(Vec<u8>),
    File(Range<u64>),
}

impl Part {
    fn length(&self) -> u64 {
        match self {
            Part::Text(text) => text.len() as u64,
            Part::File(range) => range.end - range.start,
        }
    }
}

/// RFC 9110 §14.6, RFC 2046 §5.1.1.
fn multipart(boundary: &str, length: u64, media_type: &str, ranges: &[Range<u64>]) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut delimiter = format!("--{boundary}");
    for range in ranges {
        let content_range = content_range(range, length);
        let head = format!("Content-Type: {media_type}\r\nContent-Range: {content_range}");
        parts.push(Part::Text(format!("{delimiter}\r\n{head}\r\n\r\n").into_bytes()));
        parts.push(Part::File(range.clone()));
        delimiter = format!("\r\n--{boundary}");
    }
    parts.push(Part::Text(format!("{delimiter}--\r\n").into_bytes()));
    parts
}

fn content_range(range: &Range<u64>, length: u64) -> String {
    format!("bytes {}-{}/{length}", range.start, range.end - 1)
}

/// A line that no file holds. It is new each time: nobody can have written it into one.
fn boundary() -> String {
    format!("{:016x}", RandomState::new().build_hasher().finish())
}

/// Reads the parts, a piece at a time.
struct Reader {
    file: File,
    parts: vec::IntoIter<Part>,
    /// How much remains of the part of the file that is being read.
    left: u64,
}

impl Reader {
    fn pieces(file: File, parts: Vec<Part>) -> http_lite::Pieces {
        Box::new(Reader { file, parts: parts.into_iter(), left: 0 })
    }

    /// A file that has shrunk since its length was told is an error: the client must not take
    /// what it got for all of it.
    fn read(&mut self) -> io::Result<Vec<u8>> {
        let n = usize::try_from(self.left).map_or(PIECE, |left| left.min(PIECE));
        let mut piece = vec![0; n];
        self.file.read_exact(&mut piece)?;
        self.left -= n as u64;
        Ok(piece)
    }
}

impl Iterator for Reader {
    type Item = io::Result<Vec<u8>>;

    fn next(&mut self) -> Option<io::Result<Vec<u8>>> {
        if self.left == 0 {
            let range = match self.parts.next()? {
                Part::Text(text) => return Some(Ok(text)),
                Part::File(range) => range,
            };
            self.left = range.end - range.start;
            if let Err(error) = self.file.seek(SeekFrom::Start(range.start)) {
                return Some(Err(error));
            }
        }
        Some(self.read())
    }
}
