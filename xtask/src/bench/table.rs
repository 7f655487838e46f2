//! The results, as people read them: one aligned table for each workload and protocol.

use std::env;
use std::io::{self, IsTerminal};
use std::time::Duration;

use comfy_table::{Cell, CellAlignment, Color, LineStyle, TableStyle};
use load::book::Errors;
use load::cost::Footprint;
use load::report::ServerCost;
use load::units::{bytes, count, three_digits, time};
use load::{Protocol, Report, Workload};

use super::cell::{Outcome, Rested};
use super::note::{self, Pace, note};
use super::percentile::{Percentile, longest, tail};
use super::record::{Row, Table};
use super::stats::{Summary, summary};
use super::unseen::{Sight, Unseen};

/// One line below the headings, and nothing else.
const STYLE: TableStyle =
    TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// One figure of each server.
pub struct Column<'a> {
    pub heading: &'static str,
    /// Where a terminal is too narrow, those with the highest go first, and those with 0 never.
    spare: u8,
    /// What it says about a row, if anything.
    pub text: Box<Says<'a>>,
}

type Says<'a> = dyn Fn(&Row) -> Option<String> + 'a;

impl<'a> Column<'a> {
    fn new(
        spare: u8,
        heading: &'static str,
        text: impl Fn(&Row) -> Option<String> + 'a,
    ) -> Column<'a> {
        Column { heading, spare, text: Box::new(text) }
    }
}

/// How many characters a line of the terminal has; elsewhere there is no limit.
pub fn room() -> usize {
    let width = comfy_table::Table::new().width().map_or(usize::MAX, usize::from);
    if io::stdout().is_terminal() { width } else { usize::MAX }
}

/// The table, with a line above it that says what was asked. Where it finds no room, the notes stand
/// below, and the least telling columns are left out.
pub fn show(table: &Table, sight: &Sight, baseline: Option<&str>, room: usize) -> String {
    let baseline = table.rows.iter().find(|row| Some(row.name.as_str()) == baseline);
    let mut columns = columns(table, sight, baseline);
    let notes: Vec<String> = table.rows.iter().map(|row| note(table.workload, row)).collect();
    let fits = |text: &str| text.lines().all(|line| line.chars().count() <= room);
    let mut text = grid(table, &columns, Some(&notes));
    if !fits(&text) {
        text = grid(table, &columns, None);
        while !fits(&text)
            && let Some(spare) = columns.iter().map(|column| column.spare).max()
            && spare > 0
        {
            columns.retain(|column| column.spare < spare);
            text = grid(table, &columns, None);
        }
        for (row, note) in table.rows.iter().zip(&notes).filter(|(_, note)| !note.is_empty()) {
            text += &format!("\n  {}: {note}", short(&row.name));
        }
    }
    for line in sight.legend(table).into_iter().chain(generator(table)) {
        text += &format!("\n  {line}");
    }
    format!("\n{}\n{text}", title(table))
}

fn grid(table: &Table, columns: &[Column], notes: Option<&[String]>) -> String {
    let terminal = io::stdout().is_terminal();
    let color = terminal && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let mut grid = comfy_table::Table::new();
    grid.load_style(STYLE);
    let headings = columns.iter().map(|column| column.heading);
    grid.set_header(["server"].into_iter().chain(headings).chain(notes.map(|_| "note")));
    for (i, row) in table.rows.iter().enumerate() {
        let judged = tail(row).map(|(percentile, _)| percentile.name());
        let pace = note::pace(row).filter(|_| color && table.workload == Workload::Mixed);
        let cells = columns.iter().map(|column| {
            let cell = Cell::new((column.text)(row).unwrap_or_else(|| "-".into()));
            match pace {
                Some(pace) if Some(column.heading) == judged => cell.fg(colour(pace)),
                _ => cell,
            }
        });
        let note = notes.map(|notes| Cell::new(&notes[i]));
        grid.add_row([Cell::new(short(&row.name))].into_iter().chain(cells).chain(note));
    }
    // Two spaces between columns.
    for column in grid.column_iter_mut() {
        column.set_padding((0, 1));
    }
    for column in grid.column_iter_mut().skip(1).take(columns.len()) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    grid.trim_fmt()
}

fn colour(pace: Pace) -> Color {
    match pace {
        Pace::Prompt => Color::Green,
        Pace::Disturbed => Color::Yellow,
        Pace::Slow => Color::Red,
    }
}

/// In a table of steps, `step-` says nothing; `05-nonblocking` does.
pub fn short(name: &str) -> &str {
    name.strip_prefix("step-").unwrap_or(name)
}

/// What has come of one round, on one line.
pub fn brief(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Measured(report) => {
            let rate = count(report.requests.per_second.round() as u64);
            format!("{rate} requests/s, p99 {}", report.requests.response.p99)
        }
        Outcome::Rested(rested) => format!("{:.0} bytes/connection", rested.bytes_per_connection),
        Outcome::Failed(reason) => format!("failed: {reason}"),
    }
}

fn title(table: &Table) -> String {
    format!("{}, {}: {}", table.workload.name(), table.protocol.name(), asked(table))
}

/// What the clients did, in a line.
pub fn asked(table: &Table) -> String {
    let rows = || table.rows.iter();
    if let Some(report) = rows().flat_map(Row::reports).next() {
        what_was_asked(report, table.protocol)
    } else if let Some(rested) = rows().flat_map(Row::rested).next() {
        let connections = count(rested.crowd.connections as u64);
        format!("{connections} connections, at rest after one request each")
    } else {
        "no results".into()
    }
}

fn what_was_asked(report: &Report, protocol: Protocol) -> String {
    let connections = count(report.connections as u64);
    let what = match protocol {
        Protocol::Http => "GET /plain".into(),
        Protocol::Frames | Protocol::Raw => format!("{}-byte payload", report.payload),
    };
    let pace = match report.offered {
        Some(rate) => format!("open loop, {} requests/s", count(rate as u64)),
        None if report.workload == Workload::Pipeline => {
            format!("closed loop, {} requests deep", report.depth)
        }
        None => "closed loop".into(),
    };
    if report.workload == Workload::Hoard {
        let silent = count(report.silent as u64);
        return format!(
            "{connections} connections, {pace}, {what}; beside them {silent} silent ones"
        );
    }
    let what = match report.workload {
        Workload::Spread => "a short prime each, nobody pinned".into(),
        Workload::Storm => format!("{what}, a connection for each request"),
        _ => what,
    };
    let beside = report.primes.as_ref().map_or(String::new(), |primes| {
        format!("; {} more ask for long primes", primes.connections)
    });
    format!("{connections} connections, {pace}, {what}{beside}")
}

/// Those that have something to say of a server.
pub fn columns<'a>(
    table: &'a Table,
    sight: &'a Sight,
    baseline: Option<&'a Row>,
) -> Vec<Column<'a>> {
    if table.workload == Workload::Crowd {
        return crowd_columns();
    }
    let mut columns = vec![Column::new(0, "requests/s", |row| {
        let rate = rate(row.reports().map(|report| report.requests.per_second));
        seen(sight.rate(table, row), rate)
    })];
    columns.extend(times(table, sight));
    let cost = table.workload != Workload::Mixed;
    if cost {
        columns.push(Column::new(0, "CPU/request", |row| {
            let micros = summary(row.reports().filter_map(micros_per_request))?;
            Some(format!("{} µs{}", three_digits(micros.median), spread(micros)))
        }));
    } else {
        // CPU per request would be a mean of two things that have nothing in common.
        columns.push(Column::new(0, "primes/s", |row| {
            let primes = |report: &Report| report.primes.as_ref().map(|primes| primes.per_second);
            let primes = summary(row.reports().filter_map(primes));
            seen(sight.primes(table, row), primes.map(|primes| three_digits(primes.median)))
        }));
    }
    if let Some(baseline) = baseline.filter(|_| cost) {
        columns.push(Column::new(0, "CPU ratio", |row| ratio(row, baseline)));
    }
    let footprint = |report: &Report| report.server.as_ref().map(|server| server.footprint);
    columns.push(Column::new(1, "memory", move |row| {
        row.reports().filter_map(footprint).map(|f| f.resident).max().map(bytes)
    }));
    columns.push(Column::new(0, "threads", move |row| {
        row.reports().filter_map(footprint).map(|f| f.threads).max().map(count)
    }));
    columns
        .push(Column::new(4, "errors", |row| errors(row.reports().map(|report| &report.errors))));
    columns
}

/// The percentiles for which at least one server had requests enough. Where that is p99, p90 says
/// little more.
fn times<'a>(table: &'a Table, sight: &'a Sight) -> Vec<Column<'a>> {
    let told = |percentile: Percentile| table.rows.iter().any(|row| percentile.of(row).is_some());
    let between = if told(Percentile::P99) { Percentile::P99 } else { Percentile::P90 };
    let percentiles = [(0, Percentile::P50), (0, between), (3, Percentile::P999)];
    let column = |(spare, percentile): (u8, Percentile)| {
        Column::new(spare, percentile.name(), move |row| {
            seen(sight.times(table, row), percentile.of(row).map(|time| time.to_string()))
        })
    };
    let told = percentiles.into_iter().filter(|(_, percentile)| told(*percentile));
    let mut columns: Vec<Column> = told.map(column).collect();
    columns.push(Column::new(2, "max", |row| {
        seen(sight.times(table, row), longest(row).map(|time| time.to_string()))
    }));
    columns
}

/// A figure, or why there is none.
fn seen(unseen: Option<Unseen>, figure: Option<String>) -> Option<String> {
    unseen.map_or(figure, |unseen| Some(unseen.word().into()))
}

/// What there is no room for on a terminal.
pub fn more_columns(workload: Workload) -> Vec<Column<'static>> {
    if workload == Workload::Crowd {
        return vec![
            Column::new(0, "kernel bytes/connection (page tables, 16 KiB a thread)", move |row| {
                grown(row, |f| f.kernel).map(|each| format!("{each:.0}"))
            }),
            Column::new(0, "socket buffers/connection (both ends)", move |row| {
                grown(row, |f| f.sockets).map(|each| format!("{each:.0}"))
            }),
        ];
    }
    let per_request = |row: &Row, of: fn(&ServerCost) -> Option<f64>| {
        let each = row.reports().filter_map(|report| of(report.server.as_ref()?));
        Some(format!("{:.3}", summary(each)?.median))
    };
    vec![
        Column::new(0, "waits/request", move |row| per_request(row, |s| s.waits_per_request)),
        Column::new(0, "preempted/request", move |row| {
            per_request(row, |s| s.preempted_per_request)
        }),
        Column::new(0, "kernel memory (page tables, 16 KiB a thread)", |row| {
            let servers = row.reports().filter_map(|report| report.server.as_ref());
            servers.map(|server| server.footprint.kernel).max().map(bytes)
        }),
        Column::new(0, "generator", |row| {
            let busy = summary(row.reports().filter_map(|report| report.generator.busy))?;
            Some(format!("{:.0} %", busy.median * 100.0))
        }),
        Column::new(0, "send lag p99", |row| {
            let lag = summary(row.reports().filter_map(send_lag))?;
            Some(time(Duration::from_nanos(lag.median as u64)))
        }),
    ]
}

/// How late the generator sent, in nanoseconds; in a closed loop nothing is due before it is sent.
fn send_lag(report: &Report) -> Option<f64> {
    report.offered.map(|_| report.generator.send_lag_p99 as f64)
}

/// How the generator fared where it fared worst.
pub fn generator(table: &Table) -> Option<String> {
    let worst = |of: fn(&Report) -> Option<f64>| {
        table.rows.iter().flat_map(Row::reports).filter_map(of).reduce(f64::max)
    };
    let percent = |share: f64| format!("{:.0} %", share * 100.0);
    let parts = [
        worst(|report| report.generator.busy).map(|busy| format!("{} of its core", percent(busy))),
        worst(|report| report.generator.waited).map(|n| format!("{} waiting for it", percent(n))),
        worst(send_lag)
            .map(|lag| format!("send lag p99 {}", time(Duration::from_nanos(lag as u64)))),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| format!("generator, at worst: {}", parts.join(", ")))
}

/// Between which times a percentile of the rounds lies, for the page.
pub fn interval_columns<'a>(table: &'a Table, sight: &'a Sight) -> Vec<Column<'a>> {
    let of = |percentile: Percentile, heading| {
        Column::new(0, heading, move |row| {
            let interval = percentile.interval(row);
            seen(sight.times(table, row), interval.map(|[low, high]| format!("{low} to {high}")))
        })
    };
    match table.workload {
        Workload::Crowd => Vec::new(),
        _ => {
            vec![of(Percentile::P50, "p50 of the rounds"), of(Percentile::P99, "p99 of the rounds")]
        }
    }
}

fn crowd_columns() -> Vec<Column<'static>> {
    vec![
        Column::new(0, "at rest", |row| {
            row.rested().map(|rested| rested.crowd.at_rest as u64).min().map(count)
        }),
        Column::new(2, "before", |row| row.rested().map(|r| r.before.resident).max().map(bytes)),
        Column::new(1, "after", |row| row.rested().map(|r| r.after.resident).max().map(bytes)),
        Column::new(0, "bytes/connection", |row| {
            let bytes = bytes_per_connection(row)?;
            Some(format!("{:.0}{}", bytes.median, spread(bytes)))
        }),
        Column::new(0, "threads", |row| row.rested().map(|r| r.after.threads).max().map(count)),
        Column::new(0, "CPU at rest", |row| {
            let busy = summary(row.rested().map(|rested| rested.busy_at_rest))?;
            Some(format!("{:.1} %", busy.median * 100.0))
        }),
        Column::new(3, "errors", |row| errors(row.rested().map(|rested| &rested.crowd.errors))),
    ]
}

/// Resident memory, in the rounds in which all of the crowd came to rest.
pub fn bytes_per_connection(row: &Row) -> Option<Summary> {
    summary(full_crowds(row).map(|rested| rested.bytes_per_connection))
}

/// How much more a server occupies for each connection at rest, in these rounds.
pub fn grown(row: &Row, of: fn(&Footprint) -> u64) -> Option<f64> {
    let each = full_crowds(row).map(|rested| {
        let (before, after) = (of(&rested.before) as f64, of(&rested.after) as f64);
        (after - before) / rested.crowd.connections as f64
    });
    Some(summary(each)?.median)
}

/// The rounds in which nobody was turned away.
pub fn full_crowds(row: &Row) -> impl Iterator<Item = &Rested> {
    row.rested().filter(|rested| rested.crowd.at_rest == rested.crowd.connections)
}

fn rate(rounds: impl Iterator<Item = f64>) -> Option<String> {
    let rate = summary(rounds)?;
    Some(format!("{}{}", count(rate.median.round() as u64), spread(rate)))
}

/// Rounds without a result do not count: one that has one has no spread.
fn spread(figure: Summary) -> String {
    if figure.rounds > 1 { format!(" ±{:.1} %", figure.spread()) } else { String::new() }
}

pub fn micros_per_request(report: &Report) -> Option<f64> {
    report.server.as_ref()?.micros_per_request
}

/// This server's CPU per request against the other's in the same round.
fn ratio(row: &Row, baseline: &Row) -> Option<String> {
    let micros = |round: &Outcome| match round {
        Outcome::Measured(report) => micros_per_request(report),
        _ => None,
    };
    let pairs = row.rounds.iter().zip(&baseline.rounds);
    let ratios = pairs.filter_map(|(own, other)| Some(micros(own)? / micros(other)?));
    let Summary { median, low, high, .. } = summary(ratios)?;
    Some(format!("{median:.3} ({low:.3} to {high:.3})"))
}

fn errors<'a>(rounds: impl Iterator<Item = &'a Errors> + Clone) -> Option<String> {
    rounds.clone().next()?;
    Some(count(rounds.map(Errors::total).sum()))
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::bench::record::Record;
    use crate::bench::record::tests::record;
    use serde_json::{Value, json};

    /// A report of 64 connections, with whatever is to be different in it.
    pub fn report(change: impl FnOnce(&mut Value)) -> Outcome {
        let time = |nanos: u64| json!({ "nanos": nanos, "at_least": false });
        let latency = json!({
            "p50": time(80_000), "p90": time(90_000), "p99": time(100_000),
            "p999": time(110_000), "max": time(120_000), "histogram": [],
        });
        let mut report = json!({
            "target": "127.0.0.1:1", "workload": "echo", "protocol": "frames", "payload": 8,
            "depth": 1, "silent": 0,
            "connections": 64, "connected": 64, "starved": 0, "offered": null,
            "seconds": 1.0, "warm_up_seconds": 0.1,
            "requests": {
                "connections": 64, "answered": 1000, "per_second": 1000.0, "censored": 0, "lost": 0,
                "response": latency, "service": latency,
            },
            "primes": null,
            "errors": { "refused": 0, "reset": 0, "closed": 0, "wrong": 0, "timeout": 0, "other": 0 },
            "reopened": 0,
            "generator": { "busy": 0.5, "waited": 0.01, "send_lag_p99": 0, "saturated": false },
            "server": {
                "processor_time": 4_000_000, "micros_per_request": 4.0,
                "waits_per_request": 0.01, "preempted_per_request": 0.001,
                "footprint": { "resident": 3_145_728, "threads": 2, "kernel": 65_536, "sockets": 0 },
            },
        });
        change(&mut report);
        Outcome::Measured(serde_json::from_value(report).unwrap())
    }

    /// A server with these rounds.
    pub fn row(rounds: Vec<Outcome>) -> Row {
        let mut row = Row::new("it");
        rounds.into_iter().for_each(|round| row.push(round));
        row
    }

    #[test]
    fn ratios_are_taken_within_a_round() {
        let micros =
            |micros: f64| report(|report| report["server"]["micros_per_request"] = json!(micros));
        // The machine was twice as slow in the second round: for both.
        let floor = row(vec![micros(4.0), micros(8.0), micros(4.0)]);
        let step = row(vec![micros(4.4), micros(8.8), micros(4.8)]);
        assert_eq!(ratio(&step, &floor).as_deref(), Some("1.100 (1.100 to 1.200)"));
    }

    #[test]
    fn a_spread_needs_two_results() {
        let failed = || Outcome::Failed("it ended".into());
        let rates = |row: &Row| rate(row.reports().map(|r| r.requests.per_second)).unwrap();
        assert_eq!(rates(&row(vec![report(|_| ()), failed(), failed()])), "1,000");
        assert_eq!(rates(&row(vec![report(|_| ()), report(|_| ()), failed()])), "1,000 ±0.0 %");
    }

    #[test]
    fn rounds_without_a_result_leave_no_figure() {
        let failed = row(vec![Outcome::Failed("it ended".into())]);
        let table = Table {
            workload: Workload::Echo,
            protocol: Protocol::Frames,
            connections: 64,
            silent: 0,
            payload: 8,
            rows: vec![failed, row(vec![report(|_| ())])],
        };
        let sight = Sight::of(&record());
        let text = show(&table, &sight, Some("it"), usize::MAX);
        let failed = text.lines().find(|line| line.contains("no result")).unwrap();
        let columns = columns(&table, &sight, Some(&table.rows[0]));
        assert_eq!(failed.matches(" - ").count(), columns.len());
    }

    /// Two servers, one of them with much to be said of it.
    fn echo() -> Table {
        let mut table = record().tables.remove(0);
        let busy = report(|report| {
            report["requests"]["answered"] = json!(123_456);
            report["errors"]["reset"] = json!(123);
            report["generator"]["waited"] = json!(0.4);
        });
        table.rows = vec![row(vec![busy.clone(), busy]), row(vec![report(|_| ())])];
        table
    }

    #[test]
    fn a_table_fits_into_the_terminal() {
        let (table, sight) = (echo(), Sight::of(&record()));
        let at = |room| show(&table, &sight, None, room);
        let widest = |text: &str| text.lines().map(|line| line.chars().count()).max().unwrap();
        let wide = at(usize::MAX);
        assert!(wide.contains("errors") && wide.contains("note"), "{wide}");
        for room in [widest(&wide) - 1, 100, 80, 65] {
            let text = at(room);
            assert!(widest(&text) <= room, "{room}: {text}");
            assert!(text.contains("it: lost: reset 246; disturbed 40 %"), "{text}");
        }
        assert!(!at(80).contains("errors"), "{}", at(80));
    }

    #[test]
    fn the_generator_tells_of_itself() {
        let mut table = echo();
        let last = |text: String| text.lines().last().unwrap().trim().to_owned();
        let sight = Sight::of(&record());
        let text = last(show(&table, &sight, None, usize::MAX));
        assert_eq!(text, "generator, at worst: 50 % of its core, 40 % waiting for it");
        table.rows.push(row(vec![report(|report| {
            report["offered"] = json!(200.0);
            report["generator"]["send_lag_p99"] = json!(120_000);
        })]));
        let text = last(show(&table, &sight, None, usize::MAX));
        assert!(text.ends_with("waiting for it, send lag p99 120 µs"), "{text}");
        table.rows.clear();
        assert_eq!(generator(&table), None);
    }

    #[test]
    fn primes_of_a_server_that_uses_several_cores_are_not_seen_on_one() {
        let mut record = record();
        let mixed = report(|report| report["primes"] = report["requests"].clone());
        let spread = report(|report| {
            report["offered"] = json!(6000.0);
            report["server"]["processor_time"] = json!(1_300_000_000);
        });
        let mut table = crate::bench::record::tests::record().tables.remove(0);
        (table.workload, table.rows) = (Workload::Spread, vec![row(vec![spread])]);
        record.tables[0].rows = vec![row(vec![mixed])];
        record.tables[0].workload = Workload::Mixed;
        let primes = |record: &Record| {
            let sight = Sight::of(record);
            let mixed = &record.tables[0];
            let columns = columns(mixed, &sight, None);
            let primes = columns.into_iter().find(|column| column.heading == "primes/s").unwrap();
            ((primes.text)(&mixed.rows[0]).unwrap(), sight.legend(mixed).len())
        };
        assert_eq!(primes(&record), ("1000".into(), 0));
        record.tables.push(table);
        assert_eq!(primes(&record), ("one core".into(), 1));
    }

    #[test]
    fn a_percentile_of_too_few_has_no_column_and_a_word_stands_for_what_cannot_be_seen() {
        let (mut table, sight) = (echo(), Sight::of(&record()));
        assert!(show(&table, &sight, None, usize::MAX).contains("p99.9"));
        table.rows.remove(0);
        let text = show(&table, &sight, None, usize::MAX);
        assert!(text.contains("p99 ") && !text.contains("p99.9"), "{text}");
        table.rows = vec![row(vec![report(|report| {
            report["generator"]["busy"] = json!(0.99);
        })])];
        let text = show(&table, &sight, None, usize::MAX);
        assert!(!text.contains("1,000") && !text.contains("100 µs"), "{text}");
        assert!(text.contains("generator: the generator was at its limit"), "{text}");
    }
}
