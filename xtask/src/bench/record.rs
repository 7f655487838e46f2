//! The results, as they go into `--json FILE`.
//!
//! ```text
//! schema    1; grows when a field changes its meaning or goes
//! machine   what it was measured on (machine.rs)
//! method    how: rounds, seconds and warm_up_seconds of each
//! tables    one for each workload and protocol:
//!   workload, protocol
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
use serde::Serialize;

use super::cell::{Outcome, Rested};
use super::machine::Machine;

/// Everything that a run has found out.
#[derive(Debug, Serialize)]
pub struct Record {
    pub schema: u32,
    pub machine: Machine,
    pub method: MethodRecord,
    pub tables: Vec<Table>,
}

/// How it was measured, as far as the reports do not say so.
#[derive(Debug, Clone, Serialize)]
pub struct MethodRecord {
    pub rounds: usize,
    pub seconds: f64,
    pub warm_up_seconds: f64,
}

/// All servers under the same load.
#[derive(Debug, Serialize)]
pub struct Table {
    pub workload: Workload,
    pub protocol: Protocol,
    pub rows: Vec<Row>,
}

/// One server, round by round.
#[derive(Debug, Serialize)]
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
        for Table { workload, protocol, rows } in &self.tables {
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
