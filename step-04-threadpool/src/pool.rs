//! A fixed number of threads that run tasks from one bounded queue.

use std::io;
use std::num::NonZeroUsize;
use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

/// What the pool runs: anything, once.
pub type Task = Box<dyn FnOnce() + Send>;

/// How many tasks may wait for a worker. What does not fit waits with whoever brings it: for the
/// clients of step 04 that is the kernel's backlog, which has its own limit.
const QUEUE: usize = 64;

/// Workers, and the queue that they share. Dropping it lets them finish what is queued.
pub struct ThreadPool {
    /// `None` only while the pool is dropped: to close the queue is to tell the workers.
    queue: Option<SyncSender<Task>>,
    workers: Vec<JoinHandle<()>>,
}

impl ThreadPool {
    /// Starts `workers` threads. Fails where the system has no more threads to give.
    pub fn new(workers: NonZeroUsize) -> io::Result<ThreadPool> {
        let (queue, tasks) = mpsc::sync_channel(QUEUE);
        let tasks = Arc::new(Mutex::new(tasks));
        let mut pool = ThreadPool { queue: Some(queue), workers: Vec::new() };
        for i in 0..workers.get() {
            let tasks = Arc::clone(&tasks);
            let name = format!("worker-{i}");
            let worker = thread::Builder::new().name(name).spawn(move || work(&tasks))?;
            pool.workers.push(worker);
        }
        Ok(pool)
    }

    /// Queues a task. Blocks while the queue is full: this is the pool's backpressure.
    pub fn execute(&self, task: impl FnOnce() + Send + 'static) {
        let sent = self.queue().send(Box::new(task));
        sent.expect("the workers listen until the queue is closed");
    }

    /// Queues a task if there is room, and otherwise gives it back. Never blocks.
    pub fn try_execute(&self, task: Task) -> Result<(), Task> {
        match self.queue().try_send(task) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(task) | TrySendError::Disconnected(task)) => Err(task),
        }
    }

    fn queue(&self) -> &SyncSender<Task> {
        self.queue.as_ref().expect("only `drop` takes the queue away")
    }
}

impl Drop for ThreadPool {
    fn drop(&mut self) {
        // A closed queue still gives out what is in it, and only then its end.
        drop(self.queue.take());
        for worker in self.workers.drain(..) {
            // It fails only if the worker panicked, and a worker does not: see `work`.
            let _ = worker.join();
        }
    }
}

fn work(tasks: &Mutex<Receiver<Task>>) {
    loop {
        // One worker waits in `recv`, holding the lock; the others wait for the lock. It is
        // released at the end of this statement, before the task runs: written as
        // `while let Ok(task) = tasks.lock()….recv()` it would be held until the task is done,
        // and the pool would run one task at a time.
        let task = tasks.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(task) = task else { return };
        // A task that panics takes its own connection with it, and no worker.
        let _ = panic::catch_unwind(AssertUnwindSafe(task));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    /// Long enough for anything that will happen at all.
    const PATIENCE: Duration = Duration::from_secs(20);

    fn pool(workers: usize) -> ThreadPool {
        ThreadPool::new(NonZeroUsize::new(workers).unwrap()).unwrap()
    }

    #[test]
    fn tasks_run_side_by_side() {
        let pool = pool(3);
        // Nobody passes the barrier until all three are at it: held locks would deadlock here.
        let barrier = Arc::new(Barrier::new(3));
        let (arrived, arrivals) = mpsc::channel();
        for _ in 0..3 {
            let (barrier, arrived) = (Arc::clone(&barrier), arrived.clone());
            pool.execute(move || {
                barrier.wait();
                arrived.send(()).unwrap();
            });
        }
        for _ in 0..3 {
            arrivals.recv_timeout(PATIENCE).expect("the tasks wait for each other");
        }
    }

    #[test]
    fn dropping_finishes_what_was_queued() {
        let ran = Arc::new(AtomicUsize::new(0));
        let pool = pool(2);
        for _ in 0..QUEUE {
            let ran = Arc::clone(&ran);
            pool.execute(move || {
                ran.fetch_add(1, Ordering::SeqCst);
            });
        }
        drop(pool);
        assert_eq!(ran.load(Ordering::SeqCst), QUEUE);
    }

    #[test]
    fn a_panic_costs_no_worker() {
        let pool = pool(1);
        for _ in 0..3 {
            pool.execute(|| panic!("on purpose"));
        }
        let (answer, answers) = mpsc::channel();
        pool.execute(move || answer.send(thread::current().name().map(str::to_owned)).unwrap());
        assert_eq!(
            answers.recv_timeout(PATIENCE).expect("no worker is left").as_deref(),
            Some("worker-0")
        );
    }

    #[test]
    fn a_full_queue_gives_the_task_back() {
        let pool = pool(1);
        let (release, gate) = mpsc::channel::<()>();
        let (started, starts) = mpsc::channel();
        pool.execute(move || {
            started.send(()).unwrap();
            let _ = gate.recv();
        });
        starts.recv_timeout(PATIENCE).unwrap(); // the worker is busy and the queue empty
        for _ in 0..QUEUE {
            assert!(pool.try_execute(Box::new(|| ())).is_ok());
        }
        assert!(pool.try_execute(Box::new(|| ())).is_err());
        release.send(()).unwrap();
    }
}
