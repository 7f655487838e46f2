//! What the hand-over of step 06 promises: the loop waits in `poll` and nowhere else, and whoever
//! it sends away comes home.

use std::num::NonZeroUsize;
use std::panic;
use std::sync::Arc;

use mio::{Events, Poll, Token, Waker};
use models::check;
use models::connection::{Connection, Session};
use models::step_06::workers::Workers;
use proto::{Job, Output, Then};

const WAKER: Token = Token(usize::MAX);

/// A loop with nothing to do but to send connections away and to wait for them.
struct Loop {
    poll: Poll,
    workers: Workers,
    /// `None`: it is away.
    places: Vec<Option<Connection>>,
}

impl Loop {
    fn new(workers: usize, connections: usize) -> Loop {
        let poll = Poll::new().unwrap();
        let waker = Arc::new(Waker::new(poll.registry(), WAKER).unwrap());
        let workers = Workers::new(NonZeroUsize::new(workers).unwrap(), waker).unwrap();
        let place = || Some(Connection { session: Session { done: 0 } });
        Loop { poll, workers, places: std::iter::repeat_with(place).take(connections).collect() }
    }

    fn send(&mut self, key: usize, job: Job) {
        self.workers.send(key, &mut self.places[key], job);
        assert!(self.places[key].is_none(), "the loop has a connection that is at a worker");
    }

    /// As the step does, until all are home: at every wake-up, those who have come.
    fn wait_for_all(&mut self) {
        let mut events = Events::with_capacity(1);
        while self.places.iter().any(Option::is_none) {
            self.poll.poll(&mut events, None).unwrap();
            for (key, connection) in self.workers.arrivals() {
                assert!(self.places[key].is_none(), "a connection has come home twice");
                self.places[key] = Some(connection);
            }
        }
    }

    fn jobs_done(&self) -> Vec<usize> {
        self.places.iter().flatten().map(|connection| connection.session.done).collect()
    }
}

fn job() -> Job {
    Job::new(|| Output { bytes: Vec::new(), then: Then::Continue })
}

#[test]
fn whoever_is_sent_away_comes_home_with_the_job_done() {
    check(|| {
        let mut event_loop = Loop::new(2, 2);
        event_loop.send(0, job());
        event_loop.send(1, job());
        event_loop.wait_for_all();
        assert_eq!(event_loop.jobs_done(), [1, 1]);
    });
}

/// One runs, one is queued, and two wait with the loop until there is room.
#[test]
fn whoever_finds_the_queue_full_has_a_turn_too() {
    check(|| {
        let mut event_loop = Loop::new(1, 4);
        for key in 0..4 {
            event_loop.send(key, job());
        }
        event_loop.wait_for_all();
        assert_eq!(event_loop.jobs_done(), [1; 4]);
    });
}

#[test]
fn who_has_come_home_can_go_again() {
    check(|| {
        let mut event_loop = Loop::new(1, 1);
        for _ in 0..2 {
            event_loop.send(0, job());
            event_loop.wait_for_all();
        }
        assert_eq!(event_loop.jobs_done(), [2]);
    });
}

#[test]
fn a_job_that_panics_brings_its_connection_home() {
    check(|| {
        let mut event_loop = Loop::new(1, 2);
        event_loop.send(0, Job::new(|| panic::on_purpose()));
        event_loop.send(1, job());
        event_loop.wait_for_all();
        assert_eq!(event_loop.jobs_done(), [1, 1]);
    });
}

/// The process stops, the connections with it: nobody waits for anybody.
#[test]
fn a_loop_that_ends_waits_for_its_workers_and_they_for_nothing() {
    check(|| {
        let mut event_loop = Loop::new(2, 3);
        for key in 0..3 {
            event_loop.send(key, job());
        }
    });
}
