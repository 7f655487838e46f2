//! Sockets without a network: what somebody else sends, on a thread of the model.

use ::std::collections::VecDeque;
use ::std::io;
use ::std::sync::Arc;

pub use ::std::net::{Ipv4Addr, SocketAddr};
use loom::sync::{Mutex, MutexGuard};

/// A listener; its clients connect by `clients`.
pub struct TcpListener {
    pub clients: Arc<Inbox<TcpStream>>,
}

/// A connection; its client sends by `bytes`, and does not listen.
pub struct TcpStream {
    pub bytes: Arc<Inbox<u8>>,
}

/// What has arrived at a socket and was not taken yet.
pub struct Inbox<T> {
    state: Mutex<State<T>>,
}

struct State<T> {
    arrived: VecDeque<T>,
    /// What tells of an arrival: an edge, for whoever waits for this socket.
    edge: Option<Edge>,
}

type Edge = Arc<dyn Fn() + Send + Sync>;

impl<T> Inbox<T> {
    pub fn new() -> Arc<Inbox<T>> {
        let state = State { arrived: VecDeque::new(), edge: None };
        Arc::new(Inbox { state: Mutex::new(state) })
    }

    /// Something arrives.
    pub fn push(&self, value: T) {
        let mut state = self.state();
        state.arrived.push_back(value);
        let edge = state.edge.clone();
        drop(state);
        if let Some(edge) = edge {
            edge();
        }
    }

    /// What came first, or `WouldBlock`.
    pub fn take(&self) -> io::Result<T> {
        self.state().arrived.pop_front().ok_or_else(|| io::ErrorKind::WouldBlock.into())
    }

    /// From now on `edge` is called for each arrival, and at once for those that are there.
    pub fn watch(&self, edge: impl Fn() + Send + Sync + 'static) {
        let mut state = self.state();
        let waiting = !state.arrived.is_empty();
        let edge: Edge = Arc::new(edge);
        state.edge = Some(Arc::clone(&edge));
        drop(state);
        if waiting {
            edge();
        }
    }

    /// Nobody is told any more.
    pub fn forget(&self) {
        self.state().edge = None;
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().expect("no code of others runs under this lock")
    }
}
