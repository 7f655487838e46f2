//! The page `docs/reliability.md`: tables of what was tried, each written by the command that tries it.

use std::fs;

use anyhow::{Context, Result};

use crate::bench::machine::Machine;
use crate::steps;

/// From the root of the workspace.
const PAGE: &str = "docs/reliability.md";

/// Replaces the table of this name by what `renew` makes of it.
pub fn write(name: &str, renew: impl FnOnce(&str) -> String) -> Result<()> {
    let path = steps::root().join(PAGE);
    let page = fs::read_to_string(&path).with_context(|| format!("reading {PAGE}"))?;
    fs::write(&path, replaced(&page, name, renew)?).with_context(|| format!("writing {PAGE}"))?;
    println!("wrote {PAGE}");
    Ok(())
}

fn replaced(page: &str, name: &str, renew: impl FnOnce(&str) -> String) -> Result<String> {
    // What is said after the name is for the reader.
    let (begin, end) = (format!("<!-- {name} "), format!("<!-- /{name} -->"));
    let parts = page.split_once(&begin).and_then(|(before, rest)| {
        let (mark, rest) = rest.split_once("-->\n")?;
        let (table, after) = rest.split_once(&end)?;
        Some((before, mark, table, after))
    });
    let (before, mark, table, after) = parts.with_context(|| {
        format!("{PAGE} has no place for this: put `{begin}-->` and `{end}` where it belongs")
    })?;
    let table = renew(table.trim());
    Ok(format!("{before}{begin}{mark}-->\n\n{table}\n\n{end}{after}"))
}

/// When, on which machine and which commit: a figure without them says nothing.
pub fn here() -> String {
    let Machine { cpu, cores, kernel, date, git_revision, .. } =
        Machine::describe(0, String::new());
    // `Sun, 06 Nov 1994 08:49:37 GMT`
    let day = date.get(5..16).unwrap_or(&date);
    format!("{day}, {cores} × {cpu}, {kernel}, {git_revision}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_replaced_between_its_marks() {
        let page = "a\n<!-- soak (by x) -->\n\nold\n\n<!-- /soak -->\nb\n";
        let new = replaced(page, "soak", |old| format!("{old} and new")).unwrap();
        assert_eq!(new, "a\n<!-- soak (by x) -->\n\nold and new\n\n<!-- /soak -->\nb\n");
        let error = replaced(page, "bounds", str::to_owned).unwrap_err().to_string();
        assert!(error.contains("put `<!-- bounds -->`"), "{error}");
    }
}
