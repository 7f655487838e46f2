//! What a table shows, in a sentence: the same at the head of its picture, and in the documentation.

use std::time::Duration;

use load::Workload;
use load::report::Time;
use load::units::{bytes, count, three_digits, time};

use super::note::{closes, served, stalls};
use super::percentile::{Percentile, tail};
use super::record::{Row, Table};
use super::stats::summary;
use super::table::{bytes_per_connection, micros_per_request};
use super::unseen::{Sight, cores_used};

/// Nothing, where there are no results.
pub fn headline(table: &Table, sight: &Sight) -> String {
    let parts = match table.workload {
        Workload::Mixed => mixed(table, sight),
        Workload::Hoard => hoard(table, sight),
        Workload::Crowd => crowd(table),
        Workload::Spread => spread(table, sight),
        Workload::Echo | Workload::Pipeline | Workload::Storm => cost(table),
    };
    let text = parts.into_iter().flatten().collect::<Vec<_>>().join("; ");
    if text.is_empty() { text } else { text + "." }
}

fn mixed(table: &Table, sight: &Sight) -> Vec<Option<String>> {
    let (starved, served) = split(table, starves);
    let seen = served.into_iter().filter(|row| sight.times(table, row).is_none());
    let (slow, prompt): (Vec<&Row>, Vec<&Row>) = seen.partition(|row| stalls(row));
    vec![
        unserved(&starved),
        told(&slow, |names| {
            format!("{names}: half wait for {}", range(times(&slow, Percentile::P50)))
        }),
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
        let (least, rest) = (rates.iter().copied().fold(f64::INFINITY, f64::min), rates.iter());
        let most_rate = rest.copied().fold(0.0, f64::max);
        let [low, high] = [least, most_rate].map(|rate| count(rate.round() as u64));
        let rates = if low == high { low } else { format!("{low} to {high}") };
        format!("{rates} answers a second on up to {} cores", three_digits(most))
    };
    vec![
        told(&several, |names| format!("{names}: {}", does(&several))),
        told(&one, |names| format!("{names}: {}", does(&one))),
    ]
}

fn cost(table: &Table) -> Vec<Option<String>> {
    let micros = |row: &Row| Some(summary(row.reports().filter_map(micros_per_request))?.median);
    // Who serves all; what a connection costs besides would be counted, too.
    let all = table.rows.iter().filter(|row| !closes(row) && !starves(row));
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

/// In some round, no more than a quarter of the connections were served. (Those may well get all the
/// requests that are due: who asks takes a connection that is free.)
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

fn slowest(rows: &[&Row]) -> Option<String> {
    let tails = || rows.iter().filter_map(|row| tail(row));
    // Of the one that all have.
    let percentile = tails().map(|(percentile, _)| percentile).min()?;
    let worst = times(rows, percentile).into_iter().max()?;
    let word = if worst.at_least { "" } else { "at most " };
    told(rows, |names| format!("{names}: {} {word}{worst}", percentile.name()))
}

fn times(rows: &[&Row], percentile: Percentile) -> Vec<Time> {
    rows.iter().filter_map(|row| percentile.of(row)).collect()
}

fn range(mut times: Vec<Time>) -> String {
    times.sort();
    match times.as_slice() {
        [first, .., last] => {
            let [first, last] = [first, last].map(|t| time(Duration::from_nanos(t.nanos)));
            if first == last { first } else { format!("{first} to {last}") }
        }
        [only] => only.to_string(),
        [] => "an unknown time".into(),
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
    fn who_uses_another_core_is_said() {
        let on = |cores: f64, rate: f64| {
            move |report: &mut Value| {
                report["workload"] = json!("spread");
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
            "09 and 10: 5,900 to 6,000 answers a second on up to 1.25 cores; \
             05: 5,000 answers a second on up to 1.00 cores."
        );
    }

    #[test]
    fn what_a_request_costs_is_from_the_least_to_the_most() {
        let costs = |micros: f64| {
            move |report: &mut Value| report["server"]["micros_per_request"] = json!(micros)
        };
        let servers: [Server; 3] = [("a", &costs(7.0)), ("b", &costs(5.0)), ("c", &costs(6.0))];
        assert_eq!(
            says(Workload::Echo, &servers),
            "From 5.00 µs of CPU a request (b) to 7.00 µs of CPU a request (a)."
        );
    }
}
