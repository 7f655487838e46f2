//! The results, as people read them: one aligned table for each workload and protocol.

use std::env;
use std::io::{self, IsTerminal};
use std::time::Duration;

use comfy_table::{Cell, CellAlignment, Color, LineStyle, TableStyle};
use load::book::Errors;
use load::cost::{Footprint, Switches};
use load::report::{Latency, Requests, ServerCost, Time};
use load::units::{bytes, count, three_digits, time};
use load::{Crowd, Protocol, Report, Workload};

use super::cell::{Outcome, Rested};
use super::record::{Row, Table};
use super::stats::{Summary, summary};

/// A long computation takes 50 ms and more. Where even half of the others wait for half of that, it
/// is a computation that they wait for.
const STALLED: Duration = Duration::from_millis(25);

/// Nobody waits for a computation to end, but they share a core with it, and that shows.
const DISTURBED: Duration = Duration::from_millis(10);

/// One line below the headings, and nothing else.
const STYLE: TableStyle =
    TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// An open loop that had fewer than this share of its requests answered was too much.
const KEPT_UP: f64 = 0.9;

/// Whoever uses this share of a core has nothing left of it.
const AT_LIMIT: f64 = 0.95;

/// A column: its heading, and what it says about a row, if anything.
type Column<'a> = (&'static str, Box<dyn Fn(&Row) -> Option<String> + 'a>);

/// Where the colour goes.
const P99: &str = "p99";

/// The table, with a line above it that says what was asked.
pub fn show(table: &Table, baseline: Option<&str>) -> String {
    let baseline = table.rows.iter().find(|row| Some(row.name.as_str()) == baseline);
    let notes: Vec<String> = table.rows.iter().map(|row| note(table.workload, row)).collect();
    let beside = grid(table, baseline, Some(&notes)).trim_fmt();
    let room = comfy_table::Table::new().width().map_or(usize::MAX, usize::from);
    if !io::stdout().is_terminal() || beside.lines().all(|line| line.chars().count() <= room) {
        return format!("\n{}\n{beside}", title(table));
    }
    // The notes do not fit beside the numbers: then they stand below.
    let mut text = format!("\n{}\n{}", title(table), grid(table, baseline, None).trim_fmt());
    for (row, note) in table.rows.iter().zip(&notes).filter(|(_, note)| !note.is_empty()) {
        text.push_str(&format!("\n  {}: {note}", short(&row.name)));
    }
    text
}

fn grid(table: &Table, baseline: Option<&Row>, notes: Option<&[String]>) -> comfy_table::Table {
    let terminal = io::stdout().is_terminal();
    let color = terminal && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let columns = columns(table.workload, baseline);
    let mut grid = comfy_table::Table::new();
    grid.load_style(STYLE);
    let headings = columns.iter().map(|(heading, _)| *heading);
    grid.set_header(["server"].into_iter().chain(headings).chain(notes.map(|_| "note")));
    for (i, row) in table.rows.iter().enumerate() {
        let cells = columns.iter().map(|(heading, text)| {
            let cell = Cell::new(text(row).unwrap_or_else(|| "-".into()));
            match pace(row) {
                Some(pace) if color && *heading == P99 && table.workload == Workload::Mixed => {
                    cell.fg(pace)
                }
                _ => cell,
            }
        });
        let note = notes.map(|notes| Cell::new(&notes[i]));
        grid.add_row([Cell::new(short(&row.name))].into_iter().chain(cells).chain(note));
    }
    // Two spaces between columns: the whole table fits into 120.
    for column in grid.column_iter_mut() {
        column.set_padding((0, 1));
    }
    for column in grid.column_iter_mut().skip(1).take(columns.len()) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    grid
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
        Workload::Spread => "200 µs of computing each, server and generator on any core".into(),
        Workload::Storm => format!("{what}, a connection for each request"),
        _ => what,
    };
    let beside = report.primes.as_ref().map_or(String::new(), |primes| {
        format!("; beside them {} ask for a long prime again and again", primes.connections)
    });
    format!("{connections} connections, {pace}, {what}{beside}")
}

pub fn columns<'a>(workload: Workload, baseline: Option<&'a Row>) -> Vec<Column<'a>> {
    if workload == Workload::Crowd {
        return crowd_columns();
    }
    let mut columns: Vec<Column> = vec![
        ("requests/s", Box::new(|row| rate(row.reports().map(|r| r.requests.per_second)))),
        ("p50", Box::new(|row| median(row, |latency| latency.p50))),
        (P99, Box::new(|row| median(row, |latency| latency.p99))),
        ("p99.9", Box::new(|row| median(row, |latency| latency.p999))),
        ("max", Box::new(|row| times(row, |latency| latency.max).max().map(|t| t.to_string()))),
    ];
    if workload == Workload::Mixed {
        // CPU per request would be a mean of two things that have nothing in common.
        let primes = |report: &Report| report.primes.as_ref().map(|primes| primes.per_second);
        columns.push((
            "primes/s",
            Box::new(move |row| {
                let median = summary(row.reports().filter_map(primes))?.median;
                Some(three_digits(median))
            }),
        ));
    } else {
        columns.push((
            "CPU/request",
            Box::new(|row| {
                let micros = summary(row.reports().filter_map(micros_per_request))?;
                Some(format!("{} µs{}", three_digits(micros.median), spread(micros)))
            }),
        ));
    }
    if let Some(baseline) = baseline
        && workload != Workload::Mixed
    {
        columns.push(("CPU ratio", Box::new(|row| ratio(row, baseline))));
    }
    let footprint = |report: &Report| report.server.as_ref().map(|server| server.footprint);
    columns.push((
        "memory",
        Box::new(move |row| {
            row.reports().filter_map(footprint).map(|f| f.resident).max().map(bytes)
        }),
    ));
    columns.push((
        "threads",
        Box::new(move |row| {
            row.reports().filter_map(footprint).map(|f| f.threads).max().map(count)
        }),
    ));
    columns.push(("errors", Box::new(|row| errors(row.reports().map(|report| &report.errors)))));
    columns
}

/// What there is no room for on a terminal.
pub fn more_columns(workload: Workload) -> Vec<Column<'static>> {
    if workload == Workload::Crowd {
        let grown = |rested: &Rested, of: fn(&Footprint) -> u64| {
            let (before, after) = (of(&rested.before) as f64, of(&rested.after) as f64);
            format!("{:.0}", (after - before) / rested.crowd.at_rest.max(1) as f64)
        };
        return vec![
            (
                "kernel bytes/connection (threads, page tables)",
                Box::new(move |row| row.rested().last().map(|r| grown(r, |f| f.kernel))),
            ),
            (
                "socket buffers/connection (both ends)",
                Box::new(move |row| row.rested().last().map(|r| grown(r, |f| f.sockets))),
            ),
        ];
    }
    let per_request = |row: &Row, of: fn(&Switches) -> u64| {
        let each = row.reports().filter_map(|report| {
            let switches = report.server.as_ref()?.switches?;
            let answered = report.requests.answered.max(1) as f64;
            Some(of(&switches) as f64 / answered)
        });
        Some(format!("{:.3}", summary(each)?.median))
    };
    vec![
        ("waits/request", Box::new(move |row| per_request(row, |switches| switches.voluntary))),
        (
            "preempted/request",
            Box::new(move |row| per_request(row, |switches| switches.involuntary)),
        ),
        (
            "kernel memory (threads, page tables)",
            Box::new(|row| {
                let servers = row.reports().filter_map(|report| report.server.as_ref());
                servers.map(|server| server.footprint.kernel).max().map(bytes)
            }),
        ),
    ]
}

fn crowd_columns() -> Vec<Column<'static>> {
    vec![
        (
            "at rest",
            Box::new(|row| row.rested().map(|rested| rested.crowd.at_rest as u64).min().map(count)),
        ),
        ("before", Box::new(|row| row.rested().map(|r| r.before.resident).max().map(bytes))),
        ("after", Box::new(|row| row.rested().map(|r| r.after.resident).max().map(bytes))),
        (
            "bytes/connection",
            Box::new(|row| {
                let came = |rested: &&Rested| rested.crowd.at_rest == rested.crowd.connections;
                let rested = row.rested().filter(came);
                let bytes = summary(rested.map(|rested| rested.bytes_per_connection))?;
                Some(format!("{:.0}{}", bytes.median, spread(bytes)))
            }),
        ),
        ("threads", Box::new(|row| row.rested().map(|r| r.after.threads).max().map(count))),
        (
            "CPU at rest",
            Box::new(|row| {
                let busy = summary(row.rested().map(|rested| rested.busy_at_rest))?;
                Some(format!("{:.1} %", busy.median * 100.0))
            }),
        ),
        ("errors", Box::new(|row| errors(row.rested().map(|rested| &rested.crowd.errors)))),
    ]
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

fn times(row: &Row, pick: impl Fn(&Latency) -> Time) -> impl Iterator<Item = Time> {
    row.reports()
        .filter(|report| recorded(&report.requests) > 0)
        .map(move |report| pick(&report.requests.response))
}

/// Requests that have a time, if only one that they took at least.
fn recorded(requests: &Requests) -> u64 {
    requests.answered + requests.censored + requests.lost
}

pub fn median_time(row: &Row, pick: impl Fn(&Latency) -> Time) -> Option<Time> {
    let mut times: Vec<Time> = times(row, pick).collect();
    times.sort();
    times.get(times.len() / 2).copied()
}

fn median(row: &Row, pick: impl Fn(&Latency) -> Time) -> Option<String> {
    median_time(row, pick).map(|time| time.to_string())
}

/// Of the mixed workload: who lets others wait for a computation?
fn pace(row: &Row) -> Option<Color> {
    let p99 = Duration::from_nanos(median_time(row, |latency| latency.p99)?.nanos);
    Some(match p99 {
        p99 if p99 >= STALLED => Color::Red,
        p99 if p99 >= DISTURBED => Color::Yellow,
        _ => Color::Green,
    })
}

/// Even half of the others wait for about as long as a computation takes.
pub fn stalls(row: &Row) -> bool {
    median_time(row, |latency| latency.p50)
        .is_some_and(|half| Duration::from_nanos(half.nanos) >= STALLED)
}

fn errors<'a>(rounds: impl Iterator<Item = &'a Errors> + Clone) -> Option<String> {
    rounds.clone().next()?;
    Some(count(rounds.map(Errors::total).sum()))
}

pub fn note(workload: Workload, row: &Row) -> String {
    let mut notes = Vec::new();
    let failures: Vec<&str> = row.failures().collect();
    if let Some(reason) = failures.first() {
        notes.push(match failures.len() == row.rounds.len() {
            true => format!("no result: {reason}"),
            false => format!("{} of {} rounds: {reason}", failures.len(), row.rounds.len()),
        });
    }
    if let Some(worst) = row.reports().max_by_key(|report| report.starved)
        && worst.starved > 0
    {
        let served = worst.connections - worst.starved;
        notes.push(format!("starved: {served} of {} connections served", worst.connections));
    } else {
        notes.extend(slowness(workload, row));
    }
    if let Some(rested) = row.rested().min_by_key(|rested| rested.crowd.at_rest)
        && rested.crowd.at_rest < rested.crowd.connections
    {
        let Crowd { at_rest, connections, .. } = rested.crowd;
        notes.push(format!("starved: {at_rest} of {connections} connections served"));
    }
    if row.reports().any(closes_after_each_answer) {
        notes.push("closes after each answer; we return after 100 ms".into());
    } else if let Some(kinds) = kinds_of_errors(row) {
        notes.push(format!("connections lost: {kinds}"));
    }
    notes.extend(own_fault(row));
    notes.join("; ")
}

/// Why times are long, as far as that is certain.
fn slowness(workload: Workload, row: &Row) -> Option<String> {
    let marked = own_fault(row).is_some();
    let kept_up = row.reports().map(|report| report.requests.per_second);
    if !marked
        && !row.reports().any(closes_after_each_answer)
        && let Some(offered) = row.reports().find_map(|report| report.offered)
        && let Some(Summary { median, .. }) = summary(kept_up)
        && median < offered * KEPT_UP
    {
        let [median, offered] = [median, offered].map(|rate| count(rate.round() as u64));
        return Some(format!("overloaded: {median} of {offered} requests/s"));
    }
    if workload != Workload::Mixed || pace(row) != Some(Color::Red) {
        return None;
    }
    let half = Duration::from_nanos(median_time(row, |latency| latency.p50)?.nanos);
    Some(match half {
        half if half >= STALLED && !marked => "stalls: all wait for a computation".into(),
        _ => format!("slow: p99 over {} ms", STALLED.as_millis()),
    })
}

/// What makes the figures say something about us, or about the machine, instead of the server. In
/// fewer than half of the rounds it does not reach the median.
fn own_fault(row: &Row) -> Option<String> {
    let faults: Vec<String> = row.reports().filter_map(fault).collect();
    if faults.len() * 2 < row.reports().count() {
        return None;
    }
    faults.into_iter().next()
}

fn fault(report: &Report) -> Option<String> {
    let generator = &report.generator;
    if let Some(waited) = generator.disturbed() {
        let waited = waited * 100.0;
        return Some(format!("disturbed: the generator waited {waited:.0} % for its core"));
    }
    if !generator.saturated {
        return None;
    }
    let Some(busy) = generator.busy.filter(|&busy| busy > AT_LIMIT) else {
        let lag = time(Duration::from_nanos(generator.send_lag_p99));
        return Some(format!("the generator was late by {lag} (p99): a busy machine?"));
    };
    let spent = |server: &ServerCost| server.processor_time as f64 / 1e9 / report.seconds;
    let busy = busy * 100.0;
    Some(match report.server.as_ref().map(spent) {
        // Pinned, it has one core; one that uses several may have more to spare.
        Some(server) if (AT_LIMIT..1.05).contains(&server) => {
            let server = server * 100.0;
            format!("generator and server both at their limit (busy {busy:.0} % and {server:.0} %)")
        }
        _ => format!("the generator was the bottleneck (busy {busy:.0} %)"),
    })
}

/// As step 01 does. Then it is our own pause that decides how many requests there are.
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
pub mod tests {
    use super::*;
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
                "switches": { "voluntary": 10, "involuntary": 1 },
                "footprint": { "resident": 3_145_728, "threads": 2, "kernel": 65_536, "sockets": 0 },
            },
        });
        change(&mut report);
        Outcome::Measured(serde_json::from_value(report).unwrap())
    }

    fn row(rounds: Vec<Outcome>) -> Row {
        Row { name: "it".into(), rounds }
    }

    #[test]
    fn a_server_that_does_well_needs_no_note() {
        assert_eq!(note(Workload::Mixed, &row(vec![report(|_| ())])), "");
    }

    #[test]
    fn what_was_observed_is_said() {
        let starving = report(|report| report["starved"] = json!(60));
        let starved = row(vec![report(|_| ()), starving]);
        assert_eq!(note(Workload::Echo, &starved), "starved: 4 of 64 connections served");

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
        assert_eq!(note(Workload::Echo, &mute), "connections lost: reset 990", "no answer at all");

        let flaky = row(vec![report(|report| report["errors"]["reset"] = json!(3))]);
        assert_eq!(note(Workload::Echo, &flaky), "connections lost: reset 3");

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
    fn a_computation_is_blamed_only_when_nothing_else_can_be() {
        let notes = |row: &Row| note(Workload::Mixed, row);
        let stalling = slow(60_000_000, 200_000_000, |_| ());
        assert!(notes(&stalling).starts_with("stalls"));
        assert_eq!(note(Workload::Echo, &stalling), "", "slow, but not because of a computation");
        assert_eq!(notes(&slow(100_000, 200_000_000, |_| ())), "slow: p99 over 25 ms");
        let short = |report: &mut Value| report["requests"]["per_second"] = json!(700.0);
        let overloaded = slow(60_000_000, 200_000_000, short);
        assert_eq!(notes(&overloaded), "overloaded: 700 of 1,000 requests/s");
        let noisy = slow(60_000_000, 200_000_000, |report| {
            report["generator"] = json!({
                "busy": 0.01, "waited": null, "send_lag_p99": 3_240_000, "saturated": true,
            });
        });
        assert_eq!(
            notes(&noisy),
            "slow: p99 over 25 ms; the generator was late by 3.24 ms (p99): a busy machine?"
        );
    }

    #[test]
    fn a_machine_that_others_use_is_noticed() {
        let contended = report(|report| report["generator"]["waited"] = json!(0.2));
        let text = note(Workload::Echo, &row(vec![contended]));
        assert_eq!(text, "disturbed: the generator waited 20 % for its core");
    }

    #[test]
    fn who_was_the_bottleneck_is_said() {
        let full = |server_nanos: u64| {
            let report = report(|report| {
                report["generator"]["busy"] = json!(0.99);
                report["generator"]["saturated"] = json!(true);
                report["server"]["processor_time"] = json!(server_nanos);
            });
            note(Workload::Echo, &row(vec![report]))
        };
        assert_eq!(full(500_000_000), "the generator was the bottleneck (busy 99 %)");
        let both = full(970_000_000);
        assert_eq!(both, "generator and server both at their limit (busy 99 % and 97 %)");
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
        let text = show(&table, Some("it"));
        let failed = text.lines().find(|line| line.contains("no result")).unwrap();
        assert_eq!(
            failed.matches(" - ").count(),
            columns(Workload::Echo, Some(&table.rows[0])).len()
        );
    }
}
