//! What a table shows, in a sentence: the same at the head of its picture, and in the documentation.

use load::report::Time;
use load::units::{bytes, count, three_digits};
use load::{Protocol, Workload};

use super::note::{Pace, closes, half_wait, pace, served};
use super::percentile::{Percentile, tail, worst};
use super::record::{Row, Table};
use super::stats::summary;
use super::table::{bytes_per_connection, micros_per_request};
use super::unseen::{Sight, cores_used};

/// Who answers this share of what is due answers all of it: a few are always under way.
const ALL: f64 = 0.99;

/// Whoever is named has the figure that is told; who has no result is said last.
pub fn headline(table: &Table, sight: &Sight) -> String {
    let parts = match table.workload {
        Workload::Mixed => mixed(table, sight),
        Workload::Hoard => hoard(table, sight),
        Workload::Crowd => crowd(table),
        Workload::Spread => spread(table, sight),
        Workload::Echo | Workload::Pipeline | Workload::Storm => cost(table),
    };
    let text = parts.into_iter().chain([no_result(table)]).flatten().collect::<Vec<_>>().join("; ");
    if text.is_empty() { text } else { text + "." }
}

fn mixed(table: &Table, sight: &Sight) -> Vec<Option<String>> {
    let (starved, served) = split(table, starves);
    let seen = served.into_iter().filter(|row| sight.times(table, row).is_none());
    let (slow, others): (Vec<&Row>, Vec<&Row>) = seen.partition(|row| half_wait(row));
    let some_wait = |row: &&Row| pace(row) == Some(Pace::Slow);
    let (for_some, prompt): (Vec<&Row>, Vec<&Row>) = others.into_iter().partition(some_wait);
    vec![
        unserved(&starved),
        told(&slow, |names| {
            format!("{names}: half wait for {}", range(times(&slow, Percentile::P50)))
        }),
        slowest(&for_some),
        slowest(&prompt),
    ]
}

fn hoard(table: &Table, sight: &Sight) -> Vec<Option<String>> {
    let (starved, served) = split(table, starves);
    let seen = served.into_iter().filter(|row| sight.times(table, row).is_none());
    vec![unserved(&starved), slowest(&seen.collect::<Vec<_>>())]
}

fn crowd(table: &Table) -> Vec<Option<String>> {
    let threads = |row: &Row| row.rested().map(|rested| rested.after.threads).max();
    let all = table.rows.iter().filter(|row| row.rested().next().is_some());
    let (held, turned_away): (Vec<&Row>, Vec<&Row>) =
        all.partition(|row| bytes_per_connection(row).is_some());
    // More threads than there could be for any other reason.
    let each = |row: &&Row| threads(row).is_some_and(|n| n as usize > table.connections / 2);
    let (thread_each, few): (Vec<&Row>, Vec<&Row>) = held.into_iter().partition(each);
    let cost = |rows: &[&Row]| {
        let threads = rows.iter().filter_map(|row| threads(row)).max().unwrap_or_default();
        let all = rows.iter().filter_map(|row| bytes_per_connection(row)).map(|b| b.median);
        let memory = bytes(all.fold(0.0, f64::max) as u64);
        format!("{} threads, up to {memory} a connection", count(threads))
    };
    vec![
        told(&turned_away, |names| {
            let most = turned_away.iter().filter_map(|row| served(row)).max();
            let (most, all) = most.unwrap_or_default();
            format!("{names}: at most {} of {} served", count(most), count(all))
        }),
        told(&thread_each, |names| format!("{names}: {}", cost(&thread_each))),
        told(&few, |names| format!("{names}: at most {}", cost(&few))),
    ]
}

fn spread(table: &Table, sight: &Sight) -> Vec<Option<String>> {
    let cores = |row: &Row| summary(row.reports().filter_map(cores_used)).map(|s| s.median);
    let rate =
        |row: &&Row| Some(summary(row.reports().map(|report| report.requests.per_second))?.median);
    let all = table.rows.iter().filter(|row| !closes(row) && sight.rate(table, row).is_none());
    let (several, one): (Vec<&Row>, Vec<&Row>) =
        all.filter(|row| cores(row).is_some()).partition(|row| sight.uses_several(row));
    let does = |rows: &[&Row]| {
        let rates: Vec<f64> = rows.iter().filter_map(rate).collect();
        let most = rows.iter().filter_map(|row| cores(row)).fold(0.0, f64::max);
        format!("{}, on up to {} cores", of_those_due(&rates, table), three_digits(most))
    };
    vec![
        told(&several, |names| format!("{names}: {}", does(&several))),
        told(&one, |names| format!("{names}: {}", does(&one))),
    ]
}

/// What was answered, and what of that is our doing: no more than we ask.
pub fn of_those_due(rates: &[f64], table: &Table) -> String {
    let least = rates.iter().copied().fold(f64::INFINITY, f64::min);
    let most = rates.iter().copied().fold(0.0, f64::max);
    let [low, high] = [least, most].map(|rate| count(rate.round() as u64));
    let rates = if low == high { low } else { format!("{low} to {high}") };
    match table.rows.iter().flat_map(Row::reports).find_map(|report| report.offered) {
        Some(due) if least >= due * ALL => {
            format!("all {} requests/s due", count(due as u64))
        }
        Some(due) => format!("{rates} of {} requests/s due", count(due as u64)),
        None => format!("{rates} requests/s"),
    }
}

fn cost(table: &Table) -> Vec<Option<String>> {
    let micros = |row: &Row| Some(summary(row.reports().filter_map(micros_per_request))?.median);
    // Who serves all; what a connection costs besides would be counted, too.
    let all = table.rows.iter().filter(|row| !closes(row) && !starves(row) && !raw(row));
    let mut costs: Vec<(f64, &Row)> = all.filter_map(|row| Some((micros(row)?, row))).collect();
    costs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let says = |(micros, row): &(f64, &Row)| {
        format!("{} µs of CPU a request ({})", three_digits(*micros), number(&row.name))
    };
    match costs.as_slice() {
        [] => Vec::new(),
        [only] => vec![Some(says(only))],
        [least, .., most] => vec![Some(format!("From {} to {}", says(least), says(most)))],
    }
}

/// It echoes bytes and knows no requests: what it costs is the floor below theirs.
fn raw(row: &Row) -> bool {
    row.reports().any(|report| report.protocol == Protocol::Raw)
}

/// No more than a quarter of the connections were served. (Those may well get all the requests that
/// are due: who asks takes a connection that is free.)
pub fn starves(row: &Row) -> bool {
    served(row).is_some_and(|(served, all)| served * 4 <= all)
}

fn split(table: &Table, is: fn(&Row) -> bool) -> (Vec<&Row>, Vec<&Row>) {
    table.rows.iter().partition(|row| is(row))
}

fn unserved(rows: &[&Row]) -> Option<String> {
    told(rows, |names| {
        let worst = rows.iter().filter_map(|row| served(row));
        let (served, all) = worst.max().unwrap_or_default();
        let (verb, most) = (if rows.len() == 1 { "starves" } else { "starve" }, count(served));
        let most = if rows.len() > 1 && served > 0 { format!("at most {most}") } else { most };
        format!("{names} {verb}: {most} of {} served", count(all))
    })
}

fn no_result(table: &Table) -> Option<String> {
    let none = |row: &Row| row.reports().next().is_none() && row.rested().next().is_none();
    let (failed, _) = split(table, none);
    told(&failed, |names| format!("no result: {names}"))
}

fn slowest(rows: &[&Row]) -> Option<String> {
    let tails = || rows.iter().filter_map(|row| tail(row));
    // Of the one that all have.
    let percentile = tails().map(|(percentile, _)| percentile).min()?;
    let rows: Vec<&Row> = rows.iter().copied().filter(|row| percentile.of(row).is_some()).collect();
    let worst = worst(times(&rows, percentile).into_iter())?;
    // Who took at least so long is not at most anything, and the others need not have.
    let figure =
        if worst.at_least { range(times(&rows, percentile)) } else { format!("at most {worst}") };
    told(&rows, |names| format!("{names}: {} {figure}", percentile.name()))
}

fn times(rows: &[&Row], percentile: Percentile) -> Vec<Time> {
    rows.iter().filter_map(|row| percentile.of(row)).collect()
}

fn range(times: Vec<Time>) -> String {
    let ends = times.iter().min().zip(worst(times.iter().copied()));
    let ends = ends.map(|(first, last)| [first.to_string(), last.to_string()]);
    match ends {
        Some([first, last]) if first == last => first,
        Some([first, last]) => format!("{first} to {last}"),
        None => "an unknown time".into(),
    }
}

/// A sentence about some servers, if there are any.
fn told(rows: &[&Row], says: impl Fn(String) -> String) -> Option<String> {
    let names: Vec<&str> = rows.iter().map(|row| number(&row.name)).collect();
    let (last, first) = names.split_last()?;
    let names = match first {
        [] => (*last).to_string(),
        first => format!("{} and {last}", first.join(", ")),
    };
    Some(says(names))
}

/// `04` of a step; of others, the whole name.
fn number(name: &str) -> &str {
    let number = name.strip_prefix("step-").and_then(|name| name.split('-').next());
    number.unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::cell::Outcome;
    use crate::bench::record::Record;
    use crate::bench::record::tests::record;
    use crate::bench::table::tests::{report, row};
    use serde_json::{Value, json};

    /// A name, and what is different in its report.
    type Server<'a> = (&'a str, &'a dyn Fn(&mut Value));

    fn says(workload: Workload, servers: &[Server]) -> String {
        let mut table = record().tables.remove(0);
        table.workload = workload;
        let row =
            |(name, change): &Server| Row { name: (*name).into(), ..row(vec![report(change)]) };
        table.rows = servers.iter().map(row).collect();
        let record = Record { tables: vec![table], ..record() };
        headline(&record.tables[0], &Sight::of(&record))
    }

    fn prompt(_: &mut Value) {}

    fn slow(report: &mut Value) {
        report["requests"]["response"]["p50"]["nanos"] = json!(60_000_000);
        report["requests"]["response"]["p99"]["nanos"] = json!(200_000_000);
    }

    fn starving(report: &mut Value) {
        report["starved"] = json!(62);
    }

    #[test]
    fn who_stalls_and_who_starves_is_said_first() {
        let servers: [Server; 5] = [
            ("step-02-stateful", &starving),
            ("step-04-threadpool", &starving),
            ("step-05-nonblocking", &slow),
            ("step-06-separation", &prompt),
            ("nginx", &prompt),
        ];
        assert_eq!(
            says(Workload::Mixed, &servers),
            "02 and 04 starve: at most 2 of 64 served; 05: half wait for 60.0 ms; \
             06 and nginx: p99 at most 100 µs."
        );
        assert_eq!(
            says(Workload::Hoard, &servers[1..]),
            "04 starves: 2 of 64 served; 05, 06 and nginx: p99 at most 200 ms."
        );
        assert_eq!(says(Workload::Mixed, &[]), "");
    }

    #[test]
    fn whoever_has_no_such_figure_is_not_said_to_have_it() {
        let mut table = record().tables.remove(0);
        let few = report(|report| report["requests"]["answered"] = json!(10));
        let failed = Outcome::Failed("it ended".into());
        let rounds =
            [("step-05-nonblocking", failed), ("step-06-separation", report(prompt)), ("a", few)];
        table.rows =
            rounds.map(|(name, round)| Row { name: name.into(), ..row(vec![round]) }).into();
        for workload in [Workload::Mixed, Workload::Hoard] {
            table.workload = workload;
            let says = headline(&table, &Sight::of(&record()));
            assert_eq!(says, "06: p99 at most 100 µs; no result: 05.");
        }
    }

    #[test]
    fn what_took_at_least_so_long_is_told_so() {
        let least = |report: &mut Value| {
            slow(report);
            report["requests"]["response"]["p50"]["at_least"] = json!(true);
        };
        let slower = |report: &mut Value| {
            report["requests"]["response"]["p50"]["nanos"] = json!(90_000_000);
        };
        let servers: [Server; 2] = [("a", &least), ("b", &slower)];
        assert_eq!(
            says(Workload::Mixed, &servers),
            "a and b: half wait for ≥ 60.0 ms to ≥ 90.0 ms."
        );
        let bound = |report: &mut Value| {
            report["requests"]["response"]["p99"] = json!({ "nanos": 900_000, "at_least": true });
        };
        let servers: [Server; 2] = [("a", &prompt), ("b", &bound)];
        assert_eq!(says(Workload::Hoard, &servers), "a and b: p99 100 µs to ≥ 900 µs.");
    }

    #[test]
    fn who_uses_another_core_is_said() {
        let on = |cores: f64, rate: f64| {
            move |report: &mut Value| {
                report["workload"] = json!("spread");
                report["offered"] = json!(6000.0);
                report["server"]["processor_time"] = json!((cores * 1e9) as u64);
                report["requests"]["per_second"] = json!(rate);
            }
        };
        let servers: [Server; 3] = [
            ("step-05-nonblocking", &on(1.0, 5000.0)),
            ("step-09-spawn-blocking", &on(1.2, 5900.0)),
            ("step-10-multithread", &on(1.25, 6000.0)),
        ];
        assert_eq!(
            says(Workload::Spread, &servers),
            "09 and 10: 5,900 to 6,000 of 6,000 requests/s due, on up to 1.25 cores; \
             05: 5,000 of 6,000 requests/s due, on up to 1.00 cores."
        );
    }

    #[test]
    fn no_more_is_answered_than_is_asked() {
        let fast = |report: &mut Value| {
            report["offered"] = json!(6000.0);
            report["requests"]["per_second"] = json!(5990.0);
        };
        let servers: [Server; 1] = [("step-05-nonblocking", &fast)];
        let says = says(Workload::Spread, &servers);
        assert!(says.starts_with("05: all 6,000 requests/s due, on up to"), "{says}");
    }

    #[test]
    fn what_a_request_costs_is_from_the_least_to_the_most() {
        let costs = |micros: f64| {
            move |report: &mut Value| report["server"]["micros_per_request"] = json!(micros)
        };
        let floor = |report: &mut Value| {
            costs(1.0)(report);
            report["protocol"] = json!("raw");
        };
        let servers: [Server; 4] =
            [("a", &costs(7.0)), ("b", &costs(5.0)), ("c", &costs(6.0)), ("floor", &floor)];
        assert_eq!(
            says(Workload::Echo, &servers),
            "From 5.00 µs of CPU a request (b) to 7.00 µs of CPU a request (a)."
        );
    }
}
