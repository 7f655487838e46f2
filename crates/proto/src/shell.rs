//! The smallest shell of all: no socket, only slices. For tests of protocols.

use crate::session::{Session, Want};

/// Holds a whole conversation: sends `input` in pieces of `chunk` bytes and then its end, takes
/// replies in pieces of `chunk` bytes, runs jobs on the spot, and returns all that was replied.
pub fn converse(mut session: Session, input: &[u8], chunk: usize) -> Vec<u8> {
    let mut replies = Vec::new();
    for piece in input.chunks(chunk) {
        deliver(&mut session, piece, chunk, &mut replies);
    }
    session.received(&[]);
    assert!(deliver(&mut session, &[], chunk, &mut replies), "the input ended: it must close");
    replies
}

/// Does what the session wants until it wants to read and `piece` is used up. True: it closed.
fn deliver(session: &mut Session, mut piece: &[u8], chunk: usize, replies: &mut Vec<u8>) -> bool {
    loop {
        match session.want() {
            Want::Read if piece.is_empty() => return false,
            Want::Read => session.received(std::mem::take(&mut piece)),
            Want::Write(bytes) => {
                let n = bytes.len().min(chunk);
                replies.extend_from_slice(&bytes[..n]);
                session.sent(n);
            }
            Want::Run(job) => session.done(job.run()),
            Want::Close => return true,
        }
    }
}
