//! Work that blocks or computes, handed to the shell as a closure.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::observe::{Event, Watch};

/// A piece of work that a session wants done wherever blocking is welcome.
///
/// Where that is, is the shell's business: on the spot, on a pool's thread, on a runtime's.
#[must_use = "the session waits until the job has run and `Session::done` was told"]
pub struct Job {
    work: Box<dyn FnOnce() -> Output + Send>,
    watch: Option<Watch>,
}

/// What a job produced.
pub struct Output {
    /// The reply, or the next piece of it.
    pub bytes: Vec<u8>,
    /// What follows.
    pub then: Then,
}

/// What follows a job's output.
pub enum Then {
    /// The reply is whole: on with the next request.
    Continue,
    /// When these bytes are sent, this job makes the next piece of the same reply.
    More(Job),
    /// The reply is whole, and it was the last.
    Finish,
}

/// A receipt for a job that has run. Only [`Job::run`] makes one.
#[must_use = "the session waits for it: `Session::done`"]
pub struct Done {
    /// `None`: the job panicked.
    pub(crate) output: Option<Output>,
}

impl Job {
    /// Wraps up work for a shell to run. It may block for as long as it likes.
    pub fn new(work: impl FnOnce() -> Output + Send + 'static) -> Job {
        Job { work: Box::new(work), watch: None }
    }

    pub(crate) fn watched(mut self, watch: Option<Watch>) -> Job {
        self.watch = watch;
        self
    }

    /// Runs the work on this thread and returns when it is done.
    ///
    /// A panic ends here, so that jobs behave alike wherever they run: the panic hook has
    /// reported it, and [`Session::done`](crate::Session::done) closes the one connection.
    pub fn run(self) -> Done {
        let Job { work, watch } = self;
        let tell = |event| {
            if let Some(watch) = &watch {
                watch.saw(event, &[]);
            }
        };
        tell(Event::JobStarted);
        // Unwind safe: whatever the closure owned is dropped with it, and nobody sees it again.
        let output = catch_unwind(AssertUnwindSafe(work)).ok();
        tell(Event::JobEnded);
        Done { output }
    }
}
