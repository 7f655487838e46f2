//! The run that is kept in the repository, as Markdown: what `docs/results.md` shows is made of it, and
//! no figure there is typed by hand.

use std::path::PathBuf;

use anyhow::Result;

use super::answers::answers;
use super::headline::headline;
use super::note::note;
use super::page::{of_which, place, question};
use super::record::{Record, Table};
use super::report::footer;
use super::table;
use super::unseen::Sight;
use crate::steps;

/// Where it is kept, from the root of the workspace.
const KEPT: &str = "docs/results/run.json";

/// The six questions and their answers.
pub fn in_short() -> Result<String> {
    markdown(|record| {
        let answers = answers(record).into_iter().filter(|answer| !answer.text.is_empty());
        answers.map(|answer| format!("**{}** {}\n\n", answer.question, answer.text)).collect()
    })
}

/// All tables, each with what it shows.
pub fn tables() -> Result<String> {
    markdown(|record| {
        let sight = Sight::of(record);
        let mut tables: Vec<&Table> = record.tables.iter().collect();
        tables.sort_by_key(|table| place(table.workload));
        tables.into_iter().map(|table| section(table, &sight)).collect()
    })
}

/// The machine, the date, the revision and the method.
pub fn method() -> Result<String> {
    markdown(|record| footer(record).lines().map(|line| format!("* {line}\n")).collect())
}

fn markdown(says: fn(&Record) -> String) -> Result<String> {
    let path: PathBuf = steps::root().join(KEPT);
    if !path.exists() {
        return Ok(format!("No run is kept yet; `bench-all --json {KEPT}` makes one."));
    }
    Ok(says(&Record::read(&path)?))
}

fn section(table: &Table, sight: &Sight) -> String {
    let columns = table::columns(table, sight, None);
    let mut text = format!(
        "### {} {}\n\n{}\n\n{}.\n\n| server |",
        question(table.workload),
        of_which(table),
        headline(table, sight),
        table::asked(table)
    );
    for column in &columns {
        text += &format!(" {} |", column.heading);
    }
    text += &format!(" note |\n|---|{}---|\n", "--:|".repeat(columns.len()));
    for row in &table.rows {
        text += &format!("| {} |", table::short(&row.name));
        for column in &columns {
            text += &format!(" {} |", (column.text)(row).unwrap_or_else(|| "-".into()));
        }
        text += &format!(" {} |\n", note(table.workload, row).replace('|', "\\|"));
    }
    let legend: Vec<String> = sight
        .legend(table)
        .into_iter()
        .chain(table::generator(table))
        .map(|line| format!("\n{line}\n"))
        .collect();
    format!("{text}{}\n", legend.concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::record::tests::record;

    #[test]
    fn a_table_is_markdown_with_as_many_cells_in_each_line() {
        let record = record();
        let text = section(&record.tables[0], &Sight::of(&record));
        let lines: Vec<&str> = text.lines().filter(|line| line.starts_with('|')).collect();
        assert_eq!(lines.len(), 3, "{text}");
        let cells = |line: &str| line.matches('|').count();
        assert!(lines.iter().all(|line| cells(line) == cells(lines[0])), "{text}");
        assert!(lines[2].starts_with("| 05-nonblocking | 1,000 ±0.0 % |"), "{text}");
        assert!(text.contains("64 connections, closed loop, 8-byte payload."), "{text}");
    }
}
