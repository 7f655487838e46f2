//! Channels, as the standard library documents them: in order, nothing lost, and who waits is woken
//! by what it waits for. Loom has none that can be full, or closed.

use ::std::collections::VecDeque;
use ::std::iter;
use ::std::sync::Arc;

pub use ::std::sync::mpsc::{RecvError, SendError, TryRecvError, TrySendError};
use loom::sync::{Condvar, Mutex, MutexGuard};

/// What a bounded channel holds at most, whatever was asked for: both to be full and to be empty
/// have to happen while a handful of tasks pass.
const BOUND: usize = 1;

/// A channel that is never full.
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let channel = Arc::new(Channel::new(usize::MAX));
    (Sender(End(Arc::clone(&channel))), Receiver { channel })
}

/// A channel that is full when it holds `bound`, or what a model holds at most.
pub fn sync_channel<T>(bound: usize) -> (SyncSender<T>, Receiver<T>) {
    assert!(bound > 0, "a channel where sender and receiver have to meet is not modelled");
    let channel = Arc::new(Channel::new(BOUND));
    (SyncSender(End(Arc::clone(&channel))), Receiver { channel })
}

/// The sending half of `channel`.
pub struct Sender<T>(End<T>);

/// The sending half of `sync_channel`.
pub struct SyncSender<T>(End<T>);

/// The receiving half of both.
pub struct Receiver<T> {
    channel: Arc<Channel<T>>,
}

struct Channel<T> {
    state: Mutex<State<T>>,
    /// Something came, or went, or the last of one side has left.
    changed: Condvar,
    bound: usize,
}

struct State<T> {
    queue: VecDeque<T>,
    senders: usize,
    /// There is somebody to receive.
    open: bool,
}

/// One of the senders.
struct End<T>(Arc<Channel<T>>);

impl<T> Sender<T> {
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        self.0.send(value)
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Sender(self.0.clone())
    }
}

impl<T> SyncSender<T> {
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        self.0.send(value)
    }

    pub fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        let Channel { bound, changed, .. } = &*self.0.0;
        let mut state = self.0.0.state();
        if !state.open {
            return Err(TrySendError::Disconnected(value));
        }
        if state.queue.len() >= *bound {
            return Err(TrySendError::Full(value));
        }
        state.queue.push_back(value);
        changed.notify_all();
        Ok(())
    }
}

impl<T> Clone for SyncSender<T> {
    fn clone(&self) -> Self {
        SyncSender(self.0.clone())
    }
}

impl<T> Receiver<T> {
    pub fn recv(&self) -> Result<T, RecvError> {
        let mut state = self.channel.state();
        loop {
            if let Some(value) = self.channel.take(&mut state) {
                return Ok(value);
            }
            if state.senders == 0 {
                return Err(RecvError);
            }
            state = self.channel.wait(state);
        }
    }

    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        let mut state = self.channel.state();
        let none =
            if state.senders == 0 { TryRecvError::Disconnected } else { TryRecvError::Empty };
        self.channel.take(&mut state).ok_or(none)
    }

    pub fn try_iter(&self) -> impl Iterator<Item = T> {
        iter::from_fn(|| self.try_recv().ok())
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let mut state = self.channel.state();
        state.open = false;
        let unread = std::mem::take(&mut state.queue);
        self.channel.changed.notify_all();
        drop(state);
        // What is dropped may itself have something to say to this channel.
        drop(unread);
    }
}

impl<T> Channel<T> {
    fn new(bound: usize) -> Self {
        let state = State { queue: VecDeque::new(), senders: 1, open: true };
        Channel { state: Mutex::new(state), changed: Condvar::new(), bound }
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().expect("no code of others runs under this lock")
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State<T>>) -> MutexGuard<'a, State<T>> {
        self.changed.wait(state).expect("no code of others runs under this lock")
    }

    fn take(&self, state: &mut State<T>) -> Option<T> {
        let value = state.queue.pop_front()?;
        self.changed.notify_all();
        Some(value)
    }
}

impl<T> End<T> {
    fn send(&self, value: T) -> Result<(), SendError<T>> {
        let mut state = self.0.state();
        while state.open && state.queue.len() >= self.0.bound {
            state = self.0.wait(state);
        }
        if !state.open {
            return Err(SendError(value));
        }
        state.queue.push_back(value);
        self.0.changed.notify_all();
        Ok(())
    }
}

impl<T> Clone for End<T> {
    fn clone(&self) -> Self {
        self.0.state().senders += 1;
        End(Arc::clone(&self.0))
    }
}

impl<T> Drop for End<T> {
    fn drop(&mut self) {
        self.0.state().senders -= 1;
        self.0.changed.notify_all();
    }
}
