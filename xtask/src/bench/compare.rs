//! Two runs side by side: what has changed, and whether by more than the rounds of each differ.

use std::time::Duration;

use anyhow::{Result, ensure};
use load::units::{three_digits, time};
use load::{Report, Workload};

use super::percentile::Percentile;
use super::record::{Record, Row, Table};
use super::stats::{ROUNDS_FOR_CONFIDENCE, Summary, summary};
use super::table::{bytes_per_connection, micros_per_request, short};
use super::unseen::Sight;

/// What the first figure of a row is called; the others have a name in one place only.
const CPU: &str = "CPU/request";

/// A median that moves by more than this share has moved.
const MOVED: f64 = 0.1;

/// What one run says beside another.
pub struct Comparison {
    /// The other run, and what was not the same then, a line each.
    head: Vec<String>,
    /// Why it cannot be said whether a change is more than the rounds differ, if so.
    no_marks: Option<String>,
    changes: Vec<Change>,
    /// Figures that the other run has and this has not.
    gone: Vec<String>,
    /// Other things that are not compared, and why.
    left_out: Vec<String>,
}

/// A change of one figure.
#[derive(Debug, PartialEq)]
struct Change {
    workload: Workload,
    /// Which, and whose: `mixed frames (64 connections, 8 bytes) 05-nonblocking`.
    place: String,
    figure: &'static str,
    old: Measured,
    new: Measured,
    unit: Unit,
}

/// A figure of one run.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Measured {
    rounds: Summary,
    /// In some round it was a wait that had not ended: all three values are at least that.
    at_least: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Unit {
    Micros,
    Nanos,
    Bytes,
    Number,
}

/// Whether a change of figures can fail this run: not without a spread, nor on another machine.
pub fn can_judge(old: &Record, new: &Record) -> Result<()> {
    let why = no_marks(old, new);
    ensure!(why.is_none(), "--fail-on-regression: {}", why.unwrap_or_default());
    Ok(())
}

/// Compares what both runs have measured, in the order of the new one.
pub fn compare(old: &Record, new: &Record) -> Comparison {
    let mut comparison = Comparison {
        head: head(old, new),
        no_marks: no_marks(old, new),
        changes: Vec::new(),
        gone: Vec::new(),
        left_out: Vec::new(),
    };
    let (sight_then, sight) = (Sight::of(old), Sight::of(new));
    for table in &new.tables {
        let name = table.kind().name();
        let Some(then) = old.tables.iter().find(|then| then.kind() == table.kind()) else {
            comparison.left_out.push(format!("{name}: not in that run"));
            continue;
        };
        if pace(then).zip(pace(table)).is_some_and(|(then, now)| then != now) {
            comparison.left_out.push(format!("{name}: asked at another rate or depth then"));
            continue;
        }
        for row in &table.rows {
            let place = format!("{name} {}", short(&row.name));
            match then.rows.iter().find(|then| then.name == row.name) {
                Some(row_then) => comparison.row(
                    &place,
                    Side { sight: &sight_then, table: then, row: row_then },
                    Side { sight: &sight, table, row },
                ),
                None => comparison.left_out.push(format!("{place}: not in that run")),
            }
        }
    }
    comparison
}

/// Requests a second that were due, and how many were sent together.
fn pace(table: &Table) -> Option<(Option<f64>, usize)> {
    let report = table.rows.iter().flat_map(Row::reports).next()?;
    Some((report.offered, report.depth))
}

/// The other run, and whatever was not the same.
fn head(old: &Record, new: &Record) -> Vec<String> {
    let mut head =
        vec![format!("compared with {} of {}", old.machine.git_revision, old.machine.date)];
    head.extend(other_machine(old, new));
    let of = |record: &Record| {
        let (machine, method) = (&record.machine, &record.method);
        [
            ("kernel", machine.kernel.clone()),
            ("cores of each", machine.pinning.clone()),
            ("rounds", method.rounds.to_string()),
            ("seconds", method.seconds.to_string()),
            ("warm-up", method.warm_up_seconds.to_string()),
        ]
    };
    head.extend(differing(of(old), of(new)));
    head
}

/// What makes two figures incomparable, whoever was measured.
fn other_machine(old: &Record, new: &Record) -> Vec<String> {
    let of = |record: &Record| {
        let pinned = if record.method.pinned { "server and generator" } else { "nobody" };
        [
            ("processor", record.machine.cpu.clone()),
            ("cores", record.machine.cores.to_string()),
            ("pinned", pinned.into()),
        ]
    };
    differing(of(old), of(new))
}

fn differing<const N: usize>(
    old: [(&'static str, String); N],
    new: [(&'static str, String); N],
) -> Vec<String> {
    let pairs = old.into_iter().zip(new).filter(|((_, old), (_, new))| old != new);
    pairs.map(|((name, old), (_, new))| format!("{name}: {old}; now {new}")).collect()
}

fn no_marks(old: &Record, new: &Record) -> Option<String> {
    let other = other_machine(old, new);
    if !other.is_empty() {
        return Some(format!("the runs cannot be compared ({})", other.join(", ")));
    }
    let rounds = old.method.rounds.min(new.method.rounds);
    (rounds < ROUNDS_FOR_CONFIDENCE).then(|| {
        format!(
            "{rounds} rounds have no spread to speak of; both runs need {ROUNDS_FOR_CONFIDENCE}"
        )
    })
}

/// A server in one of the runs.
#[derive(Clone, Copy)]
struct Side<'a> {
    sight: &'a Sight,
    table: &'a Table,
    row: &'a Row,
}

/// A name, a unit, and what a row says of it.
type Figure = (&'static str, Unit, fn(Side) -> Option<Measured>);

/// More is worse, in all of them.
const FIGURES: [Figure; 6] = [
    (CPU, Unit::Micros, |Side { table, row, .. }| {
        // That of mixed would be a mean of two things that have nothing in common.
        let alike = table.workload != Workload::Mixed;
        rounds(row.reports().filter(|_| alike).filter_map(micros_per_request))
    }),
    ("p90", Unit::Nanos, |side| percentile(side.row, Percentile::P90)),
    ("p99", Unit::Nanos, |side| percentile(side.row, Percentile::P99)),
    ("memory/connection", Unit::Bytes, |side| {
        Some(Measured { rounds: bytes_per_connection(side.row)?, at_least: false })
    }),
    ("starved", Unit::Number, |Side { row, .. }| {
        let resting = row.rested().map(|rested| rested.crowd.connections - rested.crowd.at_rest);
        rounds(row.reports().map(|report| report.starved).chain(resting).map(|n| n as f64))
    }),
    ("errors", Unit::Number, |Side { row, .. }| {
        let resting = row.rested().map(|rested| rested.crowd.errors.total());
        let errors = row.reports().map(|report: &Report| report.errors.total());
        rounds(errors.chain(resting).map(|n| n as f64))
    }),
];

fn rounds(values: impl Iterator<Item = f64>) -> Option<Measured> {
    Some(Measured { rounds: summary(values)?, at_least: false })
}

/// Of each round, where all have requests enough; else of all together, which has no spread.
fn percentile(row: &Row, percentile: Percentile) -> Option<Measured> {
    let each: Option<Vec<_>> = row.reports().map(|report| percentile.of_round(report)).collect();
    let times = each.unwrap_or_else(|| percentile.of(row).into_iter().collect());
    Some(Measured {
        rounds: summary(times.iter().map(|time| time.nanos as f64))?,
        at_least: times.iter().any(|time| time.at_least),
    })
}

impl Comparison {
    fn row(&mut self, place: &str, old: Side, new: Side) {
        for (figure, unit, of) in FIGURES {
            let hidden =
                |side: Side| side.sight.times(side.table, side.row).filter(|_| unit == Unit::Nanos);
            if let Some(unseen) = hidden(old).or(hidden(new)) {
                self.left_out.push(format!("{place} {figure}: not seen ({})", unseen.word()));
                continue;
            }
            match (of(old), of(new)) {
                (Some(old), Some(now)) if (old.rounds.median, now.rounds.median) != (0.0, 0.0) => {
                    let (workload, place) = (new.table.workload, place.into());
                    self.changes.push(Change { workload, place, figure, old, new: now, unit });
                }
                (Some(_), Some(_)) | (None, None) => {}
                (Some(_), None) => self.gone.push(format!("{place} {figure}")),
                (None, Some(_)) => self.left_out.push(format!("{place} {figure}: not in that run")),
            }
        }
    }

    /// Those that have become worse by more than so many percent, and by more than the spread; and
    /// those that nobody can call no worse, because they are gone.
    pub fn regressions(&self, percent: f64) -> Vec<String> {
        let worse = |change: &&Change| change.exceeds_spread() && change.share() * 100.0 > percent;
        let worse = self.changes.iter().filter(worse).map(Change::name);
        worse.chain(self.gone.iter().map(|gone| format!("{gone} (gone)"))).collect()
    }

    /// The changes, the largest first, with those above that are more than the spread.
    pub fn show(&mut self) -> String {
        let marks = self.no_marks.is_none();
        self.changes.sort_by(|a, b| {
            let key = |change: &Change| (marks && change.exceeds_spread(), change.share().abs());
            let (a, b) = (key(a), key(b));
            b.0.cmp(&a.0).then(b.1.total_cmp(&a.1))
        });
        let beyond = self.changes.iter().filter(|change| change.exceeds_spread()).count();
        let mut lines = self.head.clone();
        lines.push(match &self.no_marks {
            Some(why) => format!("{} figures, none marked: {why}", self.changes.len()),
            None => format!(
                "{beyond} of {} figures have changed by more than the spread of both runs (!); of two runs \
                 of the same program, fewer than 1 in 150 do by chance",
                self.changes.len()
            ),
        });
        lines.extend(self.tally());
        lines.extend(self.changes.iter().map(|change| change.line(marks)));
        lines.extend(self.gone.iter().map(|gone| format!("gone: {gone}")));
        lines.extend(self.left_out.iter().map(|left_out| format!("not compared: {left_out}")));
        format!("\n{}\n", lines.join("\n"))
    }

    /// How well two runs agree: of each workload, how many medians of CPU per request moved, and how
    /// many of these by more than both runs said of themselves.
    fn tally(&self) -> Vec<String> {
        let cpu = || self.changes.iter().filter(|change| change.figure == CPU);
        let line = |name: &str, of: &dyn Fn(&&Change) -> bool| {
            let compared = cpu().filter(of).count();
            let moved = || cpu().filter(of).filter(|change| change.share().abs() > MOVED);
            let beyond = match self.no_marks {
                Some(_) => "nobody knows how many".into(),
                None => moved().filter(|change| change.exceeds_spread()).count().to_string(),
            };
            format!(
                "  {name:8} {compared:3} compared, {} moved by over {:.0} %, {beyond} of those by more \
                 than the spread of both runs",
                moved().count(),
                MOVED * 100.0
            )
        };
        if cpu().next().is_none() {
            return Vec::new();
        }
        let mut lines = vec!["medians of CPU per request:".to_string()];
        for workload in Workload::ALL {
            let of = |change: &&Change| change.workload == workload;
            if cpu().any(|change| of(&change)) {
                lines.push(line(workload.name(), &of));
            }
        }
        lines.push(line("all", &|_| true));
        lines
    }
}

impl Change {
    fn name(&self) -> String {
        format!("{} {}", self.place, self.figure)
    }

    /// By how much the median is larger, as a share of the old one.
    fn share(&self) -> f64 {
        self.new.rounds.median / self.old.rounds.median - 1.0
    }

    /// Whether the intervals of the two runs have nothing in common. Of what is only known to be at
    /// least so much, the upper end is not known.
    fn exceeds_spread(&self) -> bool {
        let (old, new) = (self.old.rounds, self.new.rounds);
        let more = new.low > old.high && !self.old.at_least;
        let less = new.high < old.low && !self.new.at_least;
        (more || less) && old.rounds.min(new.rounds) >= ROUNDS_FOR_CONFIDENCE
    }

    fn line(&self, marks: bool) -> String {
        let show = |measured: Measured| {
            let median = measured.rounds.median;
            let figure = match self.unit {
                Unit::Micros => format!("{} µs", three_digits(median)),
                Unit::Nanos => time(Duration::from_nanos(median as u64)),
                Unit::Bytes => format!("{median:.0} bytes"),
                Unit::Number => three_digits(median),
            };
            format!("{}{figure}", if measured.at_least { "≥ " } else { "" })
        };
        let sign = if marks && self.exceeds_spread() { "!" } else { " " };
        let (old, new) = (show(self.old), show(self.new));
        format!("{sign} {:+6.1} %  {old} to {new}  {}", self.share() * 100.0, self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::cell::Outcome;
    use crate::bench::record::tests::record;
    use crate::bench::table::tests::report;
    use serde_json::{Value, json};

    /// A run of one server with these rounds.
    fn run(rounds: Vec<Outcome>) -> Record {
        let mut record = record();
        record.method.rounds = rounds.len();
        let mut row = Row::new("step-05-nonblocking");
        rounds.into_iter().for_each(|round| row.push(round));
        record.tables[0].rows = vec![row];
        record
    }

    /// Six rounds, each in its way.
    fn six(change: impl Fn(&mut Value, u64)) -> Record {
        run((0..6).map(|i| report(|report| change(report, i))).collect())
    }

    fn costs(micros: f64) -> Record {
        six(|report, i| {
            report["server"]["micros_per_request"] = json!(micros + i as f64 / 10.0);
        })
    }

    fn regressions(old: &Record, new: &Record) -> Vec<String> {
        compare(old, new).regressions(10.0)
    }

    #[test]
    fn what_overlaps_may_be_chance() {
        assert_eq!(regressions(&costs(4.0), &costs(4.49)), [""; 0]);
        let place = "echo frames (64 connections, 8 bytes) 05-nonblocking CPU/request";
        assert_eq!(regressions(&costs(4.0), &costs(5.0)), [place]);
        assert_eq!(regressions(&costs(5.0), &costs(4.0)), [""; 0], "that is better");
        assert_eq!(compare(&costs(4.0), &costs(5.0)).regressions(30.0), [""; 0]);
        let mut text = compare(&costs(5.0), &costs(4.0)).show();
        assert!(text.contains(&format!("!  -19.0 %  5.25 µs to 4.25 µs  {place}")), "{text}");
        text = compare(&costs(4.0), &costs(4.6)).show();
        assert!(text.contains("1 compared, 1 moved by over 10 %, 1 of those"), "{text}");
        text = compare(&costs(4.0), &costs(4.49)).show();
        assert!(text.contains("1 compared, 1 moved by over 10 %, 0 of those"), "{text}");
    }

    #[test]
    fn three_rounds_have_no_spread_to_speak_of() {
        let three = |micros: f64| {
            let mut record = costs(micros);
            record.tables[0].rows[0].rounds.truncate(3);
            record.method.rounds = 3;
            record
        };
        let text = compare(&three(4.0), &three(8.0)).show();
        assert!(!text.contains("\n!") && text.contains("3 rounds have no spread"), "{text}");
        assert!(can_judge(&three(4.0), &costs(4.0)).is_err());
        assert!(can_judge(&costs(4.0), &costs(4.0)).is_ok());
    }

    #[test]
    fn a_stall_is_worse_though_nobody_knows_by_how_much() {
        let waits = |nanos: u64, at_least: bool| {
            six(|report, i| {
                let p99 = json!({ "nanos": nanos + i, "at_least": at_least });
                report["requests"]["response"]["p99"] = p99;
            })
        };
        let (prompt, stalls) = (waits(1_000_000, false), waits(900_000_000, true));
        assert_eq!(regressions(&prompt, &stalls).len(), 1);
        let text = compare(&prompt, &stalls).show();
        assert!(text.contains("1.00 ms to ≥ 900 ms"), "{text}");
        assert_eq!(
            regressions(&waits(500_000_000, true), &stalls),
            [""; 0],
            "it may have waited more"
        );
        assert!(compare(&stalls, &prompt).show().contains("\n!"), "that is better for certain");
    }

    #[test]
    fn who_serves_nobody_any_more_is_worse() {
        let served = costs(4.0);
        let starved = six(|report, _| {
            report["starved"] = json!(64);
            report["server"]["micros_per_request"] = json!(null);
        });
        let worse = regressions(&served, &starved);
        assert_eq!(worse.len(), 2, "{worse:?}");
        assert!(worse[0].ends_with("05-nonblocking starved"), "{worse:?}");
        assert!(worse[1].ends_with("05-nonblocking CPU/request (gone)"), "{worse:?}");
        let reset = six(|report, i| report["errors"]["reset"] = json!(i + 1));
        assert!(regressions(&costs(4.0), &reset)[0].ends_with("errors"));
        let ended = run((0..6).map(|_| Outcome::Failed("it ended".into())).collect());
        assert!(regressions(&served, &ended).len() >= 3);
    }

    #[test]
    fn another_machine_marks_nothing_and_another_load_is_not_compared() {
        let (old, mut new) = (costs(4.0), costs(8.0));
        new.machine.cores = 4;
        let text = compare(&old, &new).show();
        assert!(text.contains("cores: 2; now 4") && !text.contains("\n!"), "{text}");
        assert!(can_judge(&old, &new).is_err());
        let faster = |rate: u64| six(|report, _| report["offered"] = json!(rate as f64));
        let mut apart = compare(&faster(200), &faster(400));
        assert!(apart.changes.is_empty() && apart.show().contains("another rate or depth"));
        let mut more = costs(4.0);
        more.tables[0].connections = 512;
        assert!(compare(&costs(4.0), &more).changes.is_empty());
        more.method.seconds = 5.0;
        assert!(compare(&costs(4.0), &more).show().contains("seconds: 1; now 5"));
    }

    #[test]
    fn figures_of_requests_that_are_not_alike_or_were_late_are_not_compared() {
        let mixed = |micros: f64, late: bool| {
            let mut record = six(|report, _| {
                report["server"]["micros_per_request"] = json!(micros);
                report["offered"] = json!(200.0);
                report["generator"]["saturated"] = json!(late);
            });
            record.tables[0].workload = Workload::Mixed;
            record
        };
        let names = |comparison: Comparison| -> Vec<&str> {
            comparison.changes.iter().map(|change| change.figure).collect()
        };
        assert_eq!(names(compare(&mixed(4.0, false), &mixed(9.0, false))), ["p90", "p99"]);
        let late = compare(&mixed(4.0, false), &mixed(4.0, true));
        assert!(late.left_out.iter().all(|left_out| left_out.contains("not seen (late)")));
        assert_eq!(names(late), [""; 0]);
    }

    #[test]
    fn a_percentile_of_all_rounds_is_compared_without_a_spread() {
        let few = |nanos: u64| {
            six(|report, _| {
                report["requests"]["answered"] = json!(500);
                report["requests"]["response"]["histogram"] = json!([[nanos, 500]]);
                report["requests"]["response"]["max"]["nanos"] = json!(nanos);
            })
        };
        let comparison = compare(&few(1_000_000), &few(9_000_000));
        let p99 = comparison.changes.iter().find(|change| change.figure == "p99").unwrap();
        assert!(p99.share() > 7.0 && !p99.exceeds_spread(), "{p99:?}");
    }

    #[test]
    fn a_crowd_that_was_turned_away_costs_no_memory() {
        let crowd = |at_rest: usize| {
            let errors = json!({
                "refused": 0, "reset": 0, "closed": 0, "wrong": 0, "timeout": 0, "other": 0,
            });
            let footprint = json!({ "resident": 9, "threads": 1, "kernel": 0, "sockets": 0 });
            let rested = json!({
                "crowd": { "connections": 1000, "at_rest": at_rest, "errors": errors },
                "before": footprint, "after": footprint,
                "bytes_per_connection": 100.0, "busy_at_rest": 0.0,
            });
            let rested: Outcome = serde_json::from_value(json!({ "rested": rested })).unwrap();
            let mut record = run(vec![rested; 6]);
            record.tables[0].workload = Workload::Crowd;
            record
        };
        let worse = regressions(&crowd(1000), &crowd(64));
        assert!(worse[0].ends_with("starved") && worse[1].ends_with("memory/connection (gone)"));
        assert_eq!(regressions(&crowd(1000), &crowd(1000)), [""; 0]);
    }
}
