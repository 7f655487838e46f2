//! What a protocol is: a pure state machine.

use crate::job::Job;

/// Bytes in, bytes out, one step at a time.
///
/// The [`Session`](crate::Session) owns the buffers and decides when to ask; a protocol only
/// looks at what lies before it. It cannot fail: bad input gets a reply like any other.
pub trait Protocol {
    /// Looks at the input that was not consumed yet and takes one step.
    ///
    /// `input` only ever grows at its end until a step consumes some of it, so a protocol can
    /// remember how far it has looked. It is empty only in the first call (some protocols greet)
    /// and in the first call after a job. After [`Step::Incomplete`] the next call comes when
    /// something new has arrived. Replies are appended to `output`.
    fn step(&mut self, input: &[u8], output: &mut Vec<u8>) -> Step;

    /// Its job panicked: a last word, then the session closes. It is not asked when the job was to
    /// make a later piece of a reply: the peer is in the middle of that.
    fn failed(&mut self, output: &mut Vec<u8>) {
        let _ = output;
    }

    /// The peer kept it waiting for too long: a last word, then the session closes.
    fn expired(&mut self, output: &mut Vec<u8>) {
        let _ = output;
    }

    /// What the protocol is in the middle of.
    fn phase(&self) -> Phase {
        Phase::Idle
    }
}

/// What one call of [`Protocol::step`] did.
#[must_use]
pub enum Step {
    /// There is not a whole request yet.
    Incomplete,
    /// Consumed this many bytes; any reply is in the output. `Advance(0)` must have changed the
    /// protocol's state, or it would be asked the same for ever.
    Advance(usize),
    /// Consumed this many bytes; the reply is what the job produces.
    Defer(usize, Job),
    /// Consumed this many bytes; from here on another protocol speaks.
    Become(usize, Box<dyn Protocol + Send>),
    /// Send what is in the output, then close. Nothing more is parsed.
    Finish,
}

/// What a connection is in the middle of: each phase has its own idea of "too long".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Between two requests.
    Idle,
    /// In the head of a request.
    Head,
    /// In the body of a request.
    Body,
    /// A reply is being made or sent.
    Reply,
}
