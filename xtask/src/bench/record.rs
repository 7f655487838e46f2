//! The results, as they go into `--json FILE`.
//!
//! ```text
//! schema    5; grows when a field changes its meaning or goes
//! machine   what it was measured on (machine.rs)
//! method    how: rounds, seconds and warm_up_seconds of each, and whether server and generator had
//!           a core each (pinned)
//! tables    one for each workload, protocol and size:
//!   workload, protocol, connections, silent, payload
//!   rows    one for each server:
//!     name
//!     response, service
//!               the histograms of all rounds together, as pairs of a time in nanoseconds, to two
//!               significant digits, and how many requests took that long; of long primes, none
//!     rounds    what came of each, one of
//!       {"measured": …}   the generator's report (load::Report), its own histograms being empty;
//!                         times in nanoseconds
//!       {"rested": …}     of a crowd: the server's memory before and after (cell.rs)
//!       {"failed": "…"}   why there is no result
//! ```

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use load::{Protocol, Report, Workload};
use serde::{Deserialize, Serialize};

use super::cell::{Kind, Outcome, Rested};
use super::machine::Machine;

/// What `schema` says now.
pub const SCHEMA: u32 = 5;

/// Everything that a run has found out.
#[derive(Debug, Serialize, Deserialize)]
pub struct Record {
    pub schema: u32,
    pub machine: Machine,
    pub method: MethodRecord,
    pub tables: Vec<Table>,
}

/// How it was measured, as far as the reports do not say so.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MethodRecord {
    pub rounds: usize,
    pub seconds: f64,
    pub warm_up_seconds: f64,
    /// Server and generator had a core each (but in `spread`, where all is free).
    pub pinned: bool,
}

/// All servers under the same load.
#[derive(Debug, Serialize, Deserialize)]
pub struct Table {
    pub workload: Workload,
    pub protocol: Protocol,
    /// How many connections ask.
    pub connections: usize,
    /// How many say nothing beside them.
    pub silent: usize,
    /// Bytes inside a frame.
    pub payload: usize,
    pub rows: Vec<Row>,
}

impl Table {
    /// What was asked of all of them.
    pub fn kind(&self) -> Kind {
        let Table { workload, protocol, connections, silent, payload, .. } = *self;
        Kind { workload, protocol, connections, silent, payload }
    }

    /// How many connections there are of the kind that the workload is about.
    pub fn beside(&self) -> u64 {
        let hoard = self.workload == Workload::Hoard;
        (if hoard { self.silent } else { self.connections }) as u64
    }
}

/// One server, round by round.
#[derive(Debug, Serialize, Deserialize)]
pub struct Row {
    pub name: String,
    /// From due to answered, of all rounds but those in which the generator was late.
    pub response: Histogram,
    /// From sent to answered, in an open loop; in a closed one, that is the same.
    pub service: Histogram,
    pub rounds: Vec<Outcome>,
}

/// How many requests took so many nanoseconds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Vec<(u64, u64)>", into = "Vec<(u64, u64)>")]
pub struct Histogram(pub BTreeMap<u64, u64>);

impl From<Vec<(u64, u64)>> for Histogram {
    fn from(pairs: Vec<(u64, u64)>) -> Histogram {
        Histogram(pairs.into_iter().collect())
    }
}

impl From<Histogram> for Vec<(u64, u64)> {
    fn from(histogram: Histogram) -> Vec<(u64, u64)> {
        histogram.0.into_iter().collect()
    }
}

impl Histogram {
    /// Takes all out of `pairs`. To keep them to more digits would make files of megabytes.
    fn absorb(&mut self, pairs: &mut Vec<(u64, u64)>) {
        for (nanos, n) in pairs.drain(..) {
            let bits = u64::BITS - nanos.leading_zeros();
            // Eight bits stay: less than one in a hundred is lost. Up, as HDR histograms do.
            let lost = bits.saturating_sub(8);
            *self.0.entry(nanos | ((1 << lost) - 1)).or_default() += n;
        }
    }
}

impl Row {
    /// Nothing is known of it yet.
    pub fn new(name: &str) -> Row {
        let (response, service) = (Histogram::default(), Histogram::default());
        Row { name: name.into(), response, service, rounds: Vec::new() }
    }

    /// What came of one more round.
    pub fn push(&mut self, mut outcome: Outcome) {
        if let Outcome::Measured(report) = &mut outcome {
            if !report.late() {
                self.response.absorb(&mut report.requests.response.histogram);
            }
            if report.offered.is_some() && !report.late() {
                self.service.absorb(&mut report.requests.service.histogram);
            }
            report.requests.response.histogram.clear();
            report.requests.service.histogram.clear();
            if let Some(primes) = &mut report.primes {
                primes.response.histogram.clear();
                primes.service.histogram.clear();
            }
        }
        self.rounds.push(outcome);
    }

    /// The rounds that have a report.
    pub fn reports(&self) -> impl Iterator<Item = &Report> + Clone {
        self.rounds.iter().filter_map(|round| match round {
            Outcome::Measured(report) => Some(&**report),
            _ => None,
        })
    }

    /// The rounds of a crowd.
    pub fn rested(&self) -> impl Iterator<Item = &Rested> + Clone {
        self.rounds.iter().filter_map(|round| match round {
            Outcome::Rested(rested) => Some(rested),
            _ => None,
        })
    }

    /// Why rounds have no result.
    pub fn failures(&self) -> impl Iterator<Item = &str> {
        self.rounds.iter().filter_map(|round| match round {
            Outcome::Failed(reason) => Some(reason.as_str()),
            _ => None,
        })
    }

    /// Replies that were wrong. A server may starve somebody; it may never say what is not so.
    pub fn wrong_replies(&self) -> u64 {
        let measured = self.reports().map(|report| report.errors.wrong);
        measured.chain(self.rested().map(|rested| rested.crowd.errors.wrong)).sum()
    }
}

impl Record {
    /// Writes it to a file.
    pub fn write(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_string(self).context("turning the results into JSON")?;
        fs::write(path, text + "\n").with_context(|| format!("writing {}", path.display()))
    }

    /// One that `--json` has written.
    pub fn read(path: &Path) -> Result<Record> {
        let text =
            fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        let value: serde_json::Value = serde_json::from_str(&text)
            .with_context(|| format!("{} is no file that --json has written", path.display()))?;
        let schema = value["schema"].as_u64().unwrap_or_default();
        ensure!(
            schema == u64::from(SCHEMA),
            "{}: schema {schema}, expected {SCHEMA}; measure again with --json",
            path.display()
        );
        serde_json::from_value(value)
            .with_context(|| format!("{} is no file that --json has written", path.display()))
    }

    /// What a benchmark must not pass over: servers without a result, and wrong replies.
    pub fn defects(&self) -> Vec<String> {
        let mut defects = Vec::new();
        for table in &self.tables {
            for row in &table.rows {
                let place = format!("{}, {}", row.name, table.kind().name());
                defects.extend(row.failures().next().map(|reason| format!("{place}: {reason}")));
                if row.wrong_replies() > 0 {
                    defects.push(format!("{place}: {} wrong replies", row.wrong_replies()));
                }
            }
        }
        defects
    }
}

#[cfg(test)]
pub mod tests {
    use load::Workload;
    use serde_json::json;

    use super::*;
    use crate::bench::table::tests::{report, row};

    /// A step in a table of three rounds: two with results, and one without.
    pub fn record() -> Record {
        let failed = Outcome::Failed("it said \"no\"".into());
        let rounds = [report(|_| ()), report(|_| ()), failed];
        let row = Row { name: "step-05-nonblocking".into(), ..row(rounds.into()) };
        let (workload, protocol) = (Workload::Echo, Protocol::Frames);
        let machine = json!({
            "cpu": "a fast one", "cores": 2, "kernel": "linux 1.0",
            "date": "Sun, 06 Nov 1994 08:49:37 GMT", "git_revision": "abc", "build_profile": "release",
            "nofile": 1024, "congestion_control": "cubic", "pinning": "nobody is pinned",
        });
        Record {
            schema: SCHEMA,
            machine: serde_json::from_value(machine).unwrap(),
            method: MethodRecord { rounds: 3, seconds: 1.0, warm_up_seconds: 0.1, pinned: true },
            tables: vec![Table {
                workload,
                protocol,
                connections: 64,
                silent: 0,
                payload: 8,
                rows: vec![row],
            }],
        }
    }

    #[test]
    fn a_defect_says_which_of_several_tables_it_is_in() {
        let defects = record().defects();
        let place = "step-05-nonblocking, echo frames (64 connections, 8 bytes): it said \"no\"";
        assert_eq!(defects, [place]);
    }

    #[test]
    fn what_is_written_can_be_read() {
        let text = serde_json::to_string(&record()).unwrap();
        let read: Record = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
    }

    #[test]
    fn histograms_of_rounds_are_one_and_short() {
        let mut row = Row::new("it");
        for _ in 0..2 {
            row.push(report(|report| {
                report["requests"]["response"]["histogram"] =
                    json!([[200, 1], [1_000_000, 2], [1_000_001, 3]]);
            }));
        }
        assert_eq!(Vec::from(row.response.clone()), [(200, 2), (1_003_519, 10)]);
        assert_eq!(row.reports().next().unwrap().requests.response.histogram, []);
    }
}
