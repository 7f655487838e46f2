//! An executor: it polls the futures that were woken, and waits in the reactor when none was.
//!
//! The life of a future here: `spawn` queues its task. The executor polls it, until it meets a
//! socket that is not ready and leaves its waker there (`reactor.rs`). The executor waits in
//! `poll` for all sockets. The reactor is told that the socket is ready and calls the waker, which
//! queues the task again. Nobody else polls, and nobody waits anywhere else.
//!
//! The flags `parked`, `queued` and `woken` change by `swap` and never by `store`: a swap sees the one before it, and with it all
//! that its thread had done. So whoever finds a task queued already may leave it at that: who takes
//! the task out sees what the wake-up was about.

mod net;
mod reactor;
#[cfg(test)]
mod tests;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

pub use net::{TcpListener, TcpStream};
use reactor::{Reactor, Sockets};

/// How many reads, writes and accepts a task may do before the others have their turn.
const BUDGET: u32 = 32;

/// Runs futures on the thread that calls [`Runtime::block_on`].
pub struct Runtime {
    reactor: Reactor,
    shared: Arc<Shared>,
}

/// What wakers, tasks and sockets know of their runtime, on whatever thread they are.
struct Shared {
    /// The tasks to poll.
    queue: Mutex<VecDeque<Arc<Task>>>,
    /// The executor is waiting in the reactor, or about to: whoever has news must wake it.
    parked: AtomicBool,
    unpark: mio::Waker,
    sockets: Sockets,
}

/// A future that was spawned.
struct Task {
    /// `None`: it has finished.
    future: Mutex<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>,
    /// It is in the queue; a second wake-up has nothing to add.
    queued: AtomicBool,
    shared: Arc<Shared>,
}

/// The future that `block_on` waits for. It lives on the stack there, so it has no task.
struct Main {
    woken: AtomicBool,
    shared: Arc<Shared>,
}

thread_local! {
    /// The runtime that is running on this thread.
    static CURRENT: RefCell<Option<Arc<Shared>>> = const { RefCell::new(None) };
    /// What is left of the running task's budget.
    static LEFT: Cell<u32> = const { Cell::new(BUDGET) };
}

impl Runtime {
    pub fn new() -> io::Result<Runtime> {
        let (reactor, sockets, unpark) = reactor::new()?;
        let (queue, parked) = (Mutex::default(), AtomicBool::new(false));
        Ok(Runtime { reactor, shared: Arc::new(Shared { queue, parked, unpark, sockets }) })
    }

    /// Runs `future` to its end, and with it everything that is spawned meanwhile.
    pub fn block_on<F: Future>(&mut self, future: F) -> F::Output {
        let outer = CURRENT.replace(Some(Arc::clone(&self.shared)));
        assert!(outer.is_none(), "a runtime is already running on this thread");
        let mut future = pin!(future);
        let main =
            Arc::new(Main { woken: AtomicBool::new(true), shared: Arc::clone(&self.shared) });
        let waker = Waker::from(Arc::clone(&main));
        loop {
            if main.woken.swap(false, Ordering::AcqRel) {
                LEFT.set(BUDGET);
                if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker))
                {
                    CURRENT.take();
                    return output;
                }
            }
            // One round: what these tasks wake has its turn after we have looked at the sockets.
            let round = self.shared.take_queue();
            for task in round {
                task.run();
            }
            // Announce first, look again after: whoever queues something from now on wakes us.
            self.shared.parked.swap(true, Ordering::AcqRel);
            let idle = self.shared.queue().is_empty() && !main.woken.load(Ordering::Acquire);
            self.reactor.wait(if idle { None } else { Some(Duration::ZERO) });
            self.shared.parked.swap(false, Ordering::AcqRel);
            self.reactor.tell(&self.shared.sockets);
        }
    }
}

impl Drop for Runtime {
    /// A task that never finished is owned by the wakers that it left with its sockets, and owns
    /// them: the circle is broken here.
    fn drop(&mut self) {
        drop(self.shared.take_queue());
        drop(self.shared.sockets.take_wakers());
    }
}

/// Runs `future` beside the caller. Panics outside of [`Runtime::block_on`], as Tokio's does.
pub fn spawn(future: impl Future<Output = ()> + Send + 'static) {
    let shared = current().expect("`spawn` needs a runtime that runs on this thread");
    let future = Mutex::new(Some(Box::pin(future) as Pin<Box<_>>));
    let queued = AtomicBool::new(true);
    let task = Task { future, queued, shared: Arc::clone(&shared) };
    shared.push(Arc::new(task));
}

/// Waits. There are no timers here: a thread sleeps for us.
pub async fn sleep(duration: Duration) {
    let done = Arc::new(AtomicBool::new(false));
    let mut asleep = false;
    std::future::poll_fn(|context| {
        if !asleep {
            asleep = true;
            let (done, waker) = (Arc::clone(&done), context.waker().clone());
            let nap = move || {
                thread::sleep(duration);
                done.store(true, Ordering::Release);
                waker.wake();
            };
            // Without a thread, the wait is over at once.
            if thread::Builder::new().spawn(nap).is_err() {
                return Poll::Ready(());
            }
        }
        if done.load(Ordering::Acquire) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await
}

impl Task {
    fn run(self: Arc<Task>) {
        // Cleared before the poll: a wake-up that comes during it must queue the task again.
        self.queued.swap(false, Ordering::AcqRel);
        LEFT.set(BUDGET);
        let waker = Waker::from(Arc::clone(&self));
        let mut future = self.future.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(running) = future.as_mut() else { return };
        let poll = || running.as_mut().poll(&mut Context::from_waker(&waker));
        // A panic ends this task and no other. The panic hook has reported it.
        if !matches!(catch_unwind(AssertUnwindSafe(poll)), Ok(Poll::Pending)) {
            *future = None;
        }
    }
}

impl Wake for Task {
    fn wake(self: Arc<Task>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Task>) {
        if !self.queued.swap(true, Ordering::AcqRel) {
            self.shared.push(Arc::clone(self));
        }
    }
}

impl Wake for Main {
    fn wake(self: Arc<Main>) {
        self.woken.swap(true, Ordering::AcqRel);
        self.shared.unpark();
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, VecDeque<Arc<Task>>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All that is queued. (A function, so that the lock is released when it returns: in the head
    /// of a `for`, the guard would live as long as the loop, and the first task to wake another
    /// would wait for it for ever.)
    fn take_queue(&self) -> VecDeque<Arc<Task>> {
        mem::take(&mut *self.queue())
    }

    fn push(&self, task: Arc<Task>) {
        self.queue().push_back(task);
        self.unpark();
    }

    fn unpark(&self) {
        // The first to find it parked wakes it; a system call, so not for the others.
        if self.parked.swap(false, Ordering::AcqRel) {
            self.unpark.wake().expect("the reactor can be woken as long as it lives");
        }
    }
}

fn current() -> Option<Arc<Shared>> {
    CURRENT.with_borrow(Clone::clone)
}

/// Takes a little of the running task's budget; when it is used up, the task is queued again
/// behind the others. Without this, a client that is always ready would keep the thread.
fn poll_budget(context: &mut Context<'_>) -> Poll<()> {
    let left = LEFT.get();
    if left == 0 {
        context.waker().wake_by_ref();
        return Poll::Pending;
    }
    LEFT.set(left - 1);
    Poll::Ready(())
}
