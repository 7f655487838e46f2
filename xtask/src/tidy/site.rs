//! What the site says about the step that serves it. It cannot read manifests when it runs, so it
//! has a table of them, which is generated.

use std::fs;

use anyhow::{Context, Result};

use super::{Findings, Tree, Violation};
use crate::steps::Step;

/// Where the table is.
const PATH: &str = "crates/app/src/steps/table.rs";

/// The site's table of the steps says what their manifests say.
pub fn table_is_current(tree: &Tree) -> Result<Findings> {
    let current = tree.file(PATH).is_some_and(|file| file.text == table(&tree.steps));
    let violations = (!current).then(|| {
        Violation::new(PATH, 0, "is not what the manifests say", "run `cargo xtask tidy --write`")
    });
    Ok(Findings::new(tree.steps.len(), "steps", violations.into_iter().collect()))
}

/// Rewrites the table if it is not current, and says where it is.
pub fn write(tree: &mut Tree) -> Result<Option<String>> {
    let text = table(&tree.steps);
    let Some(file) = tree.files.iter_mut().find(|file| file.path == PATH) else {
        return Ok(None);
    };
    if file.text == text {
        return Ok(None);
    }
    fs::write(tree.root.join(PATH), &text).with_context(|| format!("writing {PATH}"))?;
    file.text = text;
    Ok(Some(PATH.to_owned()))
}

/// The table, as Rust. A text is quoted alike in Rust and by `Debug`.
fn table(steps: &[Step]) -> String {
    let mut table = "//! The steps, in order. Generated from their manifests by `cargo xtask tidy --write`.\n\n\
                     use super::Step;\n\n\
                     #[rustfmt::skip]\n\
                     pub const STEPS: &[Step] = &[\n"
        .to_owned();
    for Step { name, previous, idea, waits, state, wrong, .. } in steps {
        table += &format!(
            "    Step {{\n        name: {name:?},\n        previous: {previous:?},\n        idea: {idea:?},\n        \
             waits: {waits:?},\n        state: {state:?},\n        wrong: {wrong:?},\n    }},\n"
        );
    }
    table + "];\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;
    use crate::tidy::tests::tree;

    #[test]
    fn an_old_table_is_found_and_renewed() {
        let scratch = Scratch::new("site-table");
        scratch.write(PATH, "old");
        let mut tree = tree(&[(PATH, "old")]);
        tree.root = scratch.dir.clone();
        tree.steps = vec![scratch.step("step-01-one", None)];
        let found = table_is_current(&tree).unwrap().violations;
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].file, PATH);
        assert_eq!(write(&mut tree).unwrap().as_deref(), Some(PATH));
        assert_eq!(table_is_current(&tree).unwrap().violations, []);
        assert_eq!(write(&mut tree).unwrap(), None);
        assert_eq!(scratch.read(PATH), table(&tree.steps));
    }

    #[test]
    fn a_table_that_is_missing_is_missed() {
        let scratch = Scratch::new("site-missing");
        let mut tree = tree(&[]);
        tree.steps = vec![scratch.step("step-01-one", None)];
        assert_eq!(table_is_current(&tree).unwrap().violations.len(), 1);
    }

    #[test]
    fn texts_are_quoted() {
        let scratch = Scratch::new("site-quoted");
        let mut step = scratch.step("step-02-two", Some("step-01-one"));
        step.idea = "a \"word\" and a \\".to_owned();
        let table = table(&[step]);
        assert!(table.contains(r#"idea: "a \"word\" and a \\","#), "{table}");
        assert!(table.contains(r#"previous: Some("step-01-one"),"#), "{table}");
    }
}
