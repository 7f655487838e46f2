//! What a step's folder looks like, and how far it may go from its parent.

use anyhow::Result;

use super::{Findings, Tree, Violation};
use crate::diff;
use crate::steps::Step;

/// How many lines `main.rs` may have: what a reader takes in at one sitting.
const SCREEN: usize = 120;

/// Every step has the same files, says its number first, and grew from an earlier step.
pub fn steps_are_alike(tree: &Tree) -> Result<Findings> {
    let mut violations = Vec::new();
    for (at, step) in tree.steps.iter().enumerate() {
        let manifest = format!("{}/Cargo.toml", step.name);
        let mut wrong = |file: &str, line, what: String, remedy: &str| {
            violations.push(Violation::new(file, line, what, remedy));
        };
        if step.dir.file_name().is_none_or(|folder| folder != step.name.as_str()) {
            let what = format!("the package `{}` lies in {}", step.name, step.dir.display());
            wrong(&manifest, 0, what, "give folder and package the same name");
            continue;
        }
        for (text, key) in [
            (&step.idea, "idea"),
            (&step.waits, "waits"),
            (&step.state, "state"),
            (&step.wrong, "wrong"),
        ] {
            if text.trim().is_empty() {
                wrong(&manifest, 0, format!("`{key}` is empty"), "say it in a few words");
            }
        }
        if let Some(twin) = tree.steps[..at].iter().find(|other| other.number() == step.number()) {
            let what = format!("is step {}, as {} is", step.number(), twin.name);
            wrong(&manifest, 0, what, "give it a number of its own");
        }
        let tests = format!("{}/tests/", step.name);
        if !tree.files.iter().any(|f| f.path.starts_with(&tests) && f.path.ends_with(".rs")) {
            wrong(&tests, 0, "holds no test".to_owned(), "add the conformance test");
        }
        let main = format!("{}/src/main.rs", step.name);
        let header = format!("//! Step {}: ", step.number());
        match tree.file(&main) {
            None => wrong(&main, 0, "is missing".to_owned(), "every step is a program"),
            Some(file) if !file.text.starts_with(&header) => {
                wrong(&main, 1, format!("does not begin with `{header}`"), "say which step it is");
            }
            Some(_) => {}
        }
        if let Some((what, remedy)) = bad_parent(tree, at, step) {
            wrong(&manifest, 0, what, remedy);
        }
    }
    Ok(Findings::new(tree.steps.len(), "steps", violations))
}

/// What is wrong with the parent that the step at `at` names.
fn bad_parent(tree: &Tree, at: usize, step: &Step) -> Option<(String, &'static str)> {
    let remedy = "name an earlier step in `previous`";
    match &step.previous {
        None if at == 0 => None,
        None => Some(("names no parent".to_owned(), remedy)),
        Some(previous) => match tree.steps.iter().find(|other| other.name == *previous) {
            Some(parent) if parent.name < step.name => None,
            Some(_) => Some((format!("grew from `{previous}`, which comes later"), remedy)),
            None => Some((format!("grew from `{previous}`, which does not exist"), remedy)),
        },
    }
}

/// `main.rs` is read from top to bottom.
pub fn main_fits_on_a_screen(tree: &Tree) -> Result<Findings> {
    let mut violations = Vec::new();
    let mut seen = 0;
    for step in &tree.steps {
        let path = format!("{}/src/main.rs", step.name);
        let Some(file) = tree.file(&path) else { continue };
        seen += 1;
        let lines = file.text.lines().count();
        if lines > SCREEN {
            let what = format!("{lines} lines, {SCREEN} fit");
            violations.push(Violation::new(
                &path,
                SCREEN + 1,
                what,
                "give the mechanism its own file",
            ));
        }
    }
    Ok(Findings::new(seen, "programs", violations))
}

/// The changed lines between a step and its parent stay within the step's own budget.
pub fn changes_are_small(tree: &Tree) -> Result<Findings> {
    let mut violations = Vec::new();
    let mut counts = Vec::new();
    for step in &tree.steps {
        let parent = tree.steps.iter().find(|other| Some(&other.name) == step.previous.as_ref());
        let Some(parent) = parent else { continue };
        let changed = diff::changed_lines(parent, step)?;
        counts.push(format!("{} {}/{}", step.number(), changed.lines(), step.budget));
        if changed.lines() > step.budget {
            violations.push(Violation::new(
                &format!("{}/src/main.rs", step.name),
                0,
                format!("{} changed lines ({changed}), {} allowed", changed.lines(), step.budget),
                "change less (`cargo xtask diff` shows what), or raise `budget` in its Cargo.toml",
            ));
        }
    }
    let checked = format!("changed lines: {}", counts.join(", "));
    Ok(Findings { checked, ..Findings::new(counts.len(), "steps", violations) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;
    use crate::tidy::tests::tree;

    const ONE: &str = "step-01-one";
    const TWO: &str = "step-02-two";

    /// Two steps that keep every rule, and what `change` makes of them.
    fn found(
        check: fn(&Tree) -> Result<Findings>,
        name: &str,
        change: impl Fn(&mut Tree, &Scratch),
    ) -> Vec<String> {
        let scratch = Scratch::new(&format!("layout-{name}"));
        let mut tree = tree(&[
            ("step-01-one/src/main.rs", "//! Step 01: one.\nfn main() {}\n"),
            ("step-01-one/tests/conformance.rs", ""),
            ("step-02-two/src/main.rs", "//! Step 02: two.\nfn main() {\n    two();\n}\n"),
            ("step-02-two/tests/conformance.rs", ""),
        ]);
        tree.steps = vec![scratch.step(ONE, None), scratch.step(TWO, Some(ONE))];
        tree.steps[1].budget = 4;
        change(&mut tree, &scratch);
        for file in &tree.files {
            scratch.write(&file.path, &file.text);
        }
        let findings = check(&tree).unwrap();
        findings.violations.iter().map(ToString::to_string).collect()
    }

    fn rewrite(tree: &mut Tree, path: &str, text: &str) {
        let file = tree.files.iter_mut().find(|file| file.path == path).unwrap();
        text.clone_into(&mut file.text);
    }

    #[test]
    fn steps_that_keep_every_rule() {
        for (name, check) in [
            ("alike", steps_are_alike as fn(&Tree) -> Result<Findings>),
            ("screen", main_fits_on_a_screen),
            ("small", changes_are_small),
        ] {
            assert_eq!(found(check, name, |_, _| {}), [""; 0]);
        }
    }

    #[test]
    fn a_step_unlike_the_others() {
        type Change = fn(&mut Tree, &Scratch);
        let cases: [(&str, Change, &str); 10] = [
            (
                "header",
                |t, _| rewrite(t, "step-02-two/src/main.rs", "//! Two.\n"),
                "main.rs:1: does not begin with `//! Step 02: `",
            ),
            (
                "number",
                |t, _| rewrite(t, "step-02-two/src/main.rs", "//! Step 2: two.\n"),
                "main.rs:1: does not begin",
            ),
            (
                "no-main",
                |t, _| t.files.retain(|f| f.path != "step-02-two/src/main.rs"),
                "main.rs: is missing",
            ),
            (
                "no-tests",
                |t, _| t.files.retain(|f| f.path != "step-02-two/tests/conformance.rs"),
                "tests/: holds no test",
            ),
            ("orphan", |t, _| t.steps[1].previous = None, "names no parent"),
            (
                "unknown",
                |t, _| t.steps[1].previous = Some("step-00-x".into()),
                "which does not exist",
            ),
            ("later", |t, _| t.steps[0].previous = Some(TWO.into()), "which comes later"),
            ("empty", |t, _| t.steps[1].wrong = " ".into(), "`wrong` is empty"),
            ("folder", |t, s| t.steps[1].dir = s.dir.join("step-02-too"), "the same name"),
            (
                "twin",
                |t, s| {
                    t.steps.push(s.step("step-02-twin", Some(ONE)));
                    t.files.push(super::super::File {
                        path: "step-02-twin/src/main.rs".into(),
                        text: "//! Step 02: again.\n".into(),
                    });
                    t.files.push(super::super::File {
                        path: "step-02-twin/tests/a.rs".into(),
                        text: String::new(),
                    });
                },
                "is step 02, as step-02-two is",
            ),
        ];
        for (name, change, says) in cases {
            let found = found(steps_are_alike, name, change);
            assert!(found.len() == 1 && found[0].contains(says), "{name}: {found:?}");
        }
    }

    #[test]
    fn a_program_that_needs_two_screens() {
        let lines = |n: usize| "// line\n".repeat(n);
        let of = |n| {
            found(main_fits_on_a_screen, &format!("lines-{n}"), |t, _| {
                rewrite(t, "step-02-two/src/main.rs", &lines(n));
            })
        };
        assert_eq!(of(SCREEN), [""; 0]);
        assert_eq!(
            of(SCREEN + 1),
            ["step-02-two/src/main.rs:121: 121 lines, 120 fit; give the mechanism its own file"]
        );
    }

    #[test]
    fn a_step_that_changes_too_much() {
        // `fn main() {}` became three lines: four changes, as many as are allowed.
        let found = found(changes_are_small, "budget", |t, _| t.steps[1].budget = 3);
        assert!(
            found.len() == 1
                && found[0].contains("4 changed lines (+3 −1, now 3 lines), 3 allowed"),
            "{found:?}"
        );
    }
}
