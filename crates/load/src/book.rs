//! What is written down about requests, and about connections that were lost.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use crate::connection::{Flight, Loss};

/// The longest time that is told apart from longer ones.
const LONGEST: Duration = Duration::from_secs(3600);

/// The records of one kind of client.
///
/// A request belongs to the time in which it *ends*. One that has not ended when the measuring
/// does is written down with the time it has waited so far, which is the least it can have taken;
/// leaving it out would flatter exactly the servers that answer nobody. So is one whose connection
/// is lost, at that moment. What fell due is answered, censored or lost.
#[derive(Debug)]
pub struct Book {
    /// From due to answered: what a client sees.
    pub response: Histogram<u64>,
    /// From sent to answered: what the server was asked for. Where this is short and the response
    /// time is long, requests waited for a connection that was still busy with an earlier one.
    pub service: Histogram<u64>,
    /// From due to sent, when a connection was free: the generator's own delay.
    pub lag: Histogram<u64>,
    /// Requests answered, every byte of the reply being right.
    pub answered: u64,
    /// Requests that had not ended when the measuring did.
    pub censored: u64,
    /// Requests under way when their connection was lost.
    pub lost: u64,
    /// The longest time noted for one of either kind.
    pub longest_censored: Duration,
}

impl Book {
    /// Nothing written yet.
    pub fn new() -> Book {
        Book {
            response: histogram(),
            service: histogram(),
            lag: histogram(),
            answered: 0,
            censored: 0,
            lost: 0,
            longest_censored: Duration::ZERO,
        }
    }

    /// Forgets everything: the warm-up is over.
    pub fn clear(&mut self) {
        self.response.reset();
        self.service.reset();
        self.lag.reset();
        self.answered = 0;
        self.censored = 0;
        self.lost = 0;
        self.longest_censored = Duration::ZERO;
    }

    /// A request was sent as soon as the generator got round to it.
    pub fn sent(&mut self, due: Instant, now: Instant) {
        record(&mut self.lag, now - due, 1);
    }

    /// Their replies are complete, and right.
    pub fn answered(&mut self, flight: Flight, now: Instant) {
        self.answered += flight.requests as u64;
        record(&mut self.response, now - flight.due, flight.requests);
        record(&mut self.service, now - flight.sent, flight.requests);
    }

    /// The end has come, and these requests are still under way.
    pub fn unanswered(&mut self, flight: Flight, end: Instant) {
        self.censored += flight.requests as u64;
        self.at_least(flight.due, end, flight.requests);
        record(&mut self.service, end.saturating_duration_since(flight.sent), flight.requests);
    }

    /// The end has come, and this request was due and never sent: no connection was free.
    pub fn unsent(&mut self, due: Instant, end: Instant) {
        self.censored += 1;
        self.at_least(due, end, 1);
    }

    /// The connection is gone, and these requests with it.
    pub fn lost(&mut self, flight: Flight, now: Instant) {
        self.lost += flight.requests as u64;
        self.at_least(flight.due, now, flight.requests);
        record(&mut self.service, now.saturating_duration_since(flight.sent), flight.requests);
    }

    fn at_least(&mut self, due: Instant, now: Instant, requests: usize) {
        let waited = now.saturating_duration_since(due);
        self.longest_censored = self.longest_censored.max(waited);
        record(&mut self.response, waited, requests);
    }
}

impl Default for Book {
    fn default() -> Book {
        Book::new()
    }
}

fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LONGEST.as_nanos() as u64, 3).expect("these bounds are valid")
}

fn record(histogram: &mut Histogram<u64>, time: Duration, requests: usize) {
    histogram.saturating_record_n(time.as_nanos() as u64, requests as u64);
}

/// Connections lost, by kind, since the first was opened. Not one of these is an answer.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Errors {
    /// Nobody listened.
    pub refused: u64,
    /// Broken off by the server or its kernel.
    pub reset: u64,
    /// Ended by the server in good order, though the client had not finished.
    pub closed: u64,
    /// A reply was not byte for byte what it had to be.
    pub wrong: u64,
    /// Could not be opened in time.
    pub timeout: u64,
    /// Anything else that the kernel reported.
    pub other: u64,
}

impl Errors {
    pub(crate) fn count(&mut self, loss: Loss) {
        *match loss {
            Loss::Refused => &mut self.refused,
            Loss::Reset => &mut self.reset,
            Loss::Closed => &mut self.closed,
            Loss::Wrong => &mut self.wrong,
            Loss::Timeout => &mut self.timeout,
            Loss::Other => &mut self.other,
        } += 1;
    }

    /// Each kind, in words, with how often it was seen.
    pub fn kinds(&self) -> [(&'static str, u64); 6] {
        [
            ("refused", self.refused),
            ("reset", self.reset),
            ("closed", self.closed),
            ("wrong", self.wrong),
            ("timeout", self.timeout),
            ("other", self.other),
        ]
    }

    /// All kinds together.
    pub fn total(&self) -> u64 {
        self.kinds().iter().map(|(_, n)| n).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::Demand;

    const MS: Duration = Duration::from_millis(1);

    /// A server in a world without sleeping: it answers `service` after a request is sent, and
    /// from `stall` on it does nothing until the stall is over.
    fn simulate(mut demand: Demand, requests: usize, stall: (Duration, Duration)) -> Book {
        let start = Instant::now();
        let (stalls, resumes) = (start + stall.0, start + stall.1);
        let mut book = Book::new();
        let mut now = start;
        for _ in 0..requests {
            let due = match demand.claim(now) {
                Some(due) => due,
                None => {
                    now = demand.next_due().unwrap();
                    demand.claim(now).unwrap()
                }
            };
            let sent = now;
            now += MS;
            if sent <= stalls && now > stalls {
                now = resumes + MS;
            }
            book.answered(Flight { due, sent, requests: 1 }, now);
        }
        book
    }

    fn p90(histogram: &Histogram<u64>) -> Duration {
        Duration::from_nanos(histogram.value_at_quantile(0.9))
    }

    #[test]
    fn a_stall_cannot_hide_from_an_open_loop() {
        let stall = (1000 * MS, 2000 * MS);
        // Ten seconds at 100 requests a second, one connection; for one of the ten all stands
        // still. Only the one request that was under way has a long service time, but a hundred
        // more fell due meanwhile, and their clients waited.
        let book = simulate(Demand::open(Instant::now(), 100.0), 1000, stall);
        assert!(p90(&book.service) < 2 * MS);
        assert!(p90(&book.response) > 50 * MS, "{:?}", p90(&book.response));
        assert_eq!(book.response.max(), book.service.max());
        let waited = book.response.count_between((10 * MS).as_nanos() as u64, u64::MAX);
        assert!((100..120).contains(&waited), "{waited}");
    }

    #[test]
    fn and_it_does_hide_from_a_closed_one() {
        let book = simulate(Demand::Closed, 1000, (100 * MS, 1100 * MS));
        assert!(p90(&book.response) < 2 * MS);
        assert_eq!(book.response.count_between((10 * MS).as_nanos() as u64, u64::MAX), 1);
    }

    #[test]
    fn the_unanswered_are_written_down_with_what_they_have_waited() {
        let due = Instant::now();
        let mut book = Book::new();
        book.unanswered(Flight { due, sent: due + 5 * MS, requests: 3 }, due + 30 * MS);
        book.unsent(due + 20 * MS, due + 30 * MS);
        assert_eq!((book.answered, book.censored), (0, 4));
        assert_eq!(book.longest_censored, 30 * MS);
        assert_eq!((book.response.len(), book.service.len()), (4, 3));
        assert!(book.response.max() >= (30 * MS).as_nanos() as u64);
        assert!(book.service.max() < (26 * MS).as_nanos() as u64);
    }
}
