//! The same load with more and more connections: a line for each server.

use load::units::{bytes, count};
use load::{Protocol, Workload};
use maud::{Markup, html};

use super::super::percentile::Percentile;
use super::super::record::{Record, Row, Table};
use super::super::stats::summary;
use super::super::table::short;
use super::super::unseen::{Sight, Unseen};
use super::axis::Axis;
use super::lines::{Dot, Line, Lines};

/// What is drawn against the number of connections.
struct Figure {
    question: &'static str,
    unit: &'static str,
    of: fn(&Row) -> Option<Known>,
    /// Why it cannot be seen, if so.
    unseen: fn(&Sight, &Table, &Row) -> Option<Unseen>,
    told: fn(f64) -> String,
    logarithmic: bool,
}

/// A value, and whether it may be higher.
type Known = (f64, bool);

/// A plot for each workload that was measured with several numbers of connections.
pub fn sections(record: &Record, sight: &Sight) -> Markup {
    let mut kinds: Vec<(Workload, Protocol)> =
        record.tables.iter().map(|table| (table.workload, table.protocol)).collect();
    kinds.dedup();
    let plots = kinds.into_iter().filter_map(|kind| plot(record, sight, kind));
    html! {
        @for plot in plots {
            section {
                h2 { (plot.title) }
                div.scroll tabindex="0" role="region" aria-label="The plot" { (plot.draw()) }
            }
        }
    }
}

fn plot(record: &Record, sight: &Sight, kind: (Workload, Protocol)) -> Option<Lines> {
    let of_kind = record.tables.iter().filter(|table| (table.workload, table.protocol) == kind);
    // With the smallest payload; the others have their tables.
    let payload = of_kind.clone().map(|table| table.payload).min()?;
    let mut tables: Vec<&Table> = of_kind.filter(|table| table.payload == payload).collect();
    tables.sort_by_key(|table| table.beside());
    tables.dedup_by_key(|table| table.beside());
    if tables.len() < 2 {
        return None;
    }
    let figure = figure(kind.0)?;
    let names = tables[0].rows.iter().map(|row| &row.name);
    let lines: Vec<Line> = names.map(|name| line(name, &tables, sight, &figure)).collect();
    let lines: Vec<Line> = lines.into_iter().filter(|line| !line.points.is_empty()).collect();
    if lines.is_empty() {
        return None;
    }
    let values = || lines.iter().flat_map(|line| &line.points).map(|dot| dot.upwards);
    let upwards = match figure.logarithmic {
        true => Axis::logarithmic(&values().collect::<Vec<_>>(), figure.told),
        false => Axis::linear(values().fold(0.0, f64::max)),
    };
    let across: Vec<f64> = tables.iter().map(|table| table.beside() as f64).collect();
    let told = |line: &Line| {
        let dots = line.points.iter().map(|dot| dot.told.as_str()).collect::<Vec<_>>();
        format!("{}: {}", line.name, dots.join(", "))
    };
    Some(Lines {
        id: format!("against-{}-{}", kind.0.name(), kind.1.name()),
        title: format!("{} ({}, {})", figure.question, kind.0.name(), kind.1.name()),
        in_words: lines.iter().map(told).collect::<Vec<_>>().join("; "),
        across: (Axis::logarithmic(&across, |n| count(n as u64)), "connections"),
        upwards: (upwards, figure.unit),
        lines,
        expected: Vec::new(),
    })
}

fn line(name: &str, tables: &[&Table], sight: &Sight, figure: &Figure) -> Line {
    let dot = |table: &&Table| {
        let row = table.rows.iter().find(|row| row.name == name)?;
        let known = (figure.of)(row).filter(|_| (figure.unseen)(sight, table, row).is_none());
        let ((upwards, hollow), connections) = (known?, table.beside());
        let sign = if hollow { "≥ " } else { "" };
        let told =
            format!("{sign}{} at {} connections", (figure.told)(upwards), count(connections));
        Some(Dot { across: connections as f64, upwards, told, hollow })
    };
    Line { name: short(name).into(), points: tables.iter().filter_map(dot).collect() }
}

fn figure(workload: Workload) -> Option<Figure> {
    let p99 = |row: &Row| {
        let time = Percentile::P99.of(row)?;
        Some((time.nanos as f64, time.at_least))
    };
    Some(match workload {
        Workload::Crowd => Figure {
            question: "What do more connections cost at rest?",
            unit: "resident memory of the server",
            of: |row| {
                // Who turns most of them away has little to remember.
                let all =
                    row.rested().filter(|rested| rested.crowd.at_rest == rested.crowd.connections);
                Some((summary(all.map(|rested| rested.after.resident as f64))?.median, false))
            },
            unseen: |_, _, _| None,
            told: |value| bytes(value as u64).replace(".00", ""),
            logarithmic: true,
        },
        Workload::Hoard => Figure {
            question: "Who starves among more silent clients?",
            unit: "p99",
            of: p99,
            unseen: Sight::times,
            told: super::round_time,
            logarithmic: true,
        },
        Workload::Echo | Workload::Pipeline => Figure {
            question: "Does it serve more when more ask?",
            unit: "requests/s",
            of: |row| {
                let rates = row.reports().map(|report| report.requests.per_second);
                Some((summary(rates)?.median, false))
            },
            unseen: Sight::rate,
            told: |value| count(value as u64),
            logarithmic: false,
        },
        Workload::Mixed | Workload::Storm | Workload::Spread => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::cell::Outcome;
    use crate::bench::record::tests::record;
    use crate::bench::table::tests::{report, row};
    use serde_json::json;

    /// The points of one server, which has this round at 10 connections and at 100.
    fn points(workload: Workload, round: impl Fn(usize) -> Outcome) -> Vec<(f64, bool)> {
        let mut run = record();
        run.tables = [10, 100]
            .map(|n| {
                let rows = vec![row(vec![round(n)])];
                Table { workload, connections: n, silent: n, rows, ..record().tables.remove(0) }
            })
            .into();
        let lines = plot(&run, &Sight::of(&run), (workload, Protocol::Frames));
        assert!(lines.iter().all(|lines| !lines.lines.is_empty()), "a plot of nothing");
        let points = lines.into_iter().flat_map(|lines| lines.lines).flat_map(|line| line.points);
        points.map(|dot| (dot.upwards, dot.hollow)).collect()
    }

    #[test]
    fn a_crowd_that_was_turned_away_costs_nothing_and_is_no_point() {
        let at_rest = |most: usize| {
            move |n: usize| {
                let memory = json!({ "resident": n, "threads": 1, "kernel": 0, "sockets": 0 });
                let errors = record().tables[0].rows[0].reports().next().unwrap().errors;
                let rested = json!({
                    "crowd": { "connections": n, "at_rest": n.min(most), "errors": errors },
                    "before": memory, "after": memory, "bytes_per_connection": 1.0, "busy_at_rest": 0.0,
                });
                Outcome::Rested(serde_json::from_value(rested).unwrap())
            }
        };
        assert_eq!(points(Workload::Crowd, at_rest(100)), [(10.0, false), (100.0, false)]);
        assert_eq!(points(Workload::Crowd, at_rest(10)), [(10.0, false)]);
        assert_eq!(points(Workload::Crowd, at_rest(0)), []);
    }

    #[test]
    fn a_bound_is_a_hollow_point() {
        let round = |n: usize| {
            report(|report| {
                report["requests"]["response"]["p99"] = json!({ "nanos": n, "at_least": n > 10 });
            })
        };
        assert_eq!(points(Workload::Hoard, round), [(10.0, false), (100.0, true)]);
    }
}
