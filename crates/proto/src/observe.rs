//! A window into sessions: who did what for which connection. The clock is on the other side.

use core::net::SocketAddr;
use std::sync::Arc;

/// Sees every call that passes through a session. It is called on the thread that makes the call,
/// so a thread id and a time that it takes itself are those of the event.
pub trait Observer: Send + Sync {
    /// `event` just happened on the connection with `peer`. `bytes` are those that were received or
    /// sent; with every other event there are none.
    fn saw(&self, peer: SocketAddr, event: Event, bytes: &[u8]);
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The session wants to read.
    WantsRead,
    /// The session wants to write this many bytes.
    WantsWrite(usize),
    /// The session handed out a job.
    WantsRun,
    /// The session wants to close.
    WantsClose,
    /// This many bytes arrived; 0 is the end of input.
    Received(usize),
    /// This many bytes were sent.
    Sent(usize),
    /// A job begins, on the thread that runs it.
    JobStarted,
    /// A job ended, on the thread that ran it.
    JobEnded,
    /// A job's result came home.
    Done,
    /// The peer took too long.
    Expired,
}

/// An observer and the connection that it watches.
#[derive(Clone)]
pub(crate) struct Watch(Arc<(SocketAddr, Arc<dyn Observer>)>);

impl Watch {
    pub fn new(peer: SocketAddr, observer: Arc<dyn Observer>) -> Watch {
        Watch(Arc::new((peer, observer)))
    }

    pub fn saw(&self, event: Event, bytes: &[u8]) {
        self.0.1.saw(self.0.0, event, bytes);
    }
}
