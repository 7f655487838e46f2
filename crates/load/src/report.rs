//! What is told in the end: one structure, for programs as JSON and for people as text.

use std::fmt;
use std::ops::Range;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use crate::book::{Book, Errors};
use crate::cost::{Footprint, Switches};
use crate::generator::Generator;
use crate::{Plan, Protocol, Workload, units};

/// A generator that uses or waits for a larger share of one core may well have been the bottleneck
/// itself.
const BUSY: f64 = 0.95;

/// A generator that waits for its core for a larger share of the time measures its neighbours too.
pub const DISTURBED: f64 = 0.05;

/// To wake up takes this long at times, on an idle machine, too.
const WAKES: Duration = Duration::from_micros(200);

/// Sending later than this is more than waking up takes, and shows in times of the same order.
const LATE: Duration = Duration::from_millis(1);

/// The result of a run. Times are in nanoseconds unless a field says otherwise.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// Where the load went.
    pub target: String,
    /// What the clients did; any but `crowd`.
    pub workload: Workload,
    /// `frames`, `http` or `raw`.
    pub protocol: Protocol,
    /// Bytes inside a frame, or of a raw message.
    pub payload: usize,
    /// How many requests each connection sent together.
    pub depth: usize,
    /// Connections that asked, those for primes not included.
    pub connections: usize,
    /// Connections open at the end, those for primes included.
    pub connected: usize,
    /// Connections beside them that said nothing.
    pub silent: usize,
    /// Connections that were not served: they had no answer for the second half of the time, or
    /// never came so far as to ask.
    pub starved: usize,
    /// Requests a second that were due; `null` for a closed loop.
    pub offered: Option<f64>,
    /// How long was measured, in seconds, after a warm-up of `warm_up_seconds`.
    pub seconds: f64,
    /// See `seconds`.
    pub warm_up_seconds: f64,
    /// The requests that the run is about.
    pub requests: Requests,
    /// In `mixed`: the requests for long primes beside them.
    pub primes: Option<Requests>,
    /// Connections lost, from the first to the last moment.
    pub errors: Errors,
    /// Connections opened again after a loss, each after a pause of 100 ms.
    pub reopened: u64,
    /// Whether the generator kept up.
    pub generator: Own,
    /// What the server spent while it was measured; `null` if it was not watched.
    pub server: Option<ServerCost>,
}

/// Requests of one kind.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Requests {
    /// Connections that asked for this.
    pub connections: usize,
    /// Answered, and the reply checked byte for byte.
    pub answered: u64,
    /// The same, a second.
    pub per_second: f64,
    /// Not answered when the measuring ended; in the histograms with the time until then.
    pub censored: u64,
    /// Under way when their connection was lost; in the histograms with the time until then.
    pub lost: u64,
    /// From due to answered.
    pub response: Latency,
    /// From sent to answered.
    pub service: Latency,
}

/// A distribution of times.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Latency {
    /// Half of the requests took no longer.
    pub p50: Time,
    /// Nine in ten.
    pub p90: Time,
    /// 99 in 100.
    pub p99: Time,
    /// 999 in 1,000.
    pub p999: Time,
    /// The longest.
    pub max: Time,
    /// The histogram itself, as pairs of a time and how many took that long (in nanoseconds, to
    /// three significant digits), so that runs can be merged.
    pub histogram: Vec<(u64, u64)>,
}

/// One time out of a distribution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Time {
    /// Nanoseconds.
    pub nanos: u64,
    /// It was longer, nobody knows by how much: so many requests had not ended that this one may
    /// be among them.
    pub at_least: bool,
}

/// The generator's view of itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Own {
    /// Share of one core that it used; `null` where that cannot be read.
    pub busy: Option<f64>,
    /// Share of the time in which it was ready to run and others had its core; `null` where that
    /// cannot be read.
    pub waited: Option<f64>,
    /// How late requests were sent that were due while a connection was free (99 in 100 were sent
    /// sooner), in nanoseconds.
    pub send_lag_p99: u64,
    /// It was the bottleneck, or may have been.
    pub saturated: bool,
}

/// What the server's processes spent. There is none if processes have come or gone meanwhile.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ServerCost {
    /// Processor time, user and system, in nanoseconds.
    pub processor_time: u64,
    /// The same for each request answered, in microseconds; `null` without any.
    pub micros_per_request: Option<f64>,
    /// How often its threads waited for something, for each request answered; `null` without any, and
    /// if threads have come or gone meanwhile.
    pub waits_per_request: Option<f64>,
    /// How often others wanted their core and got it; `null` as above.
    pub preempted_per_request: Option<f64>,
    /// Memory and threads at the end, all connections being open.
    pub footprint: Footprint,
}

/// The result of the `crowd` workload.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Crowd {
    /// Connections wanted.
    pub connections: usize,
    /// Connections open, answered, and silent now.
    pub at_rest: usize,
    /// Connections lost on the way.
    pub errors: Errors,
}

/// Processor time and memory over the measured time, as far as they can be read.
pub(crate) struct Cost {
    pub own: Option<Duration>,
    pub own_wait: Option<Duration>,
    pub server: Option<Duration>,
    pub footprint: Option<Footprint>,
    /// Since somewhat before the measuring began.
    pub switches: Option<Switches>,
    /// Requests answered between then and the beginning.
    pub answered_before: u64,
}

impl Report {
    pub(crate) fn new(
        plan: &Plan,
        clients: &Generator,
        time: Range<Instant>,
        cost: Cost,
    ) -> Report {
        let elapsed = time.end - time.start;
        let (main, primes) = match clients.groups.as_slice() {
            [primes, main] if plan.workload == Workload::Mixed => (main, Some(primes)),
            [.., main] => (main, None),
            [] => unreachable!("every plan has a main group"),
        };
        let requests = Requests::new(&main.book, plan.connections, elapsed);
        let primes = primes.map(|group| Requests::new(&group.book, plan.askers, elapsed));
        let answered = requests.answered + primes.as_ref().map_or(0, |primes| primes.answered);
        let per_request =
            |n: u64, answered: u64| (answered > 0).then(|| n as f64 / answered as f64);
        let switches = |of: fn(&Switches) -> u64| {
            per_request(of(cost.switches.as_ref()?), answered + cost.answered_before)
        };
        let share = |spent: Duration| spent.as_secs_f64() / elapsed.as_secs_f64();
        let [lag_p50, send_lag_p99] = [0.5, 0.99].map(|q| main.book.lag.value_at_quantile(q));
        let Latency { p50, p99, .. } = requests.response;
        let late = plan.rate.is_some()
            && (is_late(lag_p50, p50.nanos) || is_late(send_lag_p99, p99.nanos));
        let mut generator = Own {
            busy: cost.own.map(share),
            waited: cost.own_wait.map(share),
            send_lag_p99,
            saturated: late,
        };
        generator.saturated |= generator.taken().is_some_and(|taken| taken > BUSY);
        Report {
            target: plan.target.to_string(),
            workload: plan.workload,
            protocol: plan.protocol,
            payload: plan.payload,
            depth: plan.depth,
            connections: plan.connections,
            connected: clients.census().connected,
            silent: plan.silent,
            starved: clients.starved(time.end - plan.measured / 2),
            offered: plan.rate,
            seconds: elapsed.as_secs_f64(),
            warm_up_seconds: plan.warm_up.as_secs_f64(),
            requests,
            primes,
            errors: clients.errors,
            reopened: clients.reopened,
            generator,
            server: cost.server.zip(cost.footprint).map(|(spent, footprint)| ServerCost {
                processor_time: spent.as_nanos() as u64,
                micros_per_request: per_request(spent.as_nanos() as u64, answered)
                    .map(|nanos| nanos / 1e3),
                waits_per_request: switches(|switches| switches.voluntary),
                preempted_per_request: switches(|switches| switches.involuntary),
                footprint,
            }),
        }
    }

    /// An open loop in which the times are the generator's own, as far as can be told.
    pub fn late(&self) -> bool {
        self.offered.is_some() && self.generator.saturated
    }
}

/// Whether a time says more of how late requests were sent than of the server. To wake up takes the
/// generator as long as a server, so that where both have nothing else to do, a third of the time or
/// more is its own, however fast it is; hence not less than half.
fn is_late(lag: u64, time: u64) -> bool {
    let later_than = |limit: Duration| lag > limit.as_nanos() as u64;
    (later_than(WAKES) && lag > time / 2) || (later_than(LATE) && lag > time / 4)
}

impl Requests {
    fn new(book: &Book, connections: usize, elapsed: Duration) -> Requests {
        Requests {
            connections,
            answered: book.answered,
            per_second: book.answered as f64 / elapsed.as_secs_f64(),
            censored: book.censored,
            lost: book.lost,
            response: Latency::new(&book.response, book),
            service: Latency::new(&book.service, book),
        }
    }

    /// For people. A percentile beyond which there are fewer than ten is left out: chance decides where
    /// it lies. Those that are sent together share their time.
    fn told(&self, depth: usize) -> String {
        let Latency { p50, p99, p999, max, .. } = self.response;
        let answered = units::count(self.answered);
        let per_second = units::count(self.per_second.round() as u64);
        let mut text = format!("{answered} answered ({per_second}/s); ");
        let times = (self.answered + self.censored + self.lost) / depth as u64;
        for (name, time, needs) in [("p50", p50, 20), ("p99", p99, 1000), ("p99.9", p999, 10_000)] {
            if times >= needs {
                text += &format!("{name} {time}, ");
            }
        }
        text += &format!("max {max}");
        if self.censored > 0 {
            text += &format!("; {} still unanswered", units::count(self.censored));
        }
        if self.lost > 0 {
            text += &format!("; {} lost with their connection", units::count(self.lost));
        }
        text
    }
}

impl Latency {
    fn new(histogram: &Histogram<u64>, book: &Book) -> Latency {
        let ended = book.answered as f64 / histogram.len().max(1) as f64;
        let unanswered = book.censored + book.lost > 0;
        let at = |quantile| Time {
            nanos: histogram.value_at_quantile(quantile),
            // Whoever has not ended may turn out the slowest of all.
            at_least: quantile > ended && unanswered,
        };
        let longest_censored = book.longest_censored.as_nanos() as u64;
        Latency {
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p999: at(0.999),
            max: Time {
                nanos: histogram.max(),
                at_least: unanswered
                    && histogram.highest_equivalent(longest_censored) >= histogram.max(),
            },
            histogram: histogram
                .iter_recorded()
                .map(|bucket| (bucket.value_iterated_to(), bucket.count_at_value()))
                .collect(),
        }
    }
}

impl Latency {
    /// The mean, in nanoseconds.
    pub fn mean(&self) -> f64 {
        let times = self.histogram.iter();
        let (sum, n) = times.fold((0.0, 0), |(sum, n), &(nanos, times)| {
            (sum + nanos as f64 * times as f64, n + times)
        });
        sum / n.max(1) as f64
    }
}

impl Own {
    /// The share of one core that it used, or would have used had others not had it.
    pub fn taken(&self) -> Option<f64> {
        Some(self.busy? + self.waited.unwrap_or(0.0))
    }

    /// The share of the time that it waited for its core, if that is enough to disturb the result.
    pub fn disturbed(&self) -> Option<f64> {
        self.waited.filter(|&waited| waited > DISTURBED)
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.at_least { "≥ " } else { "" };
        write!(f, "{sign}{}", units::time(Duration::from_nanos(self.nanos)))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (workload, protocol) = (self.workload.name(), self.protocol.name());
        let Report { target, requests, .. } = self;
        write!(f, "{workload}, {protocol}, {} connections to {target}", self.connections)?;
        match self.offered {
            Some(rate) => write!(f, ", open loop at {rate} requests/s")?,
            None => write!(f, ", closed loop")?,
        }
        if self.workload == Workload::Pipeline {
            write!(f, ", {} requests deep", self.depth)?;
        }
        if self.silent > 0 {
            write!(f, ", {} silent ones beside them", self.silent)?;
        }
        writeln!(f, ", {:.2} s", self.seconds)?;
        writeln!(f, "  {}", requests.told(self.depth))?;
        if let Some(primes) = &self.primes {
            writeln!(f, "  {} long primes: {}", primes.connections, primes.told(1))?;
        }
        if self.starved > 0 {
            let served = self.connections - self.starved;
            writeln!(f, "  starved: {served} of {} connections served", self.connections)?;
        }
        for (kind, n) in self.errors.kinds().into_iter().filter(|&(_, n)| n > 0) {
            writeln!(f, "  connections lost: {kind} {}", units::count(n))?;
        }
        if let Some(server) = &self.server {
            let cost = server.micros_per_request.map_or("-".into(), units::three_digits);
            let resident = units::bytes(server.footprint.resident);
            let threads = server.footprint.threads;
            writeln!(
                f,
                "  server: {cost} µs of CPU per request, {resident} resident, {threads} threads"
            )?;
        }
        let busy = self.generator.busy.map_or("-".into(), |busy| format!("{:.0} %", busy * 100.0));
        write!(f, "  generator: {busy} of a core")?;
        if self.offered.is_some() {
            let lag = units::time(Duration::from_nanos(self.generator.send_lag_p99));
            write!(f, ", send lag p99 {lag}")?;
        }
        if let Some(waited) = self.generator.disturbed() {
            write!(f, "  (disturbed: it waited {:.0} % for its core)", waited * 100.0)?;
        }
        if self.generator.saturated {
            write!(f, "  (saturated: it may have been the bottleneck)")?;
        }
        Ok(())
    }
}

impl fmt::Display for Crowd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at rest: {} of {} connections", self.at_rest, self.connections)?;
        for (kind, n) in self.errors.kinds().into_iter().filter(|&(_, n)| n > 0) {
            write!(f, ", {kind} {n}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_mostly_our_own_delay_is_late() {
        const MS: u64 = 1_000_000;
        assert!(!is_late(0, 0) && !is_late(55_000, 90_000), "waking up");
        assert!(is_late(900_000, MS), "most of it, if less than a millisecond");
        assert!(is_late(3 * MS, 10 * MS) && !is_late(2 * MS, 10 * MS));
    }

    #[test]
    fn a_percentile_of_too_few_requests_is_not_told() {
        let told = |answered, depth| {
            let book = Book { answered, ..Book::new() };
            Requests::new(&book, 1, Duration::from_secs(1)).told(depth)
        };
        assert!(!told(999, 1).contains("p99") && told(999, 1).contains("p50"));
        assert!(told(1000, 1).contains("p99 ") && !told(1000, 1).contains("p99.9"));
        assert!(told(10_000, 1).contains("p99.9") && !told(10_000, 16).contains("p99"));
    }

    #[test]
    fn who_waits_for_half_a_core_and_uses_the_other_half_has_none_left() {
        let taken = |busy, waited| Own { busy, waited, send_lag_p99: 0, saturated: false }.taken();
        assert_eq!(taken(Some(0.5), Some(0.25)), Some(0.75));
        assert_eq!((taken(Some(0.5), None), taken(None, Some(0.5))), (Some(0.5), None));
    }
}
