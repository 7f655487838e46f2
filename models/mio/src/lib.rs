//! What the steps need of mio, over a kernel that is a lock, a list and a condition variable.
//!
//! Edge-triggered, as the steps use the real one: an event is told once. A waker's event stays
//! until it is told, so to wake comes never too early. Time does not pass: a wait that has an end
//! ends at once.

pub mod event;
pub mod net;

use std::io;
use std::ops::BitOr;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use event::{Event, Source};

/// Where one thread waits for all.
pub struct Poll {
    registry: Registry,
}

/// Where events come from.
pub struct Registry {
    kernel: Arc<Kernel>,
}

/// What ends the wait from another thread.
pub struct Waker {
    kernel: Arc<Kernel>,
    token: Token,
}

/// Whose event it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token(pub usize);

/// What to tell of. A model tells of everything.
pub struct Interest;

/// The events of one wait.
pub struct Events(Vec<Event>);

/// What has happened, and who waits for it.
pub(crate) struct Kernel {
    events: Mutex<Vec<Event>>,
    raised: Condvar,
}

impl Poll {
    pub fn new() -> io::Result<Poll> {
        let kernel = Kernel { events: Mutex::new(Vec::new()), raised: Condvar::new() };
        Ok(Poll { registry: Registry { kernel: Arc::new(kernel) } })
    }

    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    pub fn poll(&mut self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        let kernel = &self.registry.kernel;
        let mut raised = kernel.events.lock().expect("no code of others runs under this lock");
        while raised.is_empty() && timeout.is_none() {
            raised = kernel.raised.wait(raised).expect("no code of others runs under this lock");
        }
        events.0 = std::mem::take(&mut *raised);
        Ok(())
    }
}

impl Registry {
    pub fn try_clone(&self) -> io::Result<Registry> {
        Ok(Registry { kernel: Arc::clone(&self.kernel) })
    }

    pub fn register(&self, source: &mut impl Source, token: Token, _: Interest) -> io::Result<()> {
        source.watch(Raise { kernel: Arc::clone(&self.kernel), token });
        Ok(())
    }

    pub fn deregister(&self, source: &mut impl Source) -> io::Result<()> {
        source.forget();
        Ok(())
    }
}

impl Waker {
    pub fn new(registry: &Registry, token: Token) -> io::Result<Waker> {
        Ok(Waker { kernel: Arc::clone(&registry.kernel), token })
    }

    pub fn wake(&self) -> io::Result<()> {
        self.kernel.raise(Event::readable(self.token));
        Ok(())
    }
}

impl Interest {
    pub const READABLE: Interest = Interest;
    pub const WRITABLE: Interest = Interest;
}

impl BitOr for Interest {
    type Output = Interest;

    fn bitor(self, _: Interest) -> Interest {
        Interest
    }
}

impl Events {
    pub fn with_capacity(_: usize) -> Events {
        Events(Vec::new())
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }
}

impl<'a> IntoIterator for &'a Events {
    type Item = &'a Event;
    type IntoIter = std::slice::Iter<'a, Event>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

/// A registered source's way to say that something happened.
pub struct Raise {
    kernel: Arc<Kernel>,
    token: Token,
}

impl Raise {
    pub(crate) fn readable(&self) {
        self.kernel.raise(Event::readable(self.token));
    }
}

impl Kernel {
    /// The same event twice, before it is told, is one.
    fn raise(&self, event: Event) {
        let mut events = self.events.lock().expect("no code of others runs under this lock");
        if !events.contains(&event) {
            events.push(event);
        }
        self.raised.notify_one();
    }
}
