//! What has been asked and what came of it, by all clients together, and how far the round is.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many complaints are kept: the first say it.
const TOLD: usize = 5;

/// What has become of what was asked in good order. What rude clients do is not counted here: they
/// do not wait for an answer.
#[derive(Debug, Default, Clone)]
pub struct Tally {
    /// Conversations that were begun, rude ones too.
    pub guests: u64,
    /// Requests that had to be answered.
    pub asked: u64,
    /// Those that were, and right.
    pub answered: u64,
    /// Requests that came too late: the server was asked to stop before they had arrived whole, or
    /// before it was seen to have taken their connection. Nobody owes them an answer.
    pub too_late: u64,
    /// What went wrong, for those who want to know; the first few.
    pub complaints: Vec<String>,
}

/// How far a round is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Phase {
    /// Guests come and go.
    Open,
    /// Nobody comes any more; who is there asks what it had in mind, and leaves.
    Leaving,
    /// The server was asked to stop, or will be in a moment.
    Stopping,
}

/// What all clients of a round share.
pub struct Book {
    phase: AtomicU8,
    tally: Mutex<Tally>,
}

impl Book {
    /// Nothing is written yet, and everybody is welcome.
    pub fn open() -> Book {
        Book { phase: AtomicU8::new(Phase::Open as u8), tally: Mutex::default() }
    }

    /// From now on.
    pub fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::SeqCst);
    }

    /// Whether it is this phase.
    pub fn is(&self, phase: Phase) -> bool {
        self.phase.load(Ordering::SeqCst) == phase as u8
    }

    /// Writes something down.
    pub fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tally {
    /// So many requests were answered as they should be.
    pub fn right(&mut self, n: usize) {
        self.asked += n as u64;
        self.answered += n as u64;
    }

    /// So many were not, for this reason.
    pub fn failed(&mut self, n: usize, why: String) {
        self.asked += n as u64;
        self.complaints.extend((self.complaints.len() < TOLD).then_some(why));
    }

    /// What another round has brought.
    pub fn add(&mut self, other: &Tally) {
        self.guests += other.guests;
        self.asked += other.asked;
        self.answered += other.answered;
        self.too_late += other.too_late;
        let room = TOLD - self.complaints.len();
        self.complaints.extend(other.complaints.iter().take(room).cloned());
    }
}
