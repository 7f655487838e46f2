//! Tables that are generated into the documentation.
//!
//! A block stands between two lines of its own, in any Markdown file:
//!
//! ```text
//! <!-- generated: steps (renew with `cargo xtask tidy --write`) -->
//! <!-- /generated -->
//! ```
//!
//! The word behind `generated:` names the generator.

use std::fs;

use anyhow::{Context, Result};

use super::{File, Findings, Tree, Violation};
use crate::bench::kept;
use crate::matrix;
use crate::steps::Step;

const BEGIN: &str = "<!-- generated: ";
const END: &str = "<!-- /generated -->";
const RENEW: &str = "run `cargo xtask tidy --write`";

/// Makes a table; the path is that of the file it is for.
type Generator = fn(&[Step], &str) -> Result<String>;

const GENERATORS: [(&str, Generator); 6] = [
    ("steps", map_of_the_steps),
    ("matrix", |steps, _| Ok(matrix::markdown(steps))),
    ("cases", |steps, _| Ok(matrix::cases(steps))),
    ("results-in-short", |_, _| kept::in_short()),
    ("results", |_, _| kept::tables()),
    ("results-method", |_, _| kept::method()),
];

/// The map of the steps, each linked to its folder.
fn map_of_the_steps(steps: &[Step], path: &str) -> Result<String> {
    // A link starts from the file that it stands in.
    let up = "../".repeat(path.matches('/').count());
    let mut table = "| step | grew from | idea | who waits | state lives in | still wrong |\n\
                     |---|---|---|---|---|---|\n"
        .to_owned();
    for step in steps {
        let cell = |text: &str| text.replace('|', "\\|");
        table += &format!(
            "| [{}]({up}{}) | {} | {} | {} | {} | {} |\n",
            step.number(),
            step.name,
            step.previous.as_deref().and_then(|name| name.split('-').nth(1)).unwrap_or(""),
            cell(&step.idea),
            cell(&step.waits),
            cell(&step.state),
            cell(&step.wrong),
        );
    }
    Ok(table)
}

/// Every generated block says what its generator says, and every generator has a block.
pub fn tables_are_current(tree: &Tree) -> Result<Findings> {
    check(tree, &GENERATORS)
}

fn check(tree: &Tree, generators: &[(&str, Generator)]) -> Result<Findings> {
    let mut violations = Vec::new();
    let mut names = Vec::new();
    for file in tree.files.iter().filter(|file| is_page(file)) {
        let page = renewed(file, &tree.steps, generators)?;
        names.extend(page.blocks);
        violations.extend(page.violations);
    }
    for (name, _) in generators {
        if !names.iter().any(|used| used == name) {
            violations.push(Violation::new(
                "README.md",
                0,
                format!("no page shows the table `{name}`"),
                format!("put `{BEGIN}{name} -->` and `{END}` where it belongs, then {RENEW}"),
            ));
        }
    }
    Ok(Findings { checked: format!("{} tables", names.len()), violations })
}

/// Rewrites the pages whose tables are not current, and says which.
pub fn write(tree: &mut Tree) -> Result<Vec<String>> {
    let mut written = Vec::new();
    for file in tree.files.iter_mut().filter(|file| is_page(file)) {
        let page = renewed(file, &tree.steps, &GENERATORS)?;
        if page.text != file.text {
            fs::write(tree.root.join(&file.path), &page.text)
                .with_context(|| format!("writing {}", file.path))?;
            file.text = page.text;
            written.push(file.path.clone());
        }
    }
    Ok(written)
}

fn is_page(file: &File) -> bool {
    file.path.ends_with(".md")
}

/// A page as it should be.
struct Page {
    text: String,
    /// The generators it names.
    blocks: Vec<String>,
    /// What is wrong with it as it is.
    violations: Vec<Violation>,
}

fn renewed(file: &File, steps: &[Step], generators: &[(&str, Generator)]) -> Result<Page> {
    let mut page = Page { text: String::new(), blocks: Vec::new(), violations: Vec::new() };
    let mut lines = file.text.split_inclusive('\n').enumerate().peekable();
    let mut fenced = false;
    while let Some((at, line)) = lines.next() {
        page.text.push_str(line);
        // A marker in an example is an example.
        fenced ^= line.trim_start().starts_with("```");
        let Some(name) = line.strip_prefix(BEGIN).filter(|_| !fenced) else { continue };
        let name = name.split(|c: char| !c.is_alphanumeric() && c != '-').next().unwrap_or(name);
        let mut wrong = |what: String, remedy: &str| {
            page.violations.push(Violation::new(&file.path, at + 1, what, remedy));
        };
        let Some((_, generate)) = generators.iter().find(|(known, _)| *known == name) else {
            let known: Vec<&str> = generators.iter().map(|(known, _)| *known).collect();
            wrong(
                format!("nothing generates `{name}`"),
                &format!("name one of {}", known.join(", ")),
            );
            continue;
        };
        page.blocks.push(name.to_owned());
        let mut old = String::new();
        while let Some((_, line)) = lines.next_if(|(_, line)| line.trim_end() != END) {
            old.push_str(line);
        }
        if lines.peek().is_none() {
            wrong(format!("the table `{name}` has no end"), &format!("put `{END}` behind it"));
            page.text.push_str(&old);
            continue;
        }
        // A blank line on both sides: a comment beside a table would be part of it.
        let new = format!("\n{}\n\n", generate(steps, &file.path)?.trim_end());
        if old != new {
            wrong(format!("the table `{name}` is not what the code says"), RENEW);
        }
        page.text.push_str(&new);
    }
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;
    use crate::tidy::tests::tree;

    fn fixed(_: &[Step], path: &str) -> Result<String> {
        Ok(format!("| {path} |\n|---|\n"))
    }

    const FIXED: [(&str, Generator); 1] = [("fixed", fixed)];

    const CURRENT: &str = "# Title\n\n<!-- generated: fixed (renew it) -->\n\n| a.md |\n|---|\n\n\
                           <!-- /generated -->\nThe end.\n";

    /// What the check says of a page with this text.
    fn found(text: &str) -> Vec<String> {
        let findings = check(&tree(&[("a.md", text)]), &FIXED).unwrap();
        findings.violations.iter().map(ToString::to_string).collect()
    }

    fn page(text: &str) -> String {
        let file = File { path: "a.md".into(), text: text.into() };
        renewed(&file, &[], &FIXED).unwrap().text
    }

    #[test]
    fn a_current_table_is_left_alone() {
        assert_eq!(found(CURRENT), [""; 0]);
        assert_eq!(page(CURRENT), CURRENT);
    }

    #[test]
    fn an_old_table_is_found_and_renewed() {
        for old in [
            CURRENT.replace("| a.md |", "| b.md |"),
            CURRENT.replace("\n\n| a.md |\n|---|\n\n", "\n"),
            CURRENT.replace("|---|\n", "|---|\n| more |\n"),
        ] {
            let found = found(&old);
            assert_eq!(found.len(), 1, "{old}");
            assert!(found[0].starts_with("a.md:3: the table `fixed` is not"), "{found:?}");
            assert_eq!(page(&old), CURRENT);
        }
    }

    #[test]
    fn a_table_that_nobody_shows_is_missed() {
        for text in ["", "`<!-- generated: fixed -->`\n", "```\n<!-- generated: fixed -->\n```\n"] {
            let found = found(text);
            assert!(
                found[0].starts_with("README.md: no page shows the table `fixed`"),
                "{found:?}"
            );
        }
    }

    #[test]
    fn a_block_without_an_end_or_a_generator() {
        let endless = CURRENT.replace("<!-- /generated -->\n", "");
        assert!(found(&endless)[0].contains("has no end"));
        assert_eq!(page(&endless), endless, "nothing behind the table is lost");
        let unknown = format!("{CURRENT}<!-- generated: other -->\nkept\n{END}\n");
        let found = found(&unknown);
        assert_eq!(found, ["a.md:10: nothing generates `other`; name one of fixed"]);
        assert_eq!(page(&unknown), unknown);
    }

    #[test]
    fn the_map_links_each_step_from_where_it_stands() {
        let scratch = Scratch::new("tables-map");
        let mut step = scratch.step("step-01-one", None);
        step.wrong = "a | b".to_owned();
        let row = |path| {
            map_of_the_steps(&[step.clone()], path).unwrap().lines().last().unwrap().to_owned()
        };
        assert_eq!(
            row("README.md"),
            "| [01](step-01-one) |  | idea of step-01-one | who waits in step-01-one | \
             where the state of step-01-one lives | a \\| b |"
        );
        assert!(row("docs/src/map.md").starts_with("| [01](../../step-01-one) |"));
    }

    #[test]
    fn only_pages_that_changed_are_written() {
        let scratch = Scratch::new("tables-write");
        let block = |(name, _): (&str, Generator)| format!("{BEGIN}{name} -->\n{END}\n\n");
        let old = GENERATORS.map(block).concat();
        let mut tree = tree(&[("a.md", &old), ("b.md", "text\n"), ("c.txt", &old)]);
        tree.root = scratch.dir.clone();
        tree.steps = vec![scratch.step("step-01-one", None)];
        assert_eq!(check(&tree, &GENERATORS).unwrap().violations.len(), GENERATORS.len());
        assert_eq!(write(&mut tree).unwrap(), ["a.md"]);
        assert!(scratch.read("a.md").contains("| [01](step-01-one) |"));
        assert_eq!(check(&tree, &GENERATORS).unwrap().violations, []);
        assert_eq!(write(&mut tree).unwrap(), [""; 0]);
    }
}
