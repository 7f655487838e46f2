//! The table: for a terminal while it is made, and for the documentation.

use anyhow::Result;

use super::rows::Row;
use super::server::Subject;
use super::{Cell, Verdict};
use crate::reliability;

/// What the marks mean.
pub const KEY: &str = "\
✓ holds   ✗ does not hold, as the step says of itself   !! does not hold   – was not tried";

/// All of one row.
type Filled<'a> = (&'a Row, Vec<Cell>);

/// One row, for a terminal.
pub fn block(row: &Row, subjects: &[Subject], cells: &[Cell]) -> String {
    let mut text = format!("{}: {}\n", row.fault, row.name);
    text += &format!("  injected  {}\n  expected  {}\n", row.injected, row.expected);
    for &protocol in row.protocols {
        let of_it: Vec<&Cell> = cells.iter().filter(|cell| cell.protocol == protocol).collect();
        if of_it.is_empty() {
            continue;
        }
        let mark = |cell: &&Cell| {
            format!("  {} {}", subjects[cell.subject].name, cell.outcome.verdict.mark())
        };
        text += &format!("  {:8}{}\n", protocol.flag(), of_it.iter().map(mark).collect::<String>());
    }
    for (who, observed) in observed(row, subjects, cells) {
        text += &format!("  observed  {who}: {observed}\n");
    }
    text + "\n"
}

/// What was seen, and with whom: the same words once. A row of several protocols says which of them,
/// where they differ.
fn observed(row: &Row, subjects: &[Subject], cells: &[Cell]) -> Vec<(String, String)> {
    let mut texts: Vec<&str> = Vec::new();
    for cell in cells {
        if !texts.contains(&cell.outcome.observed.as_str()) {
            texts.push(&cell.outcome.observed);
        }
    }
    let with = |text: &str| {
        let has = |cell: &&Cell| cell.outcome.observed == text;
        if cells.iter().all(|cell| has(&cell)) {
            return "all".to_owned();
        }
        let names = |protocol| {
            let of_it = cells.iter().filter(has).filter(|cell| cell.protocol == protocol);
            of_it.map(|cell| subjects[cell.subject].name.as_str()).collect::<Vec<_>>().join(" ")
        };
        let mut parts: Vec<(&str, String)> =
            row.protocols.iter().map(|&protocol| (protocol.flag(), names(protocol))).collect();
        if let [(_, first), rest @ ..] = parts.as_slice()
            && rest.iter().all(|(_, names)| names == first)
        {
            return first.clone();
        }
        parts.retain(|(_, names)| !names.is_empty());
        let parts: Vec<_> = parts.iter().map(|(flag, names)| format!("{flag} {names}")).collect();
        parts.join(", ")
    };
    texts.into_iter().map(|text| (with(text), text.to_owned())).collect()
}

/// What those say of themselves with whom something does not hold by design.
pub fn causes(subjects: &[Subject], table: &[Filled]) -> String {
    let mut text = String::new();
    for (at, subject) in subjects.iter().enumerate() {
        let here = |cell: &Cell| cell.subject == at && cell.outcome.verdict == Verdict::ByDesign;
        let rows = table.iter().filter(|(_, cells)| cells.iter().any(here));
        let rows: Vec<&str> = rows.map(|(row, _)| row.name).collect();
        if !rows.is_empty() {
            text += &format!(
                "{}, still wrong: {} ({})\n",
                subject.name,
                subject.wrong,
                rows.join(", ")
            );
        }
    }
    text
}

/// Puts the table where it belongs.
pub fn write(subjects: &[Subject], table: &[Filled]) -> Result<()> {
    reliability::write("faults", |_| markdown(subjects, table))
}

fn markdown(subjects: &[Subject], table: &[Filled]) -> String {
    let key = KEY.replace("   ", ", ");
    let mut text = format!("{}; release builds. {key}.\n\n", reliability::here());
    text += "| fault | injected | expected |";
    subjects.iter().for_each(|subject| text += &format!(" {} |", subject.name));
    text += &format!(" observed |\n|---|---|---|{}---|\n", ":-:|".repeat(subjects.len()));
    for (row, cells) in table {
        let Row { fault, name, injected, expected, .. } = row;
        text += &format!("| {fault}: `{name}` | {} | {} |", cell(injected), cell(expected));
        for at in 0..subjects.len() {
            let mut marks: Vec<&str> = cells
                .iter()
                .filter(|cell| cell.subject == at)
                .map(|cell| cell.outcome.verdict.mark())
                .collect();
            marks.dedup();
            text += &format!(" {} |", marks.join(" "));
        }
        let seen = observed(row, subjects, cells);
        let seen: Vec<String> =
            seen.iter().map(|(who, what)| format!("{who}: {}", cell(what))).collect();
        text += &format!(" {} |\n", seen.join("<br>"));
    }
    let causes = causes(subjects, table);
    let causes: String = causes.lines().map(|line| format!("* {line}\n")).collect();
    if causes.is_empty() { text } else { format!("{text}\n{causes}") }
}

/// Text that is no border of a cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use conform::Protocol;

    use super::*;
    use crate::faults::Outcome;
    use crate::faults::rows::ROWS;

    fn subject(name: &str) -> Subject {
        Subject {
            name: name.into(),
            program: "x".into(),
            flags: Vec::new(),
            fails: Vec::new(),
            wrong: format!("what {name} cannot"),
        }
    }

    fn filled() -> (Vec<Subject>, Vec<Cell>) {
        let cell = |subject, protocol, outcome| Cell { subject, protocol, outcome };
        let cells = vec![
            cell(0, Protocol::Frames, Outcome::holds("well")),
            cell(1, Protocol::Frames, Outcome::by_design("a | b")),
            cell(0, Protocol::Http, Outcome::holds("well")),
            cell(1, Protocol::Http, Outcome::fails("badly")),
        ];
        (vec![subject("01"), subject("02")], cells)
    }

    #[test]
    fn what_was_seen_is_said_once_and_of_whom() {
        let (subjects, cells) = filled();
        let text = block(&ROWS[0], &subjects, &cells);
        for part in [
            "  frames    01 ✓  02 ✗\n",
            "  http      01 ✓  02 !!\n",
            "  observed  01: well\n",
            "  observed  frames 02: a | b\n",
            "  observed  http 02: badly\n",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        let all = observed(&ROWS[0], &subjects, &cells[..1]);
        assert_eq!(all, [("all".to_owned(), "well".to_owned())]);
    }

    #[test]
    fn a_row_has_a_mark_for_each_outcome_and_the_causes_follow() {
        let (subjects, cells) = filled();
        let table = markdown(&subjects, &[(&ROWS[0], cells)]);
        assert!(table.contains("| ✓ | ✗ !! | 01: well<br>frames 02: a \\| b<br>"), "{table}");
        assert!(table.contains("* 02, still wrong: what 02 cannot (no-descriptors)\n"), "{table}");
    }
}
