//! The invariants that keep the project simple, checked: what a file may not say, how far a step
//! may go from its parent, how little the first steps build, and that tables say what the code says.
//!
//! Every check reports all that it finds, and each has a test that shows it can fail.

mod code;
mod crates;
mod files;
mod layout;
mod site;
mod tables;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::source::{self, Token};
use crate::steps::{self, Step};

/// Flags of this command.
#[derive(clap::Args)]
pub struct Args {
    /// Rewrite the generated tables first, then check
    #[arg(long)]
    write: bool,
}

/// One thing that is always true here, and the function that finds where it is not.
struct Invariant {
    says: &'static str,
    check: fn(&Tree) -> Result<Findings>,
}

const INVARIANTS: [Invariant; 15] = [
    Invariant {
        says: "protocols touch no socket, file, thread, clock or terminal",
        check: code::protocols_are_pure,
    },
    Invariant {
        says: "protocols depend on nothing that does",
        check: code::protocols_depend_on_pure_crates,
    },
    Invariant { says: "steps only wait: no protocol in them", check: code::steps_only_wait },
    Invariant { says: "no unwrap outside tests", check: code::no_unwrap },
    Invariant { says: "expect says why it cannot happen", check: code::expect_says_why },
    Invariant { says: "nothing is left unfinished", check: code::nothing_is_unfinished },
    Invariant {
        says: "unsafe only where a step is about it, and explained",
        check: code::unsafe_is_rare_and_explained,
    },
    Invariant { says: "steps are laid out alike", check: layout::steps_are_alike },
    Invariant { says: "a step fits on a screen", check: layout::main_fits_on_a_screen },
    Invariant { says: "a step changes little in its parent", check: layout::changes_are_small },
    Invariant { says: "the first steps build in seconds", check: crates::first_steps_build_fast },
    Invariant { says: "tables say what the code says", check: tables::tables_are_current },
    Invariant { says: "the site knows the steps", check: site::table_is_current },
    Invariant { says: "no path of one machine", check: files::no_path_of_one_machine },
    Invariant { says: "no white space at the end of a line", check: files::no_trailing_space },
];

pub fn run(args: Args) -> Result<()> {
    let mut tree = Tree::of_the_workspace()?;
    if args.write {
        let mut written = tables::write(&mut tree)?;
        written.extend(site::write(&mut tree)?);
        for name in written {
            println!("wrote {name}");
        }
    }
    let (mut broken, mut places) = (0, 0);
    for Invariant { says, check } in &INVARIANTS {
        let findings = check(&tree)?;
        if findings.violations.is_empty() {
            println!("  ok    {says} ({})", findings.checked);
            continue;
        }
        println!("  FAIL  {says}");
        for violation in &findings.violations {
            println!("        {violation}");
        }
        broken += 1;
        places += findings.violations.len();
    }
    ensure!(
        broken == 0,
        "{broken} of {} invariants do not hold, {places} in all",
        INVARIANTS.len()
    );
    Ok(())
}

/// What a check saw.
#[derive(Debug)]
struct Findings {
    /// What it looked at, for whoever wants to know that it looked at all.
    checked: String,
    violations: Vec<Violation>,
}

impl Findings {
    /// `violations`, found in `count` places of a kind. To have looked at none is one as well: the
    /// files have moved, and the check would be content for ever.
    fn new(count: usize, kind: &str, mut violations: Vec<Violation>) -> Self {
        if count == 0 {
            violations.push(Violation::new(
                "xtask/src/tidy.rs",
                0,
                format!("found no {kind} to check"),
                "tell it where they are now",
            ));
        }
        Self { checked: format!("{count} {kind}"), violations }
    }
}

/// One place where an invariant does not hold.
#[derive(Debug, PartialEq, Eq)]
struct Violation {
    file: String,
    /// From 1; 0 speaks of the whole file.
    line: usize,
    what: String,
    remedy: String,
}

impl Violation {
    fn new(file: &str, line: usize, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, what: what.into(), remedy: remedy.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        write!(f, ": {}; {}", self.what, self.remedy)
    }
}

/// All that the checks look at.
struct Tree {
    root: PathBuf,
    files: Vec<File>,
    steps: Vec<Step>,
}

/// A text file that belongs to the project.
struct File {
    /// From the root, with `/` between its parts.
    path: String,
    text: String,
}

impl Tree {
    fn of_the_workspace() -> Result<Self> {
        let root = steps::root();
        let mut files = Vec::new();
        for path in listed(root)? {
            // What is no text (a picture, or what a fuzzer sends, even where it looks like text)
            // has no lines to check; what is listed and not there has just been deleted.
            if path.starts_with("fuzz/corpus/") {
                continue;
            }
            if let Ok(text) = fs::read_to_string(root.join(&path)) {
                files.push(File { path, text });
            }
        }
        Ok(Self { root: root.to_owned(), files, steps: steps::all()? })
    }

    fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// The Rust files, lexed.
    fn rust(&self) -> Vec<Rust<'_>> {
        let mut files: Vec<Rust> = self
            .files
            .iter()
            .filter(|file| file.path.ends_with(".rs"))
            .map(|file| {
                let tokens = source::tokens(&file.text);
                Rust { path: &file.path, program: source::program(&tokens), tokens }
            })
            .collect();
        let tests: Vec<String> = files.iter().flat_map(Rust::test_files).collect();
        for file in &mut files {
            let is_test = |part| part == "tests" || part == "benches";
            if file.path.split('/').any(is_test) || tests.iter().any(|test| test == file.path) {
                file.program.clear();
            }
        }
        files
    }
}

/// A Rust file.
struct Rust<'a> {
    path: &'a str,
    tokens: Vec<Token<'a>>,
    /// What is left without comments and tests; nothing, of a file that is a test.
    program: Vec<Token<'a>>,
}

impl Rust<'_> {
    /// The files of the modules that this one declares for tests only.
    fn test_files(&self) -> Vec<String> {
        let path = Path::new(self.path);
        let is_root = matches!(path.file_name(), Some(name) if name == "lib.rs" || name == "main.rs" || name == "mod.rs");
        let folder = if is_root { path.with_file_name("") } else { path.with_extension("") };
        let folder = folder.to_string_lossy().replace('\\', "/");
        let folder = folder.trim_end_matches('/');
        source::test_modules(&self.tokens)
            .into_iter()
            .flat_map(|name| [format!("{folder}/{name}.rs"), format!("{folder}/{name}/mod.rs")])
            .collect()
    }
}

/// Every file that git knows or would add, from the root.
fn listed(root: &Path) -> Result<Vec<String>> {
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .context("asking git which files there are (is git installed?)")?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr);
        bail!("git does not say which files there are; run this in a clone: {}", why.trim());
    }
    let names = String::from_utf8(output.stdout).context("git named a file that is not UTF-8")?;
    Ok(names.split_terminator('\0').map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    /// A tree of these files, which lie nowhere.
    pub fn tree(files: &[(&str, &str)]) -> Tree {
        let file = |&(path, text): &(&str, &str)| File { path: path.into(), text: text.into() };
        Tree { root: PathBuf::new(), files: files.iter().map(file).collect(), steps: Vec::new() }
    }

    /// Where `check` finds something: `file:line`.
    pub fn places(check: fn(&Tree) -> Result<Findings>, files: &[(&str, &str)]) -> Vec<String> {
        let findings = check(&tree(files)).unwrap();
        let place = |violation: &Violation| format!("{}:{}", violation.file, violation.line);
        findings.violations.iter().map(place).collect()
    }

    #[test]
    fn a_check_that_sees_nothing_fails() {
        assert_eq!(Findings::new(0, "files", Vec::new()).violations.len(), 1);
        assert_eq!(Findings::new(1, "files", Vec::new()).violations.len(), 0);
        // Each of those that walk through files says so of an empty tree.
        for check in [code::protocols_are_pure, code::no_unwrap, files::no_trailing_space] {
            assert_eq!(places(check, &[]), ["xtask/src/tidy.rs:0"]);
        }
    }

    #[test]
    fn a_violation_says_where_what_and_what_to_do() {
        let at = |line| Violation::new("a/b.rs", line, "is wrong", "mend it").to_string();
        assert_eq!(at(3), "a/b.rs:3: is wrong; mend it");
        assert_eq!(at(0), "a/b.rs: is wrong; mend it");
    }

    #[test]
    fn modules_for_tests_are_found_where_they_lie() {
        let declares = "#[cfg(test)] mod tests;\nmod other;";
        let files = [
            ("a/src/lib.rs", declares),
            ("a/src/tests.rs", "one()"),
            ("a/src/other.rs", "#[cfg(test)] mod inner;"),
            ("a/src/other/inner.rs", "two()"),
            ("a/src/inner.rs", "three()"),
            ("a/tests/case.rs", "four()"),
        ];
        let tree = tree(&files);
        let programs: Vec<&str> = tree
            .rust()
            .iter()
            .filter(|file| !file.program.is_empty())
            .map(|file| file.path)
            .collect();
        assert_eq!(programs, ["a/src/lib.rs", "a/src/inner.rs"]);
    }

    #[test]
    fn every_workspace_is_looked_at_by_cargo_deny() {
        let root = crate::steps::root();
        let deny = fs::read_to_string(root.join("deny.toml")).unwrap();
        let files = listed(root).unwrap();
        let locks: Vec<&str> =
            files.iter().filter_map(|path| path.strip_suffix("Cargo.lock")).collect();
        assert!(locks.contains(&""), "{locks:?}");
        for directory in locks {
            let named = format!(" {directory}Cargo.toml");
            assert!(deny.contains(&named), "deny.toml does not name{named}");
        }
    }

    #[test]
    fn files_are_those_that_git_knows_or_would_add() {
        let scratch = Scratch::new("tidy-listed");
        assert!(listed(&scratch.dir).is_err(), "there is no repository yet");
        let done = Command::new("git").arg("init").current_dir(&scratch.dir).output().unwrap();
        assert!(done.status.success());
        scratch.write(".gitignore", "/target\n");
        scratch.write("target/built", "");
        scratch.write("src/a b.rs", "");
        let mut files = listed(&scratch.dir).unwrap();
        files.sort();
        assert_eq!(files, [".gitignore", "src/a b.rs"]);
    }
}
