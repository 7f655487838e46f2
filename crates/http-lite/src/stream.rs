//! A body that is made while it is sent.

use std::io;

use proto::{Job, Output, Then};

use crate::response::After;

/// The pieces of a body, in order. Making one may block. After an error no other is asked for.
pub type Pieces = Box<dyn Iterator<Item = io::Result<Vec<u8>>> + Send>;

/// How a client finds the end of a body (RFC 9112 §6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    /// After this many more bytes: one at least.
    Length(u64),
    /// Each piece says how long it is, and the last is empty (RFC 9112 §7.1).
    Chunked,
    /// Where the connection closes.
    UntilClose,
}

/// What remains of a response.
pub(crate) struct Stream {
    pieces: Pieces,
    coding: Coding,
    after: After,
}

impl Stream {
    pub fn new(pieces: Pieces, coding: Coding, after: After) -> Stream {
        Stream { pieces, coding, after }
    }

    /// Makes the next piece, and appends it to `bytes`.
    pub fn next(mut self, mut bytes: Vec<u8>) -> Output {
        // An empty piece says nothing; in chunks, it would say that this was the last.
        let piece = self.pieces.find(|piece| !matches!(piece, Ok(piece) if piece.is_empty()));
        let whole = match (piece, &mut self.coding) {
            (Some(Ok(piece)), Coding::Length(left)) => {
                let n = usize::try_from(*left).map_or(piece.len(), |left| left.min(piece.len()));
                append(&mut bytes, piece, n);
                *left -= n as u64;
                *left == 0
            }
            (Some(Ok(piece)), Coding::Chunked) => {
                bytes.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
                bytes.extend_from_slice(&piece);
                bytes.extend_from_slice(b"\r\n");
                false
            }
            (Some(Ok(piece)), Coding::UntilClose) => {
                append(&mut bytes, piece, usize::MAX);
                false
            }
            (None, Coding::Chunked) => {
                bytes.extend_from_slice(b"0\r\n\r\n");
                true
            }
            // It ends before its end, and all that is left to say so is to close.
            (None | Some(Err(_)), _) => return Output { bytes, then: Then::Finish },
        };
        let then = match (whole, self.after) {
            (false, _) => Then::More(Job::new(move || self.next(Vec::new()))),
            (true, After::Close) => Then::Finish,
            (true, _) => Then::Continue,
        };
        Output { bytes, then }
    }
}

/// Appends the first `n` bytes of a piece, without copying them where there is nothing before.
fn append(bytes: &mut Vec<u8>, mut piece: Vec<u8>, n: usize) {
    piece.truncate(n);
    if bytes.is_empty() {
        *bytes = piece;
    } else {
        bytes.extend_from_slice(&piece);
    }
}
