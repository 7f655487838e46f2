//! What no text file of the project may hold, whatever its language.

use anyhow::Result;

use super::{Findings, Tree, Violation};

/// Folders that exist on one machine only. In pieces, so that this file does not hold them.
const PRIVATE: [&str; 6] = [
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
    concat!("/Us", "ers/"),
    concat!("/wo", "rk/"),
    concat!("/tmp/", "target"),
    concat!(":\\Us", "ers\\"),
];

/// A path into someone's own folders works for nobody else.
pub fn no_path_of_one_machine(tree: &Tree) -> Result<Findings> {
    let violations = lines(tree, |line| {
        let private = PRIVATE.iter().find(|path| holds(line, path))?;
        Some((format!("`{private}` is a path of one machine"), "write it from the root"))
    });
    Ok(Findings::new(tree.files.len(), "files", violations))
}

/// Does `path` begin in `line`, rather than go on with what stands before it (`src/work/`)?
fn holds(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        path.starts_with(':')
            || !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '}'))
    })
}

/// White space that nobody sees shows up in every diff; a carriage return is one as well.
pub fn no_trailing_space(tree: &Tree) -> Result<Findings> {
    let violations = lines(tree, |line| {
        (line.trim_end() != line).then(|| ("white space at the end".to_owned(), "delete it"))
    });
    Ok(Findings::new(tree.files.len(), "files", violations))
}

/// What `look` says of each line of each file: what is wrong, and what to do.
fn lines(tree: &Tree, look: impl Fn(&str) -> Option<(String, &'static str)>) -> Vec<Violation> {
    let mut violations = Vec::new();
    for file in &tree.files {
        // Not `lines`, which would drop a carriage return.
        for (at, line) in file.text.split('\n').enumerate() {
            if let Some((what, remedy)) = look(line) {
                violations.push(Violation::new(&file.path, at + 1, what, remedy));
            }
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tests::places;

    #[test]
    fn paths_of_one_machine() {
        for path in PRIVATE {
            let bad = format!("fine\nrun {path}x");
            assert_eq!(places(no_path_of_one_machine, &[("a.md", &bad)]), ["a.md:2"], "{bad}");
        }
        for good in [
            concat!("docs/wo", "rk/a"),
            concat!("https://a.example/ho", "me/"),
            concat!("/wo", "rker/"),
            "/tmp/trace.json",
            "/usr/share/",
        ] {
            assert_eq!(places(no_path_of_one_machine, &[("a.md", good)]), [""; 0], "{good}");
        }
    }

    #[test]
    fn space_at_the_end_of_a_line() {
        for bad in ["a\nb \nc", "a\nb\t\n", "a\nb\r\n", "a\n "] {
            assert_eq!(places(no_trailing_space, &[("a.md", bad)]), ["a.md:2"], "{bad:?}");
        }
        assert_eq!(places(no_trailing_space, &[("a.md", "a b\n\n c\n")]), [""; 0]);
    }
}
