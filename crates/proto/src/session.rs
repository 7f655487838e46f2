//! The conversation with one client, as seen by whoever waits for it.

use core::net::SocketAddr;
use std::mem;
use std::sync::Arc;

use crate::buffer::Buffer;
use crate::job::{Done, Job, Then};
use crate::limits::HIGH_WATER;
use crate::observe::{Event, Observer, Watch};
use crate::protocol::{Phase, Protocol, Step};

/// The one thing a connection wants next.
#[must_use]
pub enum Want<'a> {
    /// Read from the peer, then report [`Session::received`].
    Read,
    /// Send some of these bytes, then report [`Session::sent`].
    Write(&'a [u8]),
    /// Run this wherever blocking is welcome, then report [`Session::done`].
    Run(Job),
    /// The conversation is over.
    Close,
}

/// One conversation: a protocol, what has arrived for it, and what it has to say.
///
/// A shell asks [`want`](Session::want), does it, and reports. See the [crate] for the rules.
pub struct Session {
    protocol: Box<dyn Protocol + Send>,
    /// Received, not yet consumed.
    input: Buffer,
    /// To be sent.
    output: Buffer,
    /// What happens when the output is sent.
    next: Next,
    /// The protocol has not seen all there is: asking it again may change something.
    fresh: bool,
    /// The peer will send no more.
    ended: bool,
    /// Jobs have made the first pieces of a reply, and there are more to come.
    begun: bool,
    watch: Option<Watch>,
}

enum Next {
    /// Look at the input.
    Parse,
    /// Hand out this job.
    Run(Job),
    /// The job is out.
    Away,
    /// Close.
    Close,
}

impl Session {
    /// A conversation that has not begun.
    pub fn new(protocol: Box<dyn Protocol + Send>) -> Session {
        Session {
            protocol,
            input: Buffer::default(),
            output: Buffer::default(),
            next: Next::Parse,
            fresh: true,
            ended: false,
            begun: false,
            watch: None,
        }
    }

    /// The same, with an observer who is told of everything that happens to this connection.
    pub fn observed(mut self, peer: SocketAddr, observer: Arc<dyn Observer>) -> Session {
        self.watch = Some(Watch::new(peer, observer));
        self
    }

    /// What to do next. Asked again, it answers the same, except that a job is handed out once:
    /// while one is out the answer is [`Want::Read`], for the peer may go on talking. (A shell
    /// that reads on during a job must itself bound how much. No step reads on.)
    pub fn want(&mut self) -> Want<'_> {
        self.parse_held();
        if self.next_is_parse() && self.ended && !self.fresh {
            self.next = Next::Close;
        }
        if !self.output.is_empty() {
            let bytes = self.output.as_slice();
            tell(&self.watch, Event::WantsWrite(bytes.len()));
            return Want::Write(bytes);
        }
        match mem::replace(&mut self.next, Next::Away) {
            Next::Run(job) => {
                tell(&self.watch, Event::WantsRun);
                return Want::Run(job.watched(self.watch.clone()));
            }
            other => self.next = other,
        }
        if let Next::Close = self.next {
            tell(&self.watch, Event::WantsClose);
            return Want::Close;
        }
        tell(&self.watch, Event::WantsRead);
        Want::Read
    }

    /// These bytes arrived; empty means that the peer will send no more.
    ///
    /// Legal at any time until the end of input: while output waits or a job is out, the bytes
    /// are only kept. After the session has decided to close they are dropped. To report the end
    /// twice is harmless; bytes after the end are a bug of the shell.
    pub fn received(&mut self, bytes: &[u8]) {
        tell_bytes(&self.watch, Event::Received(bytes.len()), bytes);
        if bytes.is_empty() {
            self.ended = true;
            return;
        }
        debug_assert!(!self.ended, "`received` was told of bytes after the end of input");
        if self.ended || matches!(self.next, Next::Close) {
            return;
        }
        self.fresh = true;
        // The common case: nothing is held, so the protocol looks straight into the shell's
        // buffer and only what it cannot use yet is copied.
        let used = if self.input.is_empty() { self.parse(bytes) } else { 0 };
        if used < bytes.len() {
            self.input.push(&bytes[used..]);
        }
    }

    /// The first `n` bytes of the last [`Want::Write`] were sent. More than were offered is a bug
    /// of the shell and counts as all of them.
    pub fn sent(&mut self, n: usize) {
        let offered = self.output.as_slice().len();
        let taken = n.min(offered);
        tell_bytes(&self.watch, Event::Sent(taken), &self.output.as_slice()[..taken]);
        debug_assert!(n <= offered, "`sent` was told of {n} bytes, but {offered} were offered");
        self.output.consume(taken);
    }

    /// The job has run. Without one out, this is a bug of the shell and changes nothing.
    pub fn done(&mut self, done: Done) {
        tell(&self.watch, Event::Done);
        debug_assert!(matches!(self.next, Next::Away), "`done` was told, but no job is out");
        if !matches!(self.next, Next::Away) {
            return;
        }
        let begun = mem::take(&mut self.begun);
        let Some(output) = done.output else {
            // In the middle of a reply, a last word would only look like more of it.
            if !begun {
                self.protocol.failed(self.output.tail());
            }
            return self.finish();
        };
        self.output.append(output.bytes);
        match output.then {
            Then::Continue => self.next = Next::Parse,
            Then::More(job) => {
                self.begun = true;
                self.next = Next::Run(job);
            }
            Then::Finish => return self.finish(),
        }
        self.fresh = true;
    }

    /// What the connection is in the middle of, so that a shell with a clock knows how long is
    /// too long.
    pub fn phase(&self) -> Phase {
        if self.output.is_empty() && self.next_is_parse() {
            self.protocol.phase()
        } else {
            Phase::Reply
        }
    }

    /// It took too long: the protocol says what it says then, and the session closes.
    ///
    /// While a reply is being made or sent there is nothing to add to it: what is offered stays
    /// offered, and a shell that has waited long enough for such a peer just drops it.
    pub fn expired(&mut self) {
        tell(&self.watch, Event::Expired);
        if self.phase() != Phase::Reply {
            self.protocol.expired(self.output.tail());
            self.finish();
        }
    }

    /// Lets the protocol look at what is held, if it is its turn.
    fn parse_held(&mut self) {
        let mut input = mem::take(&mut self.input);
        let used = self.parse(input.as_slice());
        input.consume(used);
        self.input = input;
    }

    /// Lets the protocol take steps over `input` until it is used up, or the protocol needs more,
    /// wants a job, closes, or has said enough for one write. Returns how much was used.
    fn parse(&mut self, input: &[u8]) -> usize {
        let mut used = 0;
        if !self.output.is_empty() {
            return used;
        }
        while self.next_is_parse() && self.fresh && self.output.as_slice().len() < HIGH_WATER {
            let rest = &input[used..];
            let (n, fresh) = match self.protocol.step(rest, self.output.tail()) {
                Step::Incomplete => (0, false),
                // With nothing left, there is nothing to ask about.
                Step::Advance(n) => (n, n < rest.len()),
                Step::Defer(n, job) => {
                    self.next = Next::Run(job);
                    (n, false)
                }
                Step::Become(n, protocol) => {
                    self.protocol = protocol;
                    (n, true)
                }
                Step::Finish => {
                    self.next = Next::Close;
                    // Dropped unread.
                    (rest.len(), false)
                }
            };
            debug_assert!(n <= rest.len(), "the protocol consumed more than there was");
            used += n.min(rest.len());
            self.fresh = fresh;
        }
        used
    }

    /// Nothing more is looked at; what waits to be sent still is.
    fn finish(&mut self) {
        self.next = Next::Close;
        self.input = Buffer::default();
    }

    fn next_is_parse(&self) -> bool {
        matches!(self.next, Next::Parse)
    }
}

fn tell(watch: &Option<Watch>, event: Event) {
    tell_bytes(watch, event, &[]);
}

fn tell_bytes(watch: &Option<Watch>, event: Event, bytes: &[u8]) {
    if let Some(watch) = watch {
        watch.saw(event, bytes);
    }
}
