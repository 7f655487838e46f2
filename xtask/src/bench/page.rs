//! The results as one page: for each table a picture that makes its point, and the table behind it.
//! It needs no network, works from a file, and is readable on a phone and by a screen reader.

use std::time::Duration;

use load::Workload;
use load::report::{Latency, Time};
use load::units::{count, three_digits, time};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::record::{Record, Row, Table};
use super::stats::{Summary, summary};
use super::table;

mod against;
pub mod axis;
pub mod lines;

use axis::Axis;

/// Of this page and of others like it: light and dark.
pub const STYLE: &str = include_str!("page/page.css");

/// The whole page. `footer` says how and where it was measured, a line each.
pub fn page(record: &Record, footer: &str) -> String {
    let title = "Who waits? The steps under load";
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { (title) }
                    p { (record.machine.date) ", " (record.machine.cpu) ", " (record.machine.cores) " cores." }
                    nav aria-label="The questions" {
                        ul {
                            @for table in &record.tables {
                                li { a href={ "#" (id(table)) } { (question(table.workload)) " " (table.protocol.name()) } }
                            }
                        }
                    }
                }
                main {
                    (against::sections(record))
                    @for table in &record.tables { (section(table)) }
                }
                footer {
                    h2 { "How it was measured" }
                    @for line in footer.lines() { p { (line) } }
                }
            }
        }
    }
    .into_string()
}

fn id(table: &Table) -> String {
    format!(
        "{}-{}-{}-{}",
        table.workload.name(),
        table.protocol.name(),
        table.beside(),
        table.payload
    )
}

/// What a workload is there to answer.
fn question(workload: Workload) -> &'static str {
    match workload {
        Workload::Echo => "What does a request cost?",
        Workload::Pipeline => "What does batching buy?",
        Workload::Mixed => "Does one computation hurt the others?",
        Workload::Hoard => "Do silent clients starve the rest?",
        Workload::Storm => "What does a connection cost?",
        Workload::Spread => "What does another core bring?",
        Workload::Crowd => "What does an open connection cost at rest?",
    }
}

fn section(table: &Table) -> Markup {
    html! {
        section id=(id(table)) {
            h2 { (question(table.workload)) " " small { (table.workload.name()) ", " (table.protocol.name()) } }
            p { (table::asked(table)) "." }
            @for picture in pictures(table) { (picture.draw(&table.rows)) }
            details {
                summary { "All figures" }
                (figures(table))
            }
        }
    }
}

/// The same as on a terminal.
fn figures(table: &Table) -> Markup {
    let mut columns = table::columns(table.workload, None);
    columns.extend(table::more_columns(table.workload));
    html! {
        div.scroll tabindex="0" role="region" aria-label="All figures" {
            table {
                thead {
                    tr {
                        th scope="col" { "server" }
                        @for (heading, _) in &columns { th scope="col" { (heading) } }
                        th scope="col" { "note" }
                    }
                }
                tbody {
                    @for row in &table.rows {
                        tr {
                            th scope="row" { (table::short(&row.name)) }
                            @for (_, text) in &columns { td { (text(row).unwrap_or_else(|| "-".into())) } }
                            td.note { (table::note(table.workload, row)) }
                        }
                    }
                }
            }
        }
    }
}

/// One picture: a lane for each server, on one axis.
struct Picture {
    caption: &'static str,
    /// What the marks of a lane stand for, if there are several.
    legend: bool,
    axis: Axis,
    lanes: Vec<Lane>,
}

/// What is drawn for a server.
struct Lane {
    marks: Marks,
    /// Whether this is what the picture is there to show: somebody who keeps others waiting.
    stalls: bool,
    /// The figure, in words.
    value: String,
    note: String,
}

enum Marks {
    /// A bar from the left, and the interval around its end.
    Bar(Summary),
    /// Half, 99 in 100, and 999 in 1,000 took no longer than these nanoseconds.
    Times([f64; 3]),
    /// Some were not served at all.
    Starved,
    Nothing,
}

fn pictures(table: &Table) -> Vec<Picture> {
    let cost = || {
        bars(table, "Processor time of the server for each request, in µs", |row| {
            let micros = row.reports().filter_map(table::micros_per_request);
            Some((summary(micros)?, "µs"))
        })
    };
    match table.workload {
        Workload::Echo | Workload::Pipeline => vec![cost()],
        Workload::Storm => vec![cost(), times(table, "From setting out to being answered")],
        Workload::Mixed => vec![times(table, "How long an echo takes meanwhile")],
        Workload::Hoard => vec![times(table, "How long those wait who ask")],
        Workload::Spread => {
            let caption = "Answered a second";
            let rate = |row: &Row| {
                let rate = row.reports().map(|report| report.requests.per_second);
                Some((summary(rate)?, "/s"))
            };
            vec![bars(table, caption, rate), times(table, "How long that takes")]
        }
        Workload::Crowd => vec![bars(table, "Resident memory for each connection", |row| {
            let all =
                row.rested().filter(|rested| rested.crowd.at_rest == rested.crowd.connections);
            Some((summary(all.map(|rested| rested.bytes_per_connection))?, "bytes"))
        })],
    }
}

fn bars(
    table: &Table,
    caption: &'static str,
    figure: impl Fn(&Row) -> Option<(Summary, &'static str)>,
) -> Picture {
    let figures: Vec<_> = table.rows.iter().map(figure).collect();
    let highest = figures.iter().flatten().map(|(summary, _)| summary.high).fold(0.0, f64::max);
    let lane = |(row, figure): (&Row, &Option<(Summary, &str)>)| {
        let note = table::note(table.workload, row);
        match figure {
            Some((summary, unit)) => Lane {
                marks: Marks::Bar(*summary),
                stalls: false,
                value: format!("{} {unit}", number(summary.median)),
                note,
            },
            None => Lane { marks: Marks::Nothing, stalls: false, value: "no result".into(), note },
        }
    };
    let lanes = table.rows.iter().zip(&figures).map(lane).collect();
    Picture { caption, legend: false, axis: Axis::linear(highest), lanes }
}

fn times(table: &Table, caption: &'static str) -> Picture {
    let lane = |row: &Row| {
        let note = table::note(table.workload, row);
        let at = |pick: fn(&Latency) -> Time| table::median_time(row, pick);
        let all =
            (at(|latency| latency.p50), at(|latency| latency.p99), at(|latency| latency.p999));
        let starved = row.reports().any(|report| report.starved > 0);
        match all {
            // Of nobody's wait is known how long it would have been.
            (Some(p50), _, _) if p50.at_least && starved => {
                Lane { marks: Marks::Starved, stalls: true, value: "starved".into(), note }
            }
            (Some(p50), Some(p99), Some(p999)) => Lane {
                marks: Marks::Times([p50, p99, p999].map(|time| time.nanos as f64)),
                stalls: table.workload == Workload::Mixed && table::stalls(row),
                value: format!("p99 {p99}"),
                note,
            },
            _ => Lane { marks: Marks::Nothing, stalls: false, value: "no result".into(), note },
        }
    };
    let lanes: Vec<Lane> = table.rows.iter().map(lane).collect();
    let all = lanes.iter().filter_map(|lane| match lane.marks {
        Marks::Times(times) => Some(times),
        _ => None,
    });
    let all: Vec<f64> = all.flatten().collect();
    Picture { caption, legend: true, axis: Axis::logarithmic(&all, round_time), lanes }
}

fn number(value: f64) -> String {
    if value >= 1000.0 { count(value.round() as u64) } else { three_digits(value) }
}

impl Picture {
    fn draw(&self, rows: &[Row]) -> Markup {
        html! {
            figure {
                figcaption {
                    (self.caption)
                    @if self.legend {
                        span.legend aria-hidden="true" {
                            i.half {} " half are no slower, " i.p99 {} " 99 %, " i.p999 {} " 99.9 %"
                        }
                    }
                }
                // The same is said in the table below, and in words.
                div.chart role="img" aria-label=(self.in_words(rows)) {
                    div.scale {
                        @for tick in &self.axis.ticks {
                            span style={ "left:" (percent(tick.place)) } { (tick.label) }
                        }
                    }
                    @for (row, lane) in rows.iter().zip(&self.lanes) { (self.lane(row, lane)) }
                }
            }
        }
    }

    fn lane(&self, row: &Row, lane: &Lane) -> Markup {
        let place = |value: f64| self.axis.place(value);
        let span = |from: f64, to: f64| {
            format!("left:{};width:{}", percent(place(from)), percent(place(to) - place(from)))
        };
        let dot = |value: f64| format!("left:{}", percent(place(value)));
        html! {
            div.row.stalls[lane.stalls] {
                span.name { (table::short(&row.name)) }
                span.value { (lane.value) }
                span.lane {
                    @for tick in &self.axis.ticks { i.tick style={ "left:" (percent(tick.place)) } {} }
                    @match &lane.marks {
                        Marks::Bar(bar) => {
                            i.bar style=(span(self.axis.low, bar.median)) {}
                            @if bar.rounds > 1 { i.interval style=(span(bar.low, bar.high)) {} }
                        }
                        Marks::Times([p50, p99, p999]) => {
                            i.reach style=(span(*p50, *p999)) {}
                            i.half style=(dot(*p50)) {}
                            i.p99 style=(dot(*p99)) {}
                            i.p999 style=(dot(*p999)) {}
                        }
                        Marks::Starved => i.starved {},
                        Marks::Nothing => {},
                    }
                }
                @if !lane.note.is_empty() { span.note { (lane.note) } }
            }
        }
    }

    fn in_words(&self, rows: &[Row]) -> String {
        let lanes = rows.iter().zip(&self.lanes);
        let words = lanes.map(|(row, lane)| format!("{}: {}", table::short(&row.name), lane.value));
        format!("{}. {}.", self.caption, words.collect::<Vec<_>>().join("; "))
    }
}

fn percent(share: f64) -> String {
    format!("{:.2}%", share * 100.0)
}

/// A time on an axis: `100 µs`.
pub fn round_time(nanos: f64) -> String {
    time(Duration::from_nanos(nanos as u64)).replace(".00", "").replace(".0", "")
}
