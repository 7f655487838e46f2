//! The standard library as the models see it: where threads meet, they meet in loom, which tries
//! every order in which they can.
//!
//! What is not named here is the real thing. `Arc` is, because wakers are made of it: that the
//! last of several owners sees what the others did is taken for granted. `thread_local!` is, so
//! that all threads of a model share its values: of the threads here only the executor has any.

pub use ::std::*;

pub mod net;

/// Locks, atomics and channels.
pub mod sync {
    pub mod mpsc;

    pub use ::std::sync::*;
    pub use loom::sync::{Condvar, Mutex, MutexGuard};

    /// Every load may see any value that the memory model allows. Loom knows it but for one thing:
    /// `SeqCst` says no more to it than `AcqRel`.
    pub mod atomic {
        pub use loom::sync::atomic::*;
    }
}

/// Threads, of which loom lets one run at a time.
pub mod thread {
    use ::std::time::Duration;

    pub use loom::thread::{Builder, JoinHandle, current, spawn, yield_now};

    /// No time passes in a model: whoever sleeps may be overtaken by all others, or by none.
    pub fn sleep(_: Duration) {
        yield_now();
    }
}

/// Panics, of which a model has two kinds.
pub mod panic {
    use ::std::any::Any;

    pub use ::std::panic::*;

    /// What a model's task panics with.
    pub struct OnPurpose;

    /// Panics as a task that is broken would, without the hook's report: it would be one for every
    /// order.
    pub fn on_purpose() -> ! {
        resume_unwind(Box::new(OnPurpose))
    }

    /// Was this the panic of a task that panics on purpose?
    pub fn was_on_purpose(payload: &(dyn Any + Send)) -> bool {
        payload.is::<OnPurpose>()
    }

    /// Catches a panic on purpose. All others are a verdict, of loom or of an assertion, and stop
    /// at nothing.
    pub fn catch_unwind<R>(call: impl FnOnce() -> R + UnwindSafe) -> ::std::thread::Result<R> {
        match ::std::panic::catch_unwind(call) {
            Err(payload) if !was_on_purpose(&*payload) => resume_unwind(payload),
            result => result,
        }
    }
}
