//! The pool of step 04, a library so that step 06 can build on it.

mod pool;

pub use pool::{Task, ThreadPool};
