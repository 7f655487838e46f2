//! The listener of an event loop, a library so that later loops can build on it.

mod acceptor;

pub use acceptor::Acceptor;
