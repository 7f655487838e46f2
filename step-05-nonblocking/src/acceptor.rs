//! The listener of an edge-triggered event loop.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use cli::later;
use mio::net::{TcpListener, TcpStream};
use mio::{Interest, Registry, Token};

/// How many clients are let in before those who are in have their turn.
const BUDGET: usize = 32;

/// A listener that never waits, and that is not forgotten when it fails.
pub struct Acceptor {
    /// `None`: closed, nobody new is let in.
    listener: Option<TcpListener>,
    /// When to look again although the kernel will say nothing: edge-triggered, it tells us once
    /// that clients have come, and not again that they are still there.
    retry_at: Option<Instant>,
}

impl Acceptor {
    /// Takes over a listener; its events will carry `token`.
    pub fn new(
        listener: std::net::TcpListener,
        registry: &Registry,
        token: Token,
    ) -> io::Result<Acceptor> {
        listener.set_nonblocking(true)?;
        let mut listener = TcpListener::from_std(listener);
        registry.register(&mut listener, token, Interest::READABLE)?;
        Ok(Acceptor { listener: Some(listener), retry_at: None })
    }

    /// The next clients, as many as make a turn. Where the system refuses (no more descriptors),
    /// that is said, and it is time to look again a little later.
    pub fn clients(&mut self) -> impl Iterator<Item = (TcpStream, SocketAddr)> {
        // Unless we find the end of the queue, there may be more of them.
        self.retry_at = self.listener.as_ref().map(|_| Instant::now());
        (0..BUDGET).map_while(|_| match later(self.listener.as_ref()?.accept()) {
            Ok(Some(client)) => Some(client),
            Ok(None) => {
                self.retry_at = None;
                None
            }
            Err(error) => {
                self.retry_at = Some(Instant::now() + cli::accept_pause(&error));
                None
            }
        })
    }

    /// How long the loop may wait before it must look again; `None`: for ever.
    pub fn due_in(&self) -> Option<Duration> {
        self.retry_at.map(|at| at.saturating_duration_since(Instant::now()))
    }

    /// Lets nobody in any more: who comes now is refused at once.
    pub fn close(&mut self) {
        *self = Acceptor { listener: None, retry_at: None };
    }

    /// Whether it was closed.
    pub fn is_closed(&self) -> bool {
        self.listener.is_none()
    }
}
