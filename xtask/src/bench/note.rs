//! What a row needs said beside its figures, in a few words.

use std::time::Duration;

use load::book::Errors;
use load::units::count;
use load::{Report, Workload};

use super::percentile::{Percentile, tail};
use super::record::Row;
use super::stats::{Summary, summary};
use super::unseen::{both_at_limit, mostly};

/// A long computation takes 50 ms and more: who waits for half of that may well wait for one.
const SLOW: Duration = Duration::from_millis(25);

/// Nobody waits for a computation to end, but they share a core with it, and that shows.
const DISTURBED: Duration = Duration::from_millis(10);

/// An open loop that had fewer than this share of its requests answered was too much.
const KEPT_UP: f64 = 0.9;

pub fn note(workload: Workload, row: &Row) -> String {
    let mut notes = Vec::new();
    let failures: Vec<&str> = row.failures().collect();
    if let Some(reason) = failures.first() {
        notes.push(match failures.len() == row.rounds.len() {
            true => format!("no result: {reason}"),
            false => format!("{} of {} rounds: {reason}", failures.len(), row.rounds.len()),
        });
    }
    let rounds = served_in_each(row);
    if let [(worst, all), ..] = rounds[..]
        && worst < all
    {
        let differ = rounds.last() != rounds.first();
        let which = if differ { " in the worst round" } else { "" };
        notes.push(format!("starved: {} of {} served{which}", count(worst), count(all)));
    }
    if served(row).is_none_or(|(served, all)| served == all) {
        notes.extend(slowness(workload, row));
    }
    if closes(row) {
        notes.push("closes after each answer".into());
    } else if let Some(kinds) = kinds_of_errors(row) {
        notes.push(format!("lost: {kinds}"));
    }
    if mostly(row, both_at_limit) {
        notes.push("both at their limit".into());
    }
    if let Some(waited) = disturbed(row) {
        notes.push(format!("disturbed {:.0} %", waited * 100.0));
    }
    notes.join("; ")
}

/// How many connections were served, of how many: the median of the rounds, or what is next below.
pub fn served(row: &Row) -> Option<(u64, u64)> {
    let rounds = served_in_each(row);
    rounds.get(rounds.len().checked_sub(1)? / 2).copied()
}

/// The same of each round, the worst first.
fn served_in_each(row: &Row) -> Vec<(u64, u64)> {
    let measured =
        row.reports().map(|report| (report.connections - report.starved, report.connections));
    let rested = row.rested().map(|rested| (rested.crowd.at_rest, rested.crowd.connections));
    let rounds = measured.chain(rested).map(|(served, all)| (served as u64, all as u64));
    let mut rounds: Vec<(u64, u64)> = rounds.collect();
    rounds.sort();
    rounds
}

/// That times are long, and why, as far as that is certain.
fn slowness(workload: Workload, row: &Row) -> Option<String> {
    let saturated = |report: &Report| report.generator.saturated;
    let doubtful = mostly(row, saturated) || disturbed(row).is_some();
    let kept_up = row.reports().map(|report| report.requests.per_second);
    if !doubtful
        && !closes(row)
        && let Some(offered) = row.reports().find_map(|report| report.offered)
        && let Some(Summary { median, .. }) = summary(kept_up)
        && median < offered * KEPT_UP
    {
        let [median, offered] = [median, offered].map(|rate| count(rate.round() as u64));
        return Some(format!("overloaded: {median} of {offered} requests/s"));
    }
    if workload != Workload::Mixed || pace(row) != Some(Pace::Slow) {
        return None;
    }
    let who = if half_wait(row) { "half wait" } else { tail(row)?.0.name() };
    Some(format!("slow: {who} over {} ms", SLOW.as_millis()))
}

/// How long others wait for a computation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// They do not.
    Prompt,
    /// They share a core with it.
    Disturbed,
    /// Some wait for about as long as it takes.
    Slow,
}

/// Of the mixed workload: who lets others wait for a computation?
pub fn pace(row: &Row) -> Option<Pace> {
    let (_, time) = tail(row)?;
    Some(match Duration::from_nanos(time.nanos) {
        tail if tail >= SLOW => Pace::Slow,
        tail if tail >= DISTURBED => Pace::Disturbed,
        _ => Pace::Prompt,
    })
}

/// Even half of the requests take about as long as a computation. What they wait for, that alone does
/// not say.
pub fn half_wait(row: &Row) -> bool {
    let half = Percentile::P50.of(row);
    half.is_some_and(|half| Duration::from_nanos(half.nanos) >= SLOW)
}

/// The share of the time in which others had the generator's core, if that is enough to disturb the
/// result.
fn disturbed(row: &Row) -> Option<f64> {
    let waited = |report: &Report| report.generator.disturbed();
    mostly(row, |report| waited(report).is_some()).then(|| row.reports().find_map(waited))?
}

/// Every connection ends with its first answer. Then it is our own pause of 100 ms, before we come
/// back, that decides how many requests there are.
pub fn closes(row: &Row) -> bool {
    row.reports().any(closes_after_each_answer)
}

/// As step 01 does.
fn closes_after_each_answer(report: &Report) -> bool {
    let lost = report.errors.closed + report.errors.reset;
    let primes = report.primes.as_ref();
    let answered = report.requests.answered + primes.map_or(0, |primes| primes.answered);
    let sockets = report.connections + primes.map_or(0, |primes| primes.connections);
    // Once for each answer (or all that were asked for together), give or take those that are open
    // or have not been answered yet.
    let times = answered / report.depth as u64;
    let as_often = times > 0 && times * 2 >= lost && times <= lost + sockets as u64;
    report.reopened > 0 && lost == report.errors.total() && as_often
}

/// What went wrong with connections, in all rounds: `reset 2, closed 7`.
fn kinds_of_errors(row: &Row) -> Option<String> {
    let measured = row.reports().map(|report| &report.errors);
    let all = measured.chain(row.rested().map(|rested| &rested.crowd.errors));
    let mut sums = Errors::default().kinds();
    for errors in all {
        for (sum, (_, n)) in sums.iter_mut().zip(errors.kinds()) {
            sum.1 += n;
        }
    }
    let seen = sums.iter().filter(|(_, n)| *n > 0);
    let kinds: Vec<String> = seen.map(|(kind, n)| format!("{kind} {}", count(*n))).collect();
    (!kinds.is_empty()).then(|| kinds.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::cell::Outcome;
    use crate::bench::table::tests::{report, row};
    use serde_json::{Value, json};

    #[test]
    fn a_server_that_does_well_needs_no_note() {
        assert_eq!(note(Workload::Mixed, &row(vec![report(|_| ())])), "");
    }

    #[test]
    fn what_was_observed_is_said() {
        let starving = report(|report| report["starved"] = json!(60));
        let starved = row(vec![report(|_| ()), starving]);
        assert_eq!(note(Workload::Echo, &starved), "starved: 4 of 64 served in the worst round");

        let closing = row(vec![report(|report| {
            report["errors"]["closed"] = json!(990);
            report["reopened"] = json!(980);
        })]);
        assert!(note(Workload::Echo, &closing).starts_with("closes after each answer"));

        let closing = row(vec![report(|report| {
            report["workload"] = json!("pipeline");
            report["depth"] = json!(16);
            report["requests"]["answered"] = json!(16_000);
            report["errors"]["closed"] = json!(990);
            report["reopened"] = json!(980);
        })]);
        assert!(note(Workload::Pipeline, &closing).starts_with("closes after each answer"));

        let mute = row(vec![report(|report| {
            report["requests"]["answered"] = json!(0);
            report["errors"]["reset"] = json!(990);
            report["reopened"] = json!(980);
        })]);
        assert_eq!(note(Workload::Echo, &mute), "lost: reset 990", "no answer at all");

        let flaky = row(vec![report(|report| report["errors"]["reset"] = json!(3))]);
        assert_eq!(note(Workload::Echo, &flaky), "lost: reset 3");

        let failing = row(vec![report(|_| ()), Outcome::Failed("it ended".into())]);
        assert_eq!(note(Workload::Echo, &failing), "1 of 2 rounds: it ended");
    }

    /// The mixed workload, slow at p50 and p99.
    fn slow(p50: u64, p99: u64, change: impl FnOnce(&mut Value)) -> Row {
        row(vec![report(|report| {
            report["offered"] = json!(1000.0);
            report["requests"]["response"]["p50"]["nanos"] = json!(p50);
            report["requests"]["response"]["p99"]["nanos"] = json!(p99);
            change(report);
        })])
    }

    #[test]
    fn who_is_slow_is_said_and_no_reason_that_is_not_known() {
        let notes = |row: &Row| note(Workload::Mixed, row);
        let slow_for_half = slow(60_000_000, 200_000_000, |_| ());
        assert_eq!(notes(&slow_for_half), "slow: half wait over 25 ms");
        assert_eq!(note(Workload::Echo, &slow_for_half), "", "nothing else is asked for there");
        assert_eq!(notes(&slow(100_000, 200_000_000, |_| ())), "slow: p99 over 25 ms");
        let short = |report: &mut Value| report["requests"]["per_second"] = json!(700.0);
        let overloaded = slow(60_000_000, 200_000_000, short);
        assert_eq!(notes(&overloaded), "overloaded: 700 of 1,000 requests/s");
    }

    #[test]
    fn one_bad_round_is_not_the_median() {
        let round = |starved: u64| report(|report| report["starved"] = json!(starved));
        let once = row(vec![round(0), round(62), round(0)]);
        assert_eq!(served(&once), Some((64, 64)));
        assert_eq!(note(Workload::Echo, &once), "starved: 2 of 64 served in the worst round");
        let slow = slow(60_000_000, 200_000_000, |_| ());
        let rounds = [slow.rounds[0].clone(), slow.rounds[0].clone(), round(62)];
        assert_eq!(
            note(Workload::Mixed, &row(rounds.into())),
            "starved: 2 of 64 served in the worst round; slow: half wait over 25 ms"
        );
        let always = row(vec![round(62), round(62), round(62)]);
        assert_eq!(served(&always), Some((2, 64)));
        assert_eq!(note(Workload::Echo, &always), "starved: 2 of 64 served");
    }

    #[test]
    fn a_machine_that_others_use_is_noticed() {
        let contended = report(|report| report["generator"]["waited"] = json!(0.2));
        let text = note(Workload::Echo, &row(vec![contended]));
        assert_eq!(text, "disturbed 20 %");
    }

    #[test]
    fn who_was_at_its_limit_is_said() {
        let full = |server_nanos: u64| {
            let report = report(|report| {
                report["generator"]["busy"] = json!(0.99);
                report["generator"]["saturated"] = json!(true);
                report["server"]["processor_time"] = json!(server_nanos);
            });
            note(Workload::Echo, &row(vec![report]))
        };
        assert_eq!(full(500_000_000), "", "its cells say so");
        assert_eq!(full(970_000_000), "both at their limit");
    }
}
