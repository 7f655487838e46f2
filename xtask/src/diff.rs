//! What a step changes in the step it grew from: code only, word by word.
//!
//! Comments, blank lines and indentation are left out on both sides, so that what remains is the
//! change of concurrency model; so are tests. Line numbers are those of the files.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};
use std::fs;
use std::io::{self, IsTerminal, Write as _};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;
use similar::{Algorithm, ChangeTag, DiffOp, DiffTag};
use toml::Value;

use crate::source::{self, Line};
use crate::steps::{self, Step};

/// The file whose changes are the lesson.
const MAIN: &str = "src/main.rs";

/// A file that is new is shown whole when it has no more lines of code than this.
const SHORT: usize = 60;

/// Flags of this command.
#[derive(clap::Args)]
pub struct Args {
    /// One step, to compare with the step it grew from, or two to compare with each other;
    /// a step is `4`, `04`, `threadpool` or `step-04-threadpool`
    #[arg(value_name = "STEP", num_args = 1..=2, required_unless_present = "all")]
    steps: Vec<String>,
    /// Go through all the steps, each against the step it grew from
    #[arg(long, conflicts_with = "steps")]
    all: bool,
    /// Show also long files that are new or gone from the first line to the last
    #[arg(long)]
    full: bool,
    /// How many unchanged lines to show around a change
    #[arg(long, value_name = "LINES", default_value_t = 3)]
    context: usize,
    /// When to use colours; `auto` heeds NO_COLOR
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = When::Auto)]
    color: When,
}

#[derive(Clone, Copy, ValueEnum)]
enum When {
    Auto,
    Always,
    Never,
}

pub fn run(args: Args) -> Result<()> {
    let show = Show { full: args.full, context: args.context, paint: Paint::new(args.color) };
    let mut text = String::new();
    for (at, (old, new)) in pairs(&args)?.iter().enumerate() {
        if at > 0 {
            text.push('\n');
        }
        text += &show.steps(old, new)?;
    }
    match io::stdout().write_all(text.as_bytes()) {
        // Whoever reads may stop early: `cargo xtask diff 04 | head`.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.context("writing the diff to stdout"),
    }
}

/// Which steps to compare, the older first.
fn pairs(args: &Args) -> Result<Vec<(Step, Step)>> {
    if args.all {
        let with_parent = |step: Step| {
            let parent = step.previous.as_deref().map(steps::find);
            parent.map(|parent| Ok((parent?, step)))
        };
        return steps::all()?.into_iter().filter_map(with_parent).collect();
    }
    let (old, new) = match args.steps.as_slice() {
        [new] => {
            let new = steps::find(new)?;
            let Some(previous) = &new.previous else {
                bail!(
                    "step {0} grew from no other; name two steps: `cargo xtask diff {0} STEP`",
                    new.number()
                );
            };
            (steps::find(previous)?, new)
        }
        [old, new] => (steps::find(old)?, steps::find(new)?),
        _ => bail!("name one step or two: `cargo xtask diff 04`, `cargo xtask diff 03 04`"),
    };
    ensure!(old.name != new.name, "both are {}; name two different steps", old.name);
    Ok(vec![(old, new)])
}

/// How many lines of code differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Changed {
    /// Lines that only the new file has.
    pub added: usize,
    /// Lines that only the old file has.
    pub removed: usize,
    /// All lines of code of the new file.
    pub of: usize,
}

impl Changed {
    /// Added and removed lines together: what a reader has to look at.
    pub fn lines(self) -> usize {
        self.added + self.removed
    }
}

impl fmt::Display for Changed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{} −{}, now {} lines", self.added, self.removed, self.of)
    }
}

/// How much `step` changes in its parent's `main.rs`, counted as `cargo xtask diff` shows it.
pub fn changed_lines(parent: &Step, step: &Step) -> Result<Changed> {
    let text = |step: &Step| read(&step.dir.join(MAIN));
    Ok(Comparison::new(&text(parent)?, &text(step)?).changed())
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))
}

/// Two versions of a file, and what leads from the old to the new.
struct Comparison {
    old: Vec<Line>,
    new: Vec<Line>,
    ops: Vec<DiffOp>,
}

impl Comparison {
    fn new(old: &str, new: &str) -> Self {
        let (old, new) = (source::code_lines(old), source::code_lines(new));
        // The shortest way from one to the other; the files are small enough for it.
        let ops = similar::capture_diff_slices_by_key(Algorithm::RawMyers, &old, &new, |line| {
            line.code.clone()
        });
        Self { old, new, ops }
    }

    fn changed(&self) -> Changed {
        let changes = || self.ops.iter().filter(|op| op.tag() != DiffTag::Equal);
        Changed {
            added: changes().map(|op| op.new_range().len()).sum(),
            removed: changes().map(|op| op.old_range().len()).sum(),
            of: self.new.len(),
        }
    }
}

/// How to show what differs.
struct Show {
    full: bool,
    context: usize,
    paint: Paint,
}

impl Show {
    fn steps(&self, old: &Step, new: &Step) -> Result<String> {
        let (old_files, new_files) = (sources(&old.dir)?, sources(&new.dir)?);
        let title = format!("{} {} → {} {}", old.number(), old.idea, new.number(), new.idea);
        let changed = changed_lines(old, new)?;
        let mut out = format!("{} (main.rs {changed})\n", self.paint.strong(&title));
        let old_dependencies = dependencies(&read(&old.dir.join("Cargo.toml"))?)?;
        let new_dependencies = dependencies(&read(&new.dir.join("Cargo.toml"))?)?;
        // What the new step uses of the old one has not gone.
        let builds_on_old = new_dependencies.contains_key(&old.name);
        // `main.rs` first: it is what the step is about.
        let mut names: Vec<&String> = old_files.keys().chain(new_files.keys()).collect();
        names.sort_by_key(|name| (*name != MAIN, *name));
        names.dedup();
        for name in names {
            out += &match (old_files.get(name), new_files.get(name)) {
                (Some(old), Some(new)) => self.file(name, &Comparison::new(old, new)),
                (None, Some(new)) => self.whole(name, "new", ChangeTag::Insert, new),
                (Some(_), None) if builds_on_old => {
                    format!("\n{name} stays in {}, which this step builds on\n", old.name)
                }
                (Some(old), None) => self.whole(name, "gone", ChangeTag::Delete, old),
                (None, None) => continue,
            };
        }
        out += &self.dependencies(&old_dependencies, &new_dependencies);
        Ok(out)
    }

    /// A file that both steps have.
    fn file(&self, name: &str, comparison: &Comparison) -> String {
        let changed = comparison.changed();
        if changed.lines() == 0 {
            // A file beside `main.rs` that is the same is no news.
            return if name == MAIN { format!("\n{name}: the same code\n") } else { String::new() };
        }
        // The tally of `main.rs` is in the title.
        let tally = if name == MAIN { String::new() } else { format!(" ({changed})") };
        let mut out = format!("\n{}{tally}\n", self.paint.strong(name));
        let hunks = similar::group_diff_ops(comparison.ops.clone(), self.context);
        for (at, hunk) in hunks.iter().enumerate() {
            if at > 0 {
                out += &format!("{}\n", self.paint.faint("          ⋮"));
            }
            for op in hunk {
                self.op(&mut out, op, comparison);
            }
        }
        out
    }

    fn op(&self, out: &mut String, op: &DiffOp, comparison: &Comparison) {
        let (old, new) = (&comparison.old[op.old_range()], &comparison.new[op.new_range()]);
        if op.tag() == DiffTag::Equal {
            for (old, new) in old.iter().zip(new) {
                self.line(
                    out,
                    ChangeTag::Equal,
                    (Some(old), Some(new)),
                    &[(false, new.code.clone())],
                );
            }
            return;
        }
        let (old_pieces, new_pieces) = emphasis(old, new);
        for (line, pieces) in old.iter().zip(&old_pieces) {
            self.line(out, ChangeTag::Delete, (Some(line), None), pieces);
        }
        for (line, pieces) in new.iter().zip(&new_pieces) {
            self.line(out, ChangeTag::Insert, (None, Some(line)), pieces);
        }
    }

    /// `  12   14 + code`: the line numbers on both sides, the mark and the code.
    fn line(
        &self,
        out: &mut String,
        tag: ChangeTag,
        (old, new): (Option<&Line>, Option<&Line>),
        pieces: &[(bool, String)],
    ) {
        let number =
            |line: Option<&Line>| line.map_or(String::new(), |line| line.number.to_string());
        let gutter = format!("{:>4} {:>4}", number(old), number(new));
        let indent = new.or(old).map_or("", |line| line.indent.as_str());
        let mut code = String::new();
        for (changed, piece) in pieces {
            code += &self.paint.word(tag, *changed, piece);
        }
        let mark = self.paint.word(tag, false, &tag.to_string());
        let line = format!("{} {mark} {indent}{code}", self.paint.faint(&gutter));
        out.push_str(line.trim_end());
        out.push('\n');
    }

    /// A file that only one of the steps has.
    fn whole(&self, name: &str, what: &str, tag: ChangeTag, text: &str) -> String {
        let lines = source::code_lines(text);
        let shown = self.full || (tag == ChangeTag::Insert && lines.len() <= SHORT);
        let hint = if shown { "" } else { " (--full shows it)" };
        let lines_of_code = match lines.len() {
            1 => "1 line of code".to_owned(),
            n => format!("{n} lines of code"),
        };
        let mut out = format!("\n{} is {what}: {lines_of_code}{hint}\n", self.paint.strong(name));
        if shown {
            for line in &lines {
                let sides = match tag {
                    ChangeTag::Delete => (Some(line), None),
                    _ => (None, Some(line)),
                };
                self.line(&mut out, tag, sides, &[(false, line.code.clone())]);
            }
        }
        out
    }

    fn dependencies(&self, old: &Dependencies, new: &Dependencies) -> String {
        let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        let mut out = String::new();
        for name in names {
            let (tag, line) = match (old.get(name), new.get(name)) {
                // Where a crate comes from (the workspace, or a path) is no difference.
                (Some(old), Some(new)) if features(old) == features(new) => continue,
                (Some(old), Some(new)) => {
                    (ChangeTag::Equal, format!("~ {name}{}", turned(old, new)))
                }
                (None, Some(new)) => (ChangeTag::Insert, format!("+ {name}{}", listed(new))),
                (_, None) => (ChangeTag::Delete, format!("- {name}")),
            };
            let _ = writeln!(out, "{}", self.paint.word(tag, false, &line));
        }
        if out.is_empty() { out } else { format!("\n{}\n{out}", self.paint.strong("Cargo.toml")) }
    }
}

/// Escape sequences, or nothing where they are not wanted.
#[derive(Clone, Copy)]
struct Paint {
    on: bool,
}

impl Paint {
    fn new(when: When) -> Self {
        let on = match when {
            When::Always => true,
            When::Never => false,
            // https://no-color.org: set and not empty.
            When::Auto => {
                std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
                    && io::stdout().is_terminal()
            }
        };
        Self { on }
    }

    fn wrap(self, style: &str, text: &str) -> String {
        if self.on { format!("\x1b[{style}m{text}\x1b[0m") } else { text.to_owned() }
    }

    fn strong(self, text: &str) -> String {
        self.wrap("1", text)
    }

    fn faint(self, text: &str) -> String {
        self.wrap("2", text)
    }

    /// Red for what is gone, green for what is new; reversed where one word makes the difference.
    fn word(self, tag: ChangeTag, emphasized: bool, text: &str) -> String {
        match (tag, emphasized) {
            (ChangeTag::Equal, _) => text.to_owned(),
            (ChangeTag::Delete, false) => self.wrap("31", text),
            (ChangeTag::Delete, true) => self.wrap("31;7", text),
            (ChangeTag::Insert, false) => self.wrap("32", text),
            (ChangeTag::Insert, true) => self.wrap("32;7", text),
        }
    }
}

/// A line in pieces; `true` where the other side says something else.
type Pieces = Vec<(bool, String)>;

/// Which words of the `old` lines became which of the `new` ones.
fn emphasis(old: &[Line], new: &[Line]) -> (Vec<Pieces>, Vec<Pieces>) {
    let (old_words, new_words) = (split(old), split(new));
    let ops = similar::capture_diff_slices_by_key(
        Algorithm::RawMyers,
        &old_words,
        &new_words,
        |(_, word)| *word,
    );
    let mut old_pieces = vec![Vec::new(); old.len()];
    let mut new_pieces = vec![Vec::new(); new.len()];
    for op in &ops {
        let changed = op.tag() != DiffTag::Equal;
        for &(line, word) in &old_words[op.old_range()] {
            old_pieces[line].push((changed, word));
        }
        for &(line, word) in &new_words[op.new_range()] {
            new_pieces[line].push((changed, word));
        }
    }
    let joined = |lines: Vec<Vec<(bool, &str)>>| lines.into_iter().map(join).collect();
    (joined(old_pieces), joined(new_pieces))
}

/// Every word of `lines`, with the index of its line.
fn split(lines: &[Line]) -> Vec<(usize, &str)> {
    let words = |(at, line)| words_of(line).into_iter().map(move |word| (at, word));
    lines.iter().enumerate().flat_map(words).collect()
}

/// One line's words, joined where they are marked alike. Of a line whose names are mostly new no
/// word is marked: its colour says so already.
fn join(words: Vec<(bool, &str)>) -> Pieces {
    let is_name = |word: &str| word.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    let names = words.iter().filter(|(_, word)| is_name(word)).count();
    let kept = words.iter().filter(|(changed, word)| !changed && is_name(word)).count();
    let alike = names > 0 && 2 * kept >= names;
    let mut pieces = Pieces::new();
    for (changed, word) in words {
        let changed = changed && alike;
        match pieces.last_mut() {
            Some((last, text)) if *last == changed => text.push_str(word),
            _ => pieces.push((changed, word.to_owned())),
        }
    }
    pieces
}

/// Names and numbers, runs of white space, and everything else one character at a time.
fn words_of(line: &Line) -> Vec<&str> {
    let code = line.code.as_str();
    let class = |c: char| match c {
        c if c.is_alphanumeric() || c == '_' => 'a',
        c if c.is_whitespace() => ' ',
        _ => '.',
    };
    let mut words = Vec::new();
    let mut start = 0;
    let mut last = None;
    for (at, c) in code.char_indices() {
        if at > start && (last != Some(class(c)) || class(c) == '.') {
            words.push(&code[start..at]);
            start = at;
        }
        last = Some(class(c));
    }
    if start < code.len() {
        words.push(&code[start..]);
    }
    words
}

/// The Rust files under `src`, by their path inside the step with `/` between its parts, without
/// their tests: those stand in a `tests.rs`, or at the end of a file.
fn sources(step: &Path) -> Result<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    let mut folders = vec!["src".to_owned()];
    while let Some(folder) = folders.pop() {
        let path = step.join(&folder);
        for entry in fs::read_dir(&path).with_context(|| format!("reading {}", path.display()))? {
            let entry = entry?;
            let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
            if entry.file_type()?.is_dir() {
                folders.push(name);
            } else if name.ends_with(".rs") && !name.ends_with("/tests.rs") {
                let text = read(&entry.path())?;
                let code = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or(&text);
                files.insert(name, code.to_owned());
            }
        }
    }
    ensure!(files.contains_key(MAIN), "{} has no {MAIN}", step.display());
    Ok(files)
}

/// What a manifest asks for, by name.
type Dependencies = BTreeMap<String, Value>;

/// The dependencies of a manifest, those for one platform only included.
fn dependencies(manifest: &str) -> Result<Dependencies> {
    let manifest: toml::Table = manifest.parse().context("reading a step's Cargo.toml")?;
    let targets = manifest.get("target").and_then(Value::as_table);
    let tables = targets
        .into_iter()
        .flat_map(toml::Table::values)
        .chain([&Value::Table(manifest.clone())])
        .filter_map(|table| table.get("dependencies").and_then(Value::as_table).cloned())
        .collect::<Vec<_>>();
    Ok(tables.into_iter().flatten().collect())
}

fn features(dependency: &Value) -> BTreeSet<&str> {
    let features = dependency.get("features").and_then(Value::as_array);
    features.into_iter().flatten().filter_map(Value::as_str).collect()
}

/// ` (net, rt)`: the features that a new dependency is asked for.
fn listed(dependency: &Value) -> String {
    let features: Vec<&str> = features(dependency).into_iter().collect();
    if features.is_empty() { String::new() } else { format!(" ({})", features.join(", ")) }
}

/// ` (+rt-multi-thread -rt)`: what became of a dependency's features.
fn turned(old: &Value, new: &Value) -> String {
    let (old, new) = (features(old), features(new));
    let added = new.difference(&old).map(|feature| format!("+{feature}"));
    let removed = old.difference(&new).map(|feature| format!("-{feature}"));
    let all: Vec<String> = added.chain(removed).collect();
    format!(" ({})", all.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    const THREADS: &str = r#"//! Step 03: a thread per client.

use std::thread;

fn main() -> Result<()> {
    let listener = cli::start()?;
    // One thread each.
    for stream in listener.incoming() {
        let stream = stream?; // why
        thread::spawn(move || lost(serve(stream)));
    }
    Ok(())
}
"#;

    const POOL: &str = r#"//! Step 04: a fixed number of workers.

mod pool;

fn main() -> Result<()> {
    let listener = cli::start()?;

    let pool = Pool::new(4);
    for stream in listener.incoming() {
        let stream = stream?; /* why
        not */
        pool.execute(move || lost(serve(stream)));
    }
    Ok(())
}
"#;

    fn plain() -> Show {
        Show { full: false, context: 1, paint: Paint { on: false } }
    }

    fn coloured() -> Show {
        Show { paint: Paint { on: true }, ..plain() }
    }

    /// Two steps in a folder of their own.
    fn steps(scratch: &Scratch) -> (Step, Step) {
        let threads = scratch.step("step-03-threads", Some("step-02-stateful"));
        scratch.write("step-03-threads/src/main.rs", THREADS);
        let pool = scratch.step("step-04-threadpool", Some("step-03-threads"));
        scratch.write("step-04-threadpool/src/main.rs", POOL);
        (threads, pool)
    }

    #[test]
    fn code_is_shown_with_the_line_numbers_of_both_files() {
        let text = plain().file(MAIN, &Comparison::new(THREADS, POOL));
        let expected = "
src/main.rs
   3      - use std::thread;
        3 + mod pool;
   5    5   fn main() -> Result<()> {
   6    6       let listener = cli::start()?;
        8 +     let pool = Pool::new(4);
   8    9       for stream in listener.incoming() {
   9   10           let stream = stream?;
  10      -         thread::spawn(move || lost(serve(stream)));
       12 +         pool.execute(move || lost(serve(stream)));
  11   13       }
";
        assert_eq!(text, expected);
    }

    #[test]
    fn what_is_far_from_a_change_is_left_out() {
        let old = "a();\nb();\nc();\nd();\ne();\nf();\n";
        let text = plain()
            .file(MAIN, &Comparison::new(old, &old.replace("a()", "z()").replace("f()", "y()")));
        assert!(text.contains('⋮') && text.contains("b();") && !text.contains("c();"), "{text}");
    }

    #[test]
    fn comments_blank_lines_and_indentation_are_no_change() {
        let old = "//! One.\nfn a() {\n    b(\"//\"); // c\n}\n";
        let new = "//! Two.\n\nfn a() {\n        /* d */ b(\"//\");\n\n}\n";
        let changed = Comparison::new(old, new).changed();
        assert_eq!(changed, Changed { added: 0, removed: 0, of: 3 });
        assert!(plain().file(MAIN, &Comparison::new(old, new)).contains("the same code"));
    }

    #[test]
    fn a_change_inside_text_is_one() {
        let changed = Comparison::new("a(\"//x\");", "a(\"//y\");").changed();
        assert_eq!(changed, Changed { added: 1, removed: 1, of: 1 });
        let changed = Comparison::new("a(\"\n  b\");", "a(\"\n b\");").changed();
        assert_eq!(changed.lines(), 2, "the indentation of text is text");
    }

    #[test]
    fn the_words_that_changed_are_reversed() {
        let text = coloured().file(MAIN, &Comparison::new(THREADS, POOL));
        let changed = "\x1b[31;7mthread::spawn\x1b[0m\x1b[31m(move || lost(serve(stream)));\x1b[0m";
        assert!(text.contains(changed), "{text}");
        assert!(text.contains("\x1b[32;7mpool.execute\x1b[0m"), "{text}");
        assert!(
            text.contains("\x1b[32mlet pool = Pool::new(4);\x1b[0m"),
            "all of it is new: {text}"
        );
    }

    #[test]
    fn lines_with_little_in_common_have_no_reversed_words() {
        let text = coloured().file(MAIN, &Comparison::new("accept(a, b);", "let b = 5 + 6 * 7;"));
        assert!(text.contains("\x1b[31m") && !text.contains(";7m"), "{text}");
    }

    #[test]
    fn words_are_names_spaces_and_single_marks() {
        let words = |code: &str| -> Vec<String> {
            let line = Line { number: 1, indent: String::new(), code: code.to_owned() };
            words_of(&line).into_iter().map(str::to_owned).collect()
        };
        assert_eq!(words("a_1::b  (c)"), ["a_1", ":", ":", "b", "  ", "(", "c", ")"]);
        assert_eq!(words("é→"), ["é", "→"]);
        assert_eq!(words(""), [""; 0]);
    }

    #[test]
    fn the_whole_of_two_steps() -> Result<()> {
        let scratch = Scratch::new("diff-steps");
        let (threads, pool) = steps(&scratch);
        scratch.write("step-03-threads/src/old.rs", "fn gone() {}\n");
        let tests = "\n#[cfg(test)]\nmod tests {\n    fn try_it() {}\n}\n";
        let workers = format!("// Workers.\nfn run() {{\n}}\n{tests}");
        scratch.write("step-04-threadpool/src/pool.rs", &workers);
        scratch.write("step-04-threadpool/src/pool/tests.rs", "fn try_it_too() {}\n");
        scratch
            .append("step-03-threads/Cargo.toml", "[dependencies]\na = '1'\nc.features = ['x']\n");
        scratch.append(
            "step-04-threadpool/Cargo.toml",
            "[dependencies]\nc.features = ['y']\n[target.'cfg(unix)'.dependencies]\nb = '1'\n",
        );

        let text = plain().steps(&threads, &pool)?;
        assert!(
            text.starts_with(
                "03 idea of step-03-threads → 04 idea of step-04-threadpool (main.rs +3 −2, now 10 lines)\n"
            ),
            "{text}"
        );
        assert!(text.contains("src/pool.rs is new: 2 lines of code\n"), "{text}");
        assert!(text.contains("src/old.rs is gone: 1 line of code"), "{text}");
        assert!(text.contains("        2 + fn run() {\n"), "{text}");
        assert!(!text.contains("fn gone()"), "{text}");
        assert!(text.ends_with("Cargo.toml\n- a\n+ b\n~ c (+y -x)\n"), "{text}");

        let text = Show { full: true, ..plain() }.steps(&threads, &pool)?;
        assert!(text.contains("        2 + fn run() {\n        3 + }\n"), "{text}");
        assert!(text.contains("   1      - fn gone() {}\n"), "{text}");
        assert!(!text.contains("try_it"), "{text}");

        // What the new step takes from the old one as a library is not gone.
        scratch.append("step-04-threadpool/Cargo.toml", "step-03-threads = '1'\n");
        let text = plain().steps(&threads, &pool)?;
        assert!(text.contains("src/old.rs stays in step-03-threads"), "{text}");
        assert_eq!(changed_lines(&threads, &pool)?, Changed { added: 3, removed: 2, of: 10 });
        Ok(())
    }

    #[test]
    fn a_step_without_its_file_is_an_error_that_names_it() {
        let scratch = Scratch::new("diff-missing");
        let (threads, mut pool) = steps(&scratch);
        pool.dir = pool.dir.join("elsewhere");
        let error = format!("{:#}", changed_lines(&threads, &pool).unwrap_err());
        assert!(error.contains("elsewhere"), "{error}");
    }

    #[test]
    fn steps_to_compare() {
        let args = |steps: &[&str]| Args {
            steps: steps.iter().map(|step| (*step).to_owned()).collect(),
            all: false,
            full: false,
            context: 3,
            color: When::Never,
        };
        let names = |steps: &[&str]| -> Result<Vec<(String, String)>> {
            Ok(pairs(&args(steps))?.into_iter().map(|(old, new)| (old.name, new.name)).collect())
        };
        let pair = |old: &str, new: &str| vec![(old.to_owned(), new.to_owned())];
        assert_eq!(names(&["4"]).unwrap(), pair("step-03-threads", "step-04-threadpool"));
        assert_eq!(names(&["05"]).unwrap(), pair("step-02-stateful", "step-05-nonblocking"));
        assert_eq!(names(&["3", "tokio"]).unwrap(), pair("step-03-threads", "step-08-tokio"));
        for (steps, says) in
            [(&["1"][..], "grew from no other"), (&["3", "03"], "both are"), (&["99"], "no step")]
        {
            let error = names(steps).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
        let all = pairs(&Args { all: true, ..args(&[]) }).unwrap();
        assert_eq!(all.len() + 1, steps::all().unwrap().len());
    }
}
