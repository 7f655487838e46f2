//! A run that was kept, shown again: the same tables and the same page, and nothing is measured.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use load::Workload;
use load::units::three_digits;

use super::machine::Machine;
use super::percentile::BEYOND;
use super::record::Record;
use super::unseen::Sight;
use super::{csv, page, stats, table, writable};

/// Flags of this command.
#[derive(clap::Args)]
pub struct Args {
    /// What `bench-all --json FILE` has written
    #[arg(value_name = "FILE")]
    run: PathBuf,
    /// Write a page with a picture of each table into this file
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write the figures of each round into this file, for a spreadsheet
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
}

pub fn run(args: Args) -> Result<()> {
    let record = Record::read(&args.run)?;
    writable([&args.html, &args.csv])?;
    let sight = Sight::of(&record);
    for table in &record.tables {
        println!("{}", table::show(table, &sight, None, table::room()));
    }
    println!("\n{}", footer(&record));
    write(&record, args.html.as_deref(), args.csv.as_deref())
}

/// Writes what is asked for.
pub fn write(record: &Record, html: Option<&Path>, csv: Option<&Path>) -> Result<()> {
    let put = |path: &Path, text: String| {
        fs::write(path, text).with_context(|| format!("writing {}", path.display()))
    };
    html.map(|path| put(path, page::page(record))).transpose()?;
    csv.map(|path| put(path, csv::csv(record))).transpose()?;
    Ok(())
}

/// The machine and the method, in a few lines.
pub fn footer(record: &Record) -> String {
    let Record { machine, method, .. } = record;
    let Machine { cpu, cores, kernel, date, git_revision, nofile, congestion_control, .. } =
        machine;
    let rounds = match method.rounds {
        1 => "1 round".into(),
        n => format!("{n} interleaved rounds"),
    };
    let reports =
        || record.tables.iter().flat_map(|table| &table.rows).flat_map(|row| row.reports());
    let longest = reports().map(|report| report.seconds).fold(method.seconds, f64::max);
    let mut seconds = three_digits(method.seconds);
    if longest > method.seconds * 1.05 {
        seconds += &format!(" to {}", three_digits(longest));
    }
    let mut lines = vec![
        "closed loop: the next request when the last is answered; open loop: at a fixed rate, \
         whatever the server does"
            .into(),
        format!("{cpu}, {cores} cores, {kernel}, {date}, release build of {git_revision}"),
        format!("{}; nofile {nofile}; TCP {congestion_control}", machine.pinning),
        format!(
            "{rounds} of {seconds} s after {} s of warm-up; an error is not a request",
            three_digits(method.warm_up_seconds)
        ),
        "times count from when a request was due; ≥: it was not answered in time, so at least this"
            .into(),
    ];
    match method.rounds {
        1 => {}
        n if n < stats::ROUNDS_FOR_CONFIDENCE => {
            lines.push("medians over the rounds (max, memory, threads: of all); ± is half the range".into());
        }
        _ => lines.push(
            "medians over the rounds (max, memory, threads: of all); ± and (to) are 95 % confidence \
             intervals (the range, where fewer than six rounds have a result)"
                .into(),
        ),
    }
    let spread = record.tables.iter().any(|table| table.workload == Workload::Spread);
    if method.pinned && !spread {
        lines.push(
            "each server had one core; without `spread`, who can use several is not known, and rates \
             may be those of that one core"
                .into(),
        );
    }
    lines.push(format!(
        "a percentile is told where {BEYOND} requests or more took longer, in each round or in all \
         together; else -"
    ));
    lines.push(
        "closes after each answer: then we return after 100 ms; disturbed: others had the \
         generator's core for so much of the time"
            .into(),
    );
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::record::tests::record;

    #[test]
    fn that_nobody_was_seen_to_use_several_cores_is_said() {
        let unknown = |record: &Record| footer(record).contains("without `spread`");
        let mut record = record();
        assert!(unknown(&record));
        record.method.pinned = false;
        assert!(!unknown(&record));
        record.method.pinned = true;
        record.tables[0].workload = Workload::Spread;
        assert!(!unknown(&record));
    }
}
