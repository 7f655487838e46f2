//! The concurrency of the steps, their own files, compiled against a `std` and a `mio` in which
//! everything that threads do to each other is up to loom. It runs a model (they are in `tests`)
//! once for every order in which its threads can meet with up to [`PREEMPTIONS`], and every value that a
//! load may then see.
//!
//! Nothing here is about a step: what a step does stands in the step.

// Of `core`, and so not loom's: it counts from one order to the next.
use core::sync::atomic::{AtomicUsize, Ordering};
use std::panic;
use std::sync::Arc;

/// The pool.
#[path = "../../step-04-threadpool/src"]
pub mod step_04 {
    pub mod pool;
}

/// The loop's hand-over to the workers, and back.
#[path = "../../step-06-separation/src"]
pub mod step_06 {
    pub mod workers;
}

/// The executor and its reactor.
#[path = "../../step-07-async-handler/src"]
pub mod step_07 {
    pub mod runtime;
}

// For step 06, the library of step 04 is this crate.
extern crate self as step_04_threadpool;
pub use step_04::pool::{Task, ThreadPool};

/// What step 06 hands over, as far as the hand-over looks at it.
pub mod connection {
    use proto::Done;

    pub struct Connection {
        pub session: Session,
    }

    /// Counts the jobs that were done.
    pub struct Session {
        pub done: usize,
    }

    impl Session {
        pub fn done(&mut self, _: Done) {
            self.done += 1;
        }
    }
}

/// How often a thread is interrupted where it would not have to wait. Almost every fault shows with
/// two; `LOOM_MAX_PREEMPTIONS` says otherwise.
const PREEMPTIONS: usize = 3;

/// Runs `model` in every order within the bounds; panics at the first in which it panics or where
/// nobody can go on.
pub fn check(model: impl Fn() + Send + Sync + 'static) {
    let mut bounds = loom::model::Builder::new();
    bounds.preemption_bound = bounds.preemption_bound.or(Some(PREEMPTIONS));
    let orders = Arc::new(AtomicUsize::new(0));
    let checked = panic::AssertUnwindSafe({
        let orders = Arc::clone(&orders);
        move || {
            bounds.check(move || {
                orders.fetch_add(1, Ordering::Relaxed);
                model();
            });
        }
    });
    assert!(panic::catch_unwind(checked).is_ok(), "a task's panic has ended its thread");
    println!("{} orders", orders.load(Ordering::Relaxed));
}
