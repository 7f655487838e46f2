//! The results as one page: for each table a picture that makes its point, and the table behind it.
//! It needs no network, works from a file, and is readable on a phone and by a screen reader.

use std::time::Duration;

use load::Workload;
use load::report::Time;
use load::units::{count, three_digits, time};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::answers::{Answer, answers};
use super::headline::{headline, starves};
use super::note::{half_wait, note, served};
use super::percentile::{Percentile, tail};
use super::record::{Record, Row, Table};
use super::report::footer;
use super::stats::{Summary, summary};
use super::table;
use super::unseen::{Sight, Unseen};

mod against;
pub mod axis;
pub mod lines;

use axis::Axis;

/// Of this page and of others like it: light and dark.
const STYLE: &str = include_str!("page/page.css");

/// A page that needs nothing else.
pub fn document(title: &str, body: Markup) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { (body) }
        }
    }
    .into_string()
}

/// The whole page.
pub fn page(record: &Record) -> String {
    let title = "Who waits? The steps under load";
    let sight = Sight::of(record);
    let mut tables: Vec<&Table> = record.tables.iter().collect();
    tables.sort_by_key(|table| place(table.workload));
    let body = html! {
        header {
            h1 { (title) }
            p { (record.machine.date) ", " (record.machine.cpu) ", " (record.machine.cores) " cores." }
            nav aria-label="The tables" {
                ul {
                    @for table in &tables {
                        li { a href={ "#" (id(table)) } { (question(table.workload)) " " (of_which(table)) } }
                    }
                }
            }
        }
        main {
            (in_short(record))
            @for table in &tables { (section(table, &sight)) }
            (against::sections(record, &sight))
        }
        footer {
            h2 { "How it was measured" }
            @for line in footer(record).lines() { p { (line) } }
        }
    };
    document(title, body)
}

/// What keeps others waiting comes first, then what it costs.
pub fn place(workload: Workload) -> usize {
    let order = [Workload::Mixed, Workload::Hoard, Workload::Crowd, Workload::Spread];
    order.iter().position(|one| *one == workload).unwrap_or(order.len())
}

/// The six questions, as far as this run answers them.
fn in_short(record: &Record) -> Markup {
    let mut answers = answers(record);
    answers.retain(|answer| !answer.text.is_empty());
    html! {
        @if !answers.is_empty() {
            section {
                h2 { "In short" }
                dl {
                    @for Answer { question, text, table } in &answers {
                        dt { (question) }
                        dd {
                            (text)
                            @if let Some(table) = table {
                                " " a href={ "#" (id(table)) } { "See " (table.workload.name()) }
                            }
                        }
                    }
                }
            }
        }
    }
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

/// `mixed, frames`, and what tells it from others of its kind.
pub fn of_which(table: &Table) -> String {
    let sizes = match table.workload {
        Workload::Hoard => format!(", {} silent", count(table.silent as u64)),
        _ => format!(", {} connections", count(table.connections as u64)),
    };
    format!("({}, {}{sizes})", table.workload.name(), table.protocol.name())
}

/// What a workload is there to answer.
pub fn question(workload: Workload) -> &'static str {
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

fn section(table: &Table, sight: &Sight) -> Markup {
    let headline = headline(table, sight);
    html! {
        section id=(id(table)) {
            h2 { (question(table.workload)) " " small { (of_which(table)) } }
            @if !headline.is_empty() { p.headline { (headline) } }
            p { (table::asked(table)) "." }
            @for picture in pictures(table, sight) { (picture.draw(&table.rows)) }
            @for line in sight.legend(table) { p.unseen { (line) } }
            details {
                summary { "All figures" }
                (figures(table, sight))
            }
        }
    }
}

/// The same as on a terminal, and more.
fn figures(table: &Table, sight: &Sight) -> Markup {
    let mut columns = table::columns(table, sight, None);
    columns.extend(table::more_columns(table.workload));
    columns.extend(table::interval_columns(table, sight));
    html! {
        div.scroll tabindex="0" role="region" aria-label="All figures" {
            table {
                thead {
                    tr {
                        th scope="col" { "server" }
                        @for column in &columns { th scope="col" { (column.heading) } }
                        th scope="col" { "note" }
                    }
                }
                tbody {
                    @for row in &table.rows {
                        tr {
                            th scope="row" { (table::short(&row.name)) }
                            @for column in &columns { td { ((column.text)(row).unwrap_or_else(|| "-".into())) } }
                            td.note { (note(table.workload, row)) }
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
    legend: Vec<(&'static str, &'static str)>,
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
    /// So many took no longer than this, from half of them to nearly all.
    Times(Vec<(Percentile, Time)>),
    /// Some were not served at all.
    Starved,
    Nothing,
}

fn pictures(table: &Table, sight: &Sight) -> Vec<Picture> {
    let cost = || {
        bars(table, "Processor time of the server for each request, in µs", |row| {
            let micros = row.reports().filter_map(table::micros_per_request);
            Ok((summary(micros), "µs"))
        })
    };
    let times = |caption| times(table, sight, caption);
    match table.workload {
        Workload::Echo | Workload::Pipeline => vec![cost()],
        Workload::Storm => vec![cost(), times("From setting out to being answered")],
        Workload::Mixed => vec![times("How long an echo takes meanwhile")],
        Workload::Hoard => vec![times("How long those wait who ask")],
        Workload::Spread => {
            let rate = |row: &Row| {
                let rate = row.reports().map(|report| report.requests.per_second);
                sight.rate(table, row).map_or(Ok((summary(rate), "/s")), Err)
            };
            vec![bars(table, "Answered a second", rate), times("How long that takes")]
        }
        Workload::Crowd => vec![
            bars(table, "Threads of the server", |row| {
                let threads = row.rested().map(|rested| rested.after.threads as f64);
                let all = table::bytes_per_connection(row).is_some();
                Ok((summary(threads).filter(|_| all), "threads"))
            }),
            bars(table, "Resident memory for each connection", |row| {
                Ok((table::bytes_per_connection(row), "bytes"))
            }),
        ],
    }
}

/// `figure` gives a figure and its unit, or why it cannot be seen.
fn bars(
    table: &Table,
    caption: &'static str,
    figure: impl Fn(&Row) -> Result<(Option<Summary>, &'static str), Unseen>,
) -> Picture {
    let figures: Vec<_> = table.rows.iter().map(figure).collect();
    let known = figures.iter().flatten().filter_map(|(summary, _)| *summary);
    let highest = known.map(|summary| summary.high).fold(0.0, f64::max);
    let lane = |(row, figure): (&Row, &Result<_, Unseen>)| {
        let (marks, value) = match figure {
            Ok((Some(summary), unit)) => {
                (Marks::Bar(*summary), format!("{} {unit}", number(summary.median)))
            }
            Ok((None, _)) if starved(row) => (Marks::Starved, "starved".into()),
            Ok((None, _)) => (Marks::Nothing, "no result".into()),
            Err(unseen) => (Marks::Nothing, unseen.word().into()),
        };
        Lane { marks, stalls: false, value, note: note(table.workload, row) }
    };
    let lanes = table.rows.iter().zip(&figures).map(lane).collect();
    Picture { caption, legend: Vec::new(), axis: Axis::linear(highest), lanes }
}

/// A crowd of whom not all came to rest.
fn starved(row: &Row) -> bool {
    served(row).is_some_and(|(served, all)| served < all)
}

fn times(table: &Table, sight: &Sight, caption: &'static str) -> Picture {
    let lane = |row: &Row| {
        let known = |p: Percentile| Some((p, p.of(row)?));
        let tail = tail(row);
        let told = [Some(Percentile::P50), tail.map(|(p, _)| p), Some(Percentile::P999)];
        let times: Vec<_> = told.into_iter().flatten().filter_map(known).collect();
        let (marks, value) = match (sight.times(table, row), tail) {
            (Some(unseen), _) => (Marks::Nothing, unseen.word().into()),
            // How long those wait who are served says nothing of the others.
            (None, _) if starves(row) => (Marks::Starved, "starved".into()),
            (None, Some((p, time))) => (Marks::Times(times), format!("{} {time}", p.name())),
            (None, None) if row.reports().next().is_none() => (Marks::Nothing, "no result".into()),
            (None, None) => (Marks::Nothing, "too few".into()),
        };
        let stalls = starves(row) || table.workload == Workload::Mixed && half_wait(row);
        Lane { marks, stalls, value, note: note(table.workload, row) }
    };
    let lanes: Vec<Lane> = table.rows.iter().map(lane).collect();
    let all = lanes.iter().filter_map(|lane| match &lane.marks {
        Marks::Times(times) => Some(times),
        _ => None,
    });
    let all: Vec<(Percentile, Time)> = all.flatten().copied().collect();
    let mut signs: Vec<Percentile> = all.iter().map(|(percentile, _)| *percentile).collect();
    signs.sort();
    signs.dedup();
    let mut legend: Vec<_> = signs.into_iter().map(sign).collect();
    if all.iter().any(|(_, time)| time.at_least) {
        legend.push((LEAST, "at least so long"));
    }
    let values: Vec<f64> = all.iter().map(|(_, time)| time.nanos as f64).collect();
    Picture { caption, legend, axis: Axis::logarithmic(&values, round_time), lanes }
}

/// How a time is drawn that may be longer, by nobody knows how much.
const LEAST: &str = "least";

/// How a percentile is drawn, and what it says.
fn sign(percentile: Percentile) -> (&'static str, &'static str) {
    match percentile {
        Percentile::P50 => ("half", "half are no slower"),
        Percentile::P90 => ("p90", "90 %"),
        Percentile::P99 => ("p99", "99 %"),
        Percentile::P999 => ("p999", "99.9 %"),
    }
}

fn number(value: f64) -> String {
    let whole = value >= 1000.0 || value.fract() == 0.0;
    if whole { count(value.round() as u64) } else { three_digits(value) }
}

impl Picture {
    fn draw(&self, rows: &[Row]) -> Markup {
        html! {
            figure {
                figcaption {
                    (self.caption)
                    @if !self.legend.is_empty() {
                        span.legend aria-hidden="true" {
                            @for (sign, says) in &self.legend { span { i class=(sign) {} " " (says) } " " }
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
                        Marks::Times(times) => {
                            @if let [(_, first), .., (_, last)] = times.as_slice() {
                                i.reach style=(span(first.nanos as f64, last.nanos as f64)) {}
                            }
                            @for (percentile, time) in times {
                                @let sign = if time.at_least { LEAST } else { sign(*percentile).0 };
                                i class=(sign) style=(dot(time.nanos as f64)) {}
                            }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::cell::Outcome;
    use crate::bench::record::tests::record;
    use crate::bench::table::tests::{report, row};
    use serde_json::json;

    /// The picture of a mixed table with these rounds of one server.
    fn picture(rounds: Vec<Outcome>) -> String {
        let (mut table, record) = (record().tables.remove(0), record());
        (table.workload, table.rows) = (Workload::Mixed, vec![row(rounds)]);
        times(&table, &Sight::of(&record), "how long").draw(&table.rows).into_string()
    }

    #[test]
    fn a_bound_and_each_percentile_have_a_mark_of_their_own() {
        let of = |n: u64, at_least: bool| {
            picture(vec![report(|report| {
                report["requests"]["answered"] = json!(n);
                let time = json!({ "nanos": 90_000, "at_least": at_least });
                for percentile in ["p90", "p99"] {
                    report["requests"]["response"][percentile] = time.clone();
                }
            })])
        };
        let (few, many, bound) = (of(100, false), of(1000, false), of(1000, true));
        assert!(few.contains("class=\"p90\"") && !few.contains("class=\"p99\""), "{few}");
        assert!(many.contains("class=\"p99\"") && !many.contains("at least"), "{many}");
        assert!(
            bound.contains("class=\"least\" style") && !bound.contains("class=\"p99\" style"),
            "{bound}"
        );
        assert!(bound.contains("at least so long") && bound.contains("p99 ≥ 90.0 µs"), "{bound}");
    }

    #[test]
    fn a_server_that_failed_did_not_have_too_few_requests() {
        assert!(picture(vec![Outcome::Failed("it ended".into())]).contains("no result"));
        let few = report(|report| report["requests"]["answered"] = json!(10));
        assert!(picture(vec![few]).contains("too few"));
    }
}
