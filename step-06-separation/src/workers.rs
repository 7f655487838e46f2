//! Where connections go to have work done, and how they come home.

use std::collections::VecDeque;
use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};

use mio::Waker;
use proto::Job;
use step_04_threadpool::{Task, ThreadPool};

use crate::connection::Connection;

/// The workers, as the loop sees them: it never waits for one.
pub struct Workers {
    pool: ThreadPool,
    /// What found no room in the pool's queue: at most one task for each connection.
    tasks: VecDeque<Task>,
    /// Each task has a clone of this, to bring its connection home.
    home: Sender<(usize, Connection)>,
    arrivals: Receiver<(usize, Connection)>,
    /// Wakes the loop when there is an arrival.
    waker: Arc<Waker>,
}

impl Workers {
    pub fn new(workers: NonZeroUsize, waker: Arc<Waker>) -> io::Result<Workers> {
        let (home, arrivals) = mpsc::channel();
        let pool = ThreadPool::new(workers)?;
        Ok(Workers { pool, tasks: VecDeque::new(), home, arrivals, waker })
    }

    /// Takes a connection out of its place and sends it to a worker, with the job that it wants
    /// done. The place stays: nobody else gets its key.
    pub fn send(&mut self, key: usize, place: &mut Option<Connection>, job: Job) {
        let Some(mut connection) = place.take() else { return };
        let (home, waker) = (self.home.clone(), Arc::clone(&self.waker));
        self.tasks.push_back(Box::new(move || {
            connection.session.done(job.run());
            // The loop lives as long as a place in it is kept.
            let _ = home.send((key, connection));
            let _ = waker.wake();
        }));
        self.hand_over();
    }

    /// The connections that have come home so far. (Who comes while these have their turn will
    /// wake the loop again: if it took them too, it might never get back to its sockets.)
    pub fn arrivals(&mut self) -> Vec<(usize, Connection)> {
        let arrivals = self.arrivals.try_iter().collect();
        // Whoever comes home leaves room behind.
        self.hand_over();
        arrivals
    }

    fn hand_over(&mut self) {
        while let Some(task) = self.tasks.pop_front() {
            if let Err(task) = self.pool.try_execute(task) {
                return self.tasks.push_front(task);
            }
        }
    }
}
