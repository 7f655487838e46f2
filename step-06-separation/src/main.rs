//! Step 06: the loop waits, workers compute.
//!
//! A connection that wants work done moves to a worker with it, and comes home when it is done.
//! "Is it busy?" is not a flag that somebody could forget: whoever has it, has it.
//!     cargo run -p step-06-separation
//! Read `turn` and `woken`, then `workers.rs`. The threads are the pool of step 04.
//! Still wrong: the control flow is inside out. Step 07 writes it straight again.

mod connection;
mod workers;

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use cli::{Server, Service, Stop};
use connection::{Connection, Turn};
use mio::{Events, Interest, Poll, Token, Waker};
use proto::READ_SIZE;
use slab::Slab;
use step_05_nonblocking::Acceptor;
use workers::Workers;

const LISTENER: Token = Token(usize::MAX);
const WAKER: Token = Token(usize::MAX - 1);

struct EventLoop {
    poll: Poll,
    /// Closed when we are stopping.
    acceptor: Acceptor,
    service: Service,
    stop: Stop,
    workers: Workers,
    /// A connection's key is its token. `None`: it is at a worker, and its place is kept.
    connections: Slab<Option<Connection>>,
    /// Who used up its budget: edge-triggered, the kernel will not tell us of it again.
    ready: BTreeSet<usize>,
    /// One for all: bytes are here only for the length of a turn.
    buffer: [u8; READ_SIZE],
}

fn main() -> anyhow::Result<()> {
    let server = cli::start(env!("CARGO_PKG_NAME"), NonZeroUsize::new(4));
    let Server { listener, service, stop, workers } = server;
    let poll = Poll::new()?;
    let acceptor = Acceptor::new(listener, poll.registry(), LISTENER)?;
    let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
    let workers = Workers::new(workers, Arc::clone(&waker))?;
    stop.on_request(move || waker.wake().expect("a byte for an eventfd always finds room"));
    let (connections, ready, buffer) = (Slab::new(), BTreeSet::new(), [0; READ_SIZE]);
    EventLoop { poll, acceptor, service, stop, workers, connections, ready, buffer }.run()
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
                    WAKER => self.woken(),
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
            cli::report(peer, registered.map(|()| place.insert(Some(connection))));
        }
    }

    /// Lets a connection do what it can without waiting. (It may be gone, or away.)
    fn turn(&mut self, key: usize, drain: bool) {
        let Some(Some(connection)) = self.connections.get_mut(key) else { return };
        match connection.drive(&mut self.buffer, drain, self.acceptor.is_closed()) {
            Ok(Turn::Waits) => {}
            Ok(Turn::Ready) => self.ready.extend([key]),
            Ok(Turn::Runs(job)) => self.workers.send(key, &mut self.connections[key], job),
            ended => {
                let Some(connection) = self.connections.remove(key) else { return };
                cli::report(connection.peer, connection.part(ended, self.poll.registry()));
            }
        }
    }

    /// Somebody has come home, or it is time to stop.
    fn woken(&mut self) {
        for (key, connection) in self.workers.arrivals() {
            self.connections[key] = Some(connection);
            // Edges that came while it was away are lost: look at what there is.
            self.turn(key, true);
        }
        // Nobody new, and everybody's last turn: take what has arrived, then report the end.
        if self.stop.requested() && !self.acceptor.is_closed() {
            self.acceptor.close();
            self.ready.extend(self.connections.iter().map(|(key, _)| key));
        }
    }
}
