//! Step 05: one thread for all sockets at once.
//!
//! The thread waits in one place, `poll`, for whichever socket is ready next, and never in a `read`
//! or a `write`. Edge-triggered: the kernel says that a socket became ready, once, and not that it
//! still is. First see it done the naive way, and look at the CPU:
//!     cargo run -p step-05-nonblocking --example sweep
//! Read `run`, then `connection.rs`: there is `serve`, turned inside out.
//! Still wrong: one computation stops the world. Step 06 hands it to somebody else.

mod connection;

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::time::Duration;

use cli::{Server, Service};
use connection::{Connection, Turn};
use mio::{Events, Interest, Poll, Token, Waker};
use proto::READ_SIZE;
use slab::Slab;
use step_05_nonblocking::Acceptor;

const LISTENER: Token = Token(usize::MAX);
const WAKER: Token = Token(usize::MAX - 1);

struct EventLoop {
    poll: Poll,
    /// Closed when we are stopping.
    acceptor: Acceptor,
    service: Service,
    /// A connection's key is its token.
    connections: Slab<Connection>,
    /// Who used up its budget: edge-triggered, the kernel will not tell us of it again.
    ready: BTreeSet<usize>,
    /// One for all: bytes are here only for the length of a turn.
    buffer: [u8; READ_SIZE],
}

fn main() -> anyhow::Result<()> {
    let Server { listener, service, stop, .. } = cli::start(env!("CARGO_PKG_NAME"), None);
    let poll = Poll::new()?;
    let acceptor = Acceptor::new(listener, poll.registry(), LISTENER)?;
    let waker = Waker::new(poll.registry(), WAKER)?;
    stop.on_request(move || waker.wake().expect("a byte for an eventfd always finds room"));
    let (connections, ready, buffer) = (Slab::new(), BTreeSet::new(), [0; READ_SIZE]);
    EventLoop { poll, acceptor, service, connections, ready, buffer }.run()
}

impl EventLoop {
    fn run(&mut self) -> anyhow::Result<()> {
        let mut events = Events::with_capacity(1024);
        while !self.acceptor.is_closed() || !self.connections.is_empty() {
            let at_once = (!self.ready.is_empty()).then_some(Duration::ZERO);
            match self.poll.poll(&mut events, at_once.or(self.acceptor.due_in())) {
                // The process was stopped and continued: nothing happened.
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                result => result?,
            }
            let leftovers = std::mem::take(&mut self.ready);
            for event in &events {
                match event.token() {
                    LISTENER => self.accept(),
                    WAKER => self.stop(),
                    Token(key) => self.turn(key, event.is_read_closed()),
                }
            }
            leftovers.into_iter().for_each(|key| self.turn(key, true));
            if self.acceptor.due_in() == Some(Duration::ZERO) {
                self.accept();
            }
        }
        Ok(())
    }

    fn accept(&mut self) {
        let both = Interest::READABLE | Interest::WRITABLE;
        for (mut stream, peer) in self.acceptor.clients() {
            let place = self.connections.vacant_entry();
            let registered = self.poll.registry().register(&mut stream, Token(place.key()), both);
            let connection = Connection { stream, peer, session: self.service.session(peer) };
            // A fresh socket is writable: its first edge comes at once, and it greets then.
            cli::report(peer, registered.map(|()| place.insert(connection)));
        }
    }

    /// Lets a connection do what it can without waiting. (It may be gone, closed in this round.)
    fn turn(&mut self, key: usize, drain: bool) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        match connection.drive(&mut self.buffer, drain, self.acceptor.is_closed()) {
            Ok(Turn::Waits) => {}
            Ok(Turn::Ready) => self.ready.extend([key]),
            ended => {
                let connection = self.connections.remove(key);
                cli::report(connection.peer, connection.part(ended, self.poll.registry()));
            }
        }
    }

    /// Nobody new, and everybody's last turn: take what has arrived, then report the end.
    fn stop(&mut self) {
        self.acceptor.close();
        self.ready.extend(self.connections.iter().map(|(key, _)| key));
    }
}
