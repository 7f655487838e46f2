//! A conversation with a session, in whatever pieces and order the contract allows.

use proto::{Protocol, Session, Want};

/// How the input is cut, and what a shell does first where it may choose. It is part of the input
/// of a check, so a fuzzer looks for the worst one.
#[derive(Debug, Clone)]
pub struct Plan {
    /// One for each call, and then again from the first. The lower six bits are the size of a
    /// piece less one; the highest: read on first, though there is something else to do; the one
    /// between: ask again, and report that nothing was sent, and the end once more.
    turns: [u8; 4],
}

impl Plan {
    /// Every byte by itself.
    pub const BYTES: Plan = Plan { turns: [0; 4] };

    /// The first bytes of a check's input are the plan, the others are what is sent.
    pub fn split_off(data: &[u8]) -> (Plan, &[u8]) {
        match data.split_first_chunk() {
            Some((turns, input)) => (Plan { turns: *turns }, input),
            None => (Plan::BYTES, data),
        }
    }

    fn turns(&self) -> impl Iterator<Item = Turn> + use<> {
        let turn = |byte| Turn {
            size: usize::from(byte & 0x3f) + 1,
            read_on: byte & 0x80 != 0,
            again: byte & 0x40 != 0,
        };
        self.turns.into_iter().cycle().map(turn)
    }
}

#[derive(Clone, Copy)]
struct Turn {
    /// Of a piece.
    size: usize,
    /// Read before sending, or while a job is out.
    read_on: bool,
    /// Ask and report more often than needed: it changes nothing.
    again: bool,
}

/// Sends all and then the end of input; returns all that was said.
pub fn whole(protocol: Box<dyn Protocol + Send>, input: &[u8]) -> Vec<u8> {
    proto::converse(Session::new(protocol), input, input.len().max(1))
}

/// The same by a plan.
pub fn sliced(protocol: Box<dyn Protocol + Send>, input: &[u8], plan: &Plan) -> Vec<u8> {
    let mut said = Vec::new();
    each_piece(protocol, input, plan, |piece| said.extend_from_slice(piece));
    said
}

/// The same; what is said is given to `hear` in pieces, and not kept.
pub fn each_piece(
    protocol: Box<dyn Protocol + Send>,
    input: &[u8],
    plan: &Plan,
    mut hear: impl FnMut(&[u8]),
) {
    let mut session = Session::new(protocol);
    let mut arriving = Some(input);
    let mut turns = plan.turns();
    loop {
        let turn = turns.next().expect("they go round");
        let may_read_on = turn.read_on && arriving.is_some();
        if turn.again {
            session.sent(0);
            if arriving.is_none() {
                session.received(&[]);
            }
        }
        match session.want() {
            Want::Read => deliver(&mut session, &mut arriving, turn.size),
            Want::Write(_) if may_read_on => deliver(&mut session, &mut arriving, turn.size),
            Want::Write(bytes) => {
                let n = bytes.len().min(turn.size);
                hear(&bytes[..n]);
                session.sent(n);
            }
            Want::Run(job) => {
                if turn.again {
                    assert!(
                        matches!(session.want(), Want::Read),
                        "a job is out, and handed out once"
                    );
                }
                if may_read_on {
                    deliver(&mut session, &mut arriving, turn.size);
                }
                session.done(job.run());
            }
            Want::Close => return,
        }
    }
}

/// The next piece; after the last, the end of input.
fn deliver(session: &mut Session, arriving: &mut Option<&[u8]>, size: usize) {
    let rest = arriving.expect("a session does not want to read after the end of input");
    let (piece, rest) = rest.split_at(rest.len().min(size));
    session.received(piece);
    *arriving = (!piece.is_empty()).then_some(rest);
}
