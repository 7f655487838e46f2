//! A reactor: it waits for all sockets at once, and wakes whoever waits for one of them.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use mio::event::Source;
use mio::{Events, Interest, Registry, Token};
use slab::Slab;

use super::poll_budget;

const UNPARK: Token = Token(usize::MAX);

/// The one place where the thread waits.
pub struct Reactor {
    poll: mio::Poll,
    events: Events,
}

/// The sockets that it waits for.
pub struct Sockets {
    registry: Registry,
    /// A socket's key is its token.
    readiness: Mutex<Slab<Arc<Readiness>>>,
}

/// What is known of a socket: one side for reading (and accepting), one for writing.
#[derive(Default)]
struct Readiness {
    read: Mutex<Side>,
    write: Mutex<Side>,
}

#[derive(Default)]
struct Side {
    /// It is worth trying.
    ready: bool,
    /// The kernel said that this side is closed: it will stay ready, and no edge will come.
    closed: bool,
    /// Who waits until it is.
    waker: Option<Waker>,
}

/// A socket that the reactor knows.
pub struct Registered<S: Source> {
    pub socket: S,
    readiness: Arc<Readiness>,
    key: usize,
    shared: Arc<super::Shared>,
}

pub fn new() -> io::Result<(Reactor, Sockets, mio::Waker)> {
    let poll = mio::Poll::new()?;
    let registry = poll.registry().try_clone()?;
    let unpark = mio::Waker::new(&registry, UNPARK)?;
    let events = Events::with_capacity(1024);
    Ok((Reactor { poll, events }, Sockets { registry, readiness: Mutex::default() }, unpark))
}

impl Reactor {
    /// Waits until a socket is ready, somebody unparks us or the time is over.
    pub fn wait(&mut self, timeout: Option<Duration>) {
        match self.poll.poll(&mut self.events, timeout) {
            // The process was stopped and continued: nothing happened.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => self.events.clear(),
            result => result.expect("what was registered can be waited for"),
        }
    }

    /// Wakes those who waited for what is ready now.
    pub fn tell(&self, sockets: &Sockets) {
        for event in &self.events {
            let Some(readiness) = sockets.all().get(event.token().0).cloned() else { continue };
            if event.is_readable() || event.is_read_closed() || event.is_error() {
                tell(&readiness.read, event.is_read_closed() || event.is_error());
            }
            if event.is_writable() || event.is_write_closed() || event.is_error() {
                tell(&readiness.write, event.is_write_closed() || event.is_error());
            }
        }
    }
}

fn tell(side: &Mutex<Side>, closed: bool) {
    let mut side = lock(side);
    side.ready = true;
    side.closed |= closed;
    let waker = side.waker.take();
    drop(side);
    if let Some(waker) = waker {
        waker.wake();
    }
}

impl Sockets {
    /// Takes what every socket would wake. For the end of the runtime.
    pub fn take_wakers(&self) -> Vec<Waker> {
        let all = self.all();
        let sides = all.iter().flat_map(|(_, readiness)| [&readiness.read, &readiness.write]);
        sides.filter_map(|side| lock(side).waker.take()).collect()
    }

    /// How many there are.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.all().len()
    }

    fn all(&self) -> MutexGuard<'_, Slab<Arc<Readiness>>> {
        lock(&self.readiness)
    }
}

impl<S: Source> Registered<S> {
    /// Makes `socket` known to the runtime of this thread.
    pub fn new(socket: S) -> io::Result<Registered<S>> {
        let shared = super::current()
            .ok_or_else(|| io::Error::other("no runtime is running on this thread"))?;
        let readiness = Arc::new(Readiness::default());
        let key = shared.sockets.all().insert(Arc::clone(&readiness));
        let mut this = Registered { socket, readiness, key, shared };
        let both = Interest::READABLE | Interest::WRITABLE;
        this.shared.sockets.registry.register(&mut this.socket, Token(key), both)?;
        Ok(this)
    }

    /// Tries `call` whenever the socket may be readable, until it does not say "later". With its
    /// value, `call` says whether there may be more: then the next one need not wait for an edge.
    pub fn poll_read<T>(
        &self,
        context: &mut Context<'_>,
        call: impl FnMut(&S) -> io::Result<(T, bool)>,
    ) -> Poll<io::Result<T>> {
        self.poll(&self.readiness.read, context, call)
    }

    /// The same for writing.
    pub fn poll_write<T>(
        &self,
        context: &mut Context<'_>,
        call: impl FnMut(&S) -> io::Result<(T, bool)>,
    ) -> Poll<io::Result<T>> {
        self.poll(&self.readiness.write, context, call)
    }

    fn poll<T>(
        &self,
        side: &Mutex<Side>,
        context: &mut Context<'_>,
        mut call: impl FnMut(&S) -> io::Result<(T, bool)>,
    ) -> Poll<io::Result<T>> {
        if poll_budget(context).is_pending() {
            return Poll::Pending;
        }
        loop {
            {
                let mut side = lock(side);
                if !side.ready {
                    side.waker = Some(context.waker().clone());
                    return Poll::Pending;
                }
                // Cleared before the attempt: an edge that comes during it is not forgotten.
                side.ready = side.closed;
            }
            match call(&self.socket) {
                Ok((value, more)) => {
                    // Windows tells of the next edge only after a "later".
                    if more || cfg!(windows) {
                        lock(side).ready = true;
                    }
                    return Poll::Ready(Ok(value));
                }
                // Not closed after all: the event was meant for whoever had this key before.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    lock(side).closed = false;
                }
                // It says nothing about what is still there: no edge will come for that.
                Err(error) => {
                    lock(side).ready = true;
                    return Poll::Ready(Err(error));
                }
            }
        }
    }
}

impl<S: Source> Drop for Registered<S> {
    fn drop(&mut self) {
        // It fails only if the socket was never registered, and then there is nothing to undo.
        let _ = self.shared.sockets.registry.deregister(&mut self.socket);
        self.shared.sockets.all().remove(self.key);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
