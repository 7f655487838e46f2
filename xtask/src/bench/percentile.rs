//! Percentiles, and whether there are enough requests to speak of them.

use load::Report;
use load::report::{Latency, Requests, Time};

use super::record::Row;
use super::stats::{Summary, summary};
use super::unseen::mostly;

/// So many requests have to have taken longer: of fewer, chance decides where they lie.
pub const BEYOND: u64 = 10;

/// Those that are told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Percentile {
    P50,
    P90,
    P99,
    P999,
}

impl Percentile {
    pub fn name(self) -> &'static str {
        match self {
            Percentile::P50 => "p50",
            Percentile::P90 => "p90",
            Percentile::P99 => "p99",
            Percentile::P999 => "p99.9",
        }
    }

    /// So many of a thousand requests take longer.
    fn slower(self) -> u64 {
        match self {
            Percentile::P50 => 500,
            Percentile::P90 => 100,
            Percentile::P99 => 10,
            Percentile::P999 => 1,
        }
    }

    /// How many requests it needs.
    pub fn needs(self) -> u64 {
        BEYOND * 1000 / self.slower()
    }

    fn within(self, latency: &Latency) -> Time {
        match self {
            Percentile::P50 => latency.p50,
            Percentile::P90 => latency.p90,
            Percentile::P99 => latency.p99,
            Percentile::P999 => latency.p999,
        }
    }

    /// In one round, if that has requests enough.
    pub fn of_round(self, report: &Report) -> Option<Time> {
        (flights(report) >= self.needs()).then(|| self.within(&report.requests.response))
    }

    /// The median of the rounds, where each has requests enough for it; else that of all rounds
    /// together, where they have.
    pub fn of(self, row: &Row) -> Option<Time> {
        self.of_each(row).map_or_else(|| self.of_all(row), median)
    }

    /// In each round, if all have requests enough.
    fn of_each(self, row: &Row) -> Option<Vec<Time>> {
        timed(row).map(|report| self.of_round(report)).collect()
    }

    /// Between which times it lies, where several rounds have requests enough for it.
    pub fn interval(self, row: &Row) -> Option<[Time; 2]> {
        let each = self.of_each(row).filter(|each| each.len() > 1)?;
        let Summary { low, high, .. } = summary(each.iter().map(|time| time.nanos as f64))?;
        // A bound may belong at the upper end, wherever it lies.
        let at_least = each.iter().any(|time| time.at_least);
        Some(
            [(low, false), (high, at_least)]
                .map(|(nanos, at_least)| Time { nanos: nanos as u64, at_least }),
        )
    }

    fn of_all(self, row: &Row) -> Option<Time> {
        let merged = || row.reports().filter(|report| !report.late());
        if merged().map(flights).sum::<u64>() < self.needs() {
            return None;
        }
        let total: u64 = row.response.0.values().sum();
        // As many as are no slower, rounded up.
        let rank = total - total * self.slower() / 1000;
        let mut seen = 0;
        let reached = row.response.0.iter().find(|(_, n)| {
            seen += **n;
            seen >= rank
        });
        let answered: u64 = merged().map(|report| report.requests.answered).sum();
        let unanswered = total.saturating_sub(answered);
        Some(Time {
            // A class of times is told by its upper end, which nobody may have reached.
            nanos: reached.map_or(0, |(nanos, _)| *nanos).min(longest(row)?.nanos),
            // Whoever has not ended may turn out the slowest of all.
            at_least: unanswered > 0 && unanswered * 1000 > total * self.slower(),
        })
    }
}

/// The middle one; of an even number, the mean of the two in the middle. At least that, if of one of
/// the rounds up to there only a bound is known: it may belong behind it.
fn median(mut each: Vec<Time>) -> Option<Time> {
    each.sort();
    let half = each.len() / 2;
    let Time { nanos: upper, at_least } = worst(each.get(..=half)?.iter().copied())?;
    let lower = each[(each.len() - 1) / 2].nanos;
    Some(Time { nanos: u64::midpoint(lower, upper), at_least })
}

/// The rounds that have times which are the server's: without those in which the generator was late,
/// unless most were, and then the row says so.
fn timed(row: &Row) -> impl Iterator<Item = &Report> {
    let mostly_late = mostly(row, Report::late);
    row.reports()
        .filter(move |report| recorded(&report.requests) > 0 && (mostly_late || !report.late()))
}

/// The outermost of the two that a server is judged by: p99, or p90 where there are too few requests
/// for that.
pub fn tail(row: &Row) -> Option<(Percentile, Time)> {
    [Percentile::P99, Percentile::P90].into_iter().find_map(|p| Some((p, p.of(row)?)))
}

/// The longest time of all rounds.
pub fn longest(row: &Row) -> Option<Time> {
    worst(timed(row).map(|report| report.requests.response.max))
}

/// The longest of some times: at least that long, if one of them may have been longer than it says.
pub fn worst(times: impl Iterator<Item = Time>) -> Option<Time> {
    times.reduce(|a, b| Time { nanos: a.nanos.max(b.nanos), at_least: a.at_least || b.at_least })
}

/// Requests that have a time, if only one that they took at least.
fn recorded(requests: &Requests) -> u64 {
    requests.answered + requests.censored + requests.lost
}

/// Those that are sent together share their time.
fn flights(report: &Report) -> u64 {
    recorded(&report.requests) / report.depth.max(1) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::cell::Outcome;
    use crate::bench::table::tests::{report, row};
    use serde_json::json;

    /// A round of `n` requests, each of which took a nanosecond longer than the one before.
    fn round(n: u64) -> Outcome {
        report(|report| {
            let histogram: Vec<(u64, u64)> = (1..=n).map(|i| (i, 1)).collect();
            report["requests"]["answered"] = json!(n);
            report["requests"]["response"]["histogram"] = json!(histogram);
            report["requests"]["response"]["p99"]["nanos"] = json!(n * 99 / 100);
            report["requests"]["response"]["max"]["nanos"] = json!(n);
        })
    }

    #[test]
    fn a_percentile_needs_ten_requests_beyond_it() {
        use Percentile::*;
        assert_eq!([P50, P90, P99, P999].map(Percentile::needs), [20, 100, 1000, 10_000]);
        let few = row(vec![round(999)]);
        assert_eq!((P99.of(&few), P999.of(&few)), (None, None));
        assert_eq!(tail(&few).map(|(p, _)| p), Some(P90));
        let enough = row(vec![round(1000)]);
        assert_eq!(P99.of(&enough).map(|time| time.nanos), Some(990));
        let deep = row(vec![report(|report| report["depth"] = json!(16))]);
        assert_eq!(P99.of(&deep), None, "sixteen that are sent together are one");
        assert_eq!(P50.of(&row(vec![])), None);
    }

    #[test]
    fn rounds_that_are_too_short_are_counted_together() {
        let p99 = |rounds: &[u64]| {
            let rounds = rounds.iter().map(|&n| round(n)).collect();
            Percentile::P99.of(&row(rounds)).map(|time| time.nanos)
        };
        assert_eq!(p99(&[400, 400]), None);
        // Of twice 500: the tenth from above, and so twice the fifth.
        assert_eq!(p99(&[500, 500]), Some(495));
        assert_eq!(p99(&[1000, 2000, 9000]), Some(1980), "each suffices: their median");
        assert_eq!(p99(&[1000, 2000]), Some(1485), "of two, the mean");
    }

    #[test]
    fn a_bound_makes_what_lies_behind_it_a_bound() {
        let round = |nanos: u64, at_least: bool| {
            report(|report| {
                let time = json!({ "nanos": nanos, "at_least": at_least });
                report["requests"]["response"]["p99"] = time.clone();
                report["requests"]["response"]["max"] = time;
            })
        };
        let of = |rounds: [(u64, bool); 3]| {
            let row = row(rounds.map(|(nanos, at_least)| round(nanos, at_least)).into());
            let [low, high] = Percentile::P99.interval(&row).unwrap();
            let all = [Percentile::P99.of(&row), longest(&row), Some(low), Some(high)];
            all.map(|time| time.unwrap().to_string())
        };
        assert_eq!(
            of([(900, true), (1000, false), (1100, false)]),
            ["≥ 1.00 µs", "≥ 1.10 µs", "900 ns", "≥ 1.10 µs"]
        );
        assert_eq!(
            of([(900, false), (1000, false), (1100, true)]),
            ["1.00 µs", "≥ 1.10 µs", "900 ns", "≥ 1.10 µs"]
        );
    }

    #[test]
    fn a_round_in_which_the_generator_was_late_is_left_out_of_all_times() {
        let round = |n: u64, nanos: u64, late: bool| {
            report(|report| {
                report["offered"] = json!(200.0);
                report["generator"]["saturated"] = json!(late);
                report["requests"]["answered"] = json!(n);
                report["requests"]["response"]["histogram"] = json!([[nanos, n]]);
                report["requests"]["response"]["p99"]["nanos"] = json!(nanos);
                report["requests"]["response"]["max"]["nanos"] = json!(nanos);
            })
        };
        for n in [500, 1000] {
            let row = row(vec![round(n, 200, false), round(n, 900, true), round(n, 200, false)]);
            let times = [Percentile::P99.of(&row), longest(&row)].map(|time| time.unwrap().nanos);
            assert_eq!(times, [200, 200], "{n} in each");
        }
    }

    #[test]
    fn who_has_not_ended_is_counted_over_all_rounds() {
        let unanswered = |censored: u64| {
            let few = report(|report| {
                report["requests"]["answered"] = json!(500 - censored);
                report["requests"]["censored"] = json!(censored);
                report["requests"]["response"]["histogram"] = json!([[1000, 500]]);
            });
            Percentile::P99.of(&row(vec![few, round(500)])).unwrap().at_least
        };
        assert!(!unanswered(0) && !unanswered(10), "one in a hundred may be among the slowest");
        assert!(unanswered(11));
    }
}
