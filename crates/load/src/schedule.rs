//! When requests are due.
//!
//! A *closed* loop asks again when it has been answered: it measures what a request costs, and it
//! is too polite to measure waiting, because a server that stalls is simply asked less. An *open*
//! loop asks at times fixed beforehand, as people do who do not know of each other. If the server
//! stalls, requests fall due all the same; each keeps its due time and is timed from there.
//! Leaving those out is called coordinated omission.

use std::time::{Duration, Instant};

/// The times at which requests are due: `start + i / rate`.
#[derive(Debug, Clone)]
pub struct Schedule {
    start: Instant,
    nanos_apart: f64,
}

impl Schedule {
    /// Due times from `start` on, `rate` of them a second. `rate` is positive.
    pub fn new(start: Instant, rate: f64) -> Schedule {
        Schedule { start, nanos_apart: 1e9 / rate }
    }

    /// When request `i` is due. Computed from the start each time, so no error adds up.
    pub fn due(&self, i: u64) -> Instant {
        self.start + Duration::from_nanos((i as f64 * self.nanos_apart) as u64)
    }
}

/// Who decides that a connection asks again.
#[derive(Debug, Clone)]
pub enum Demand {
    /// Nobody does: it is connected, and silent.
    Never,
    /// The answer does: ask as soon as the last request is answered.
    Closed,
    /// The clock does.
    Open {
        /// When requests are due.
        schedule: Schedule,
        /// Requests handed out so far. Those that are due and not handed out wait, and this number
        /// is all there is of their queue: request `i` is due when the schedule says so.
        claimed: u64,
    },
}

impl Demand {
    /// An open loop whose first request is due at `start`.
    pub fn open(start: Instant, rate: f64) -> Demand {
        Demand::Open { schedule: Schedule::new(start, rate), claimed: 0 }
    }

    /// A connection is free: takes the request that has waited longest and says when it was due.
    pub fn claim(&mut self, now: Instant) -> Option<Instant> {
        match self {
            Demand::Never => None,
            Demand::Closed => Some(now),
            Demand::Open { schedule, claimed } => {
                let due = schedule.due(*claimed);
                (due <= now).then(|| {
                    *claimed += 1;
                    due
                })
            }
        }
    }

    /// When the next request falls due, if the clock decides.
    pub fn next_due(&self) -> Option<Instant> {
        match self {
            Demand::Open { schedule, claimed } => Some(schedule.due(*claimed)),
            Demand::Closed | Demand::Never => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn due_times_do_not_depend_on_when_they_are_claimed() {
        let start = Instant::now();
        let mut demand = Demand::open(start, 1000.0);
        assert_eq!(demand.claim(start), Some(start));
        assert_eq!(demand.claim(start), None, "the second is due a millisecond later");
        assert_eq!(demand.next_due(), Some(start + MS));
        // Nobody was free for ten milliseconds: ten have fallen due, and each knows since when.
        let late = start + 10 * MS;
        for i in 1..=10 {
            assert_eq!(demand.claim(late), Some(start + i * MS));
        }
        assert_eq!(demand.claim(late), None);
    }

    #[test]
    fn a_rate_that_does_not_divide_a_second_does_not_drift() {
        let start = Instant::now();
        let schedule = Schedule::new(start, 3.0);
        let hour = schedule.due(3 * 3600) - start;
        assert!(hour.abs_diff(Duration::from_secs(3600)) < Duration::from_micros(1), "{hour:?}");
    }

    #[test]
    fn a_closed_loop_is_due_whenever_it_is_free() {
        let now = Instant::now();
        assert_eq!(Demand::Closed.claim(now), Some(now));
        assert_eq!(Demand::Closed.next_due(), None);
        assert_eq!((Demand::Never.claim(now), Demand::Never.next_due()), (None, None));
    }
}
