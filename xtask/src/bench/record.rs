//! The results, as they go into `--json FILE`.
//!
//! ```text
//! schema    3; grows when a field changes its meaning or goes
//! machine   what it was measured on (machine.rs)
//! method    how: rounds, seconds and warm_up_seconds of each
//! tables    one for each workload and protocol:
//!   workload, protocol, connections, silent, payload
//!   rows    one for each server:
//!     name
//!     rounds    what came of each, one of
//!       {"measured": …}   the generator's whole report, with its histograms (load::Report);
//!                         times in nanoseconds
//!       {"rested": …}     of a crowd: the server's memory before and after (cell.rs)
//!       {"failed": "…"}   why there is no result
//! ```

use std::path::Path;

use anyhow::{Context, Result};
use load::{Protocol, Report, Workload};
use serde::{Deserialize, Serialize};

use super::cell::{Outcome, Rested};
use super::machine::Machine;

/// What `schema` says now.
pub const SCHEMA: u32 = 3;

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
    pub rounds: Vec<Outcome>,
}

impl Row {
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
        std::fs::write(path, text).with_context(|| format!("writing {}", path.display()))
    }

    /// What a benchmark must not pass over: servers without a result, and wrong replies.
    pub fn defects(&self) -> Vec<String> {
        let mut defects = Vec::new();
        for Table { workload, protocol, rows, .. } in &self.tables {
            for row in rows {
                let place = format!("{} ({}, {})", row.name, workload.name(), protocol.name());
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
    use crate::bench::table::tests::report;

    /// A step in a table of three rounds: two with results, and one without.
    pub fn record() -> Record {
        let failed = Outcome::Failed("it said \"no\"".into());
        let row = Row {
            name: "step-05-nonblocking".into(),
            rounds: vec![report(|_| ()), report(|_| ()), failed],
        };
        let (workload, protocol) = (Workload::Echo, Protocol::Frames);
        let machine = json!({
            "cpu": "a fast one", "cores": 2, "kernel": "linux 1.0",
            "date": "Sun, 06 Nov 1994 08:49:37 GMT", "git_revision": "abc", "build_profile": "release",
            "nofile": 1024, "congestion_control": "cubic", "pinning": "nobody is pinned",
        });
        Record {
            schema: SCHEMA,
            machine: serde_json::from_value(machine).unwrap(),
            method: MethodRecord { rounds: 3, seconds: 1.0, warm_up_seconds: 0.1 },
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
    fn what_is_written_can_be_read() {
        let text = serde_json::to_string(&record()).unwrap();
        let read: Record = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
    }
}
