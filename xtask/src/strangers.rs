//! The conformance cases, aimed at servers that we did not write, and what is to be said of each.
//!
//! Whatever a server fails that it must do, and whatever it does not do that it should, was looked at
//! by a person: `notes.toml` says what they found. A failure without a note is an error here, and a
//! note without a failure is one too.

use std::env;
use std::fs;

use anyhow::{Context, Result, ensure};
use conform::{Case, Check, Finding, Level, Outcome, Property, Protocol, Report, Target, shell};
use serde::Deserialize;

use crate::{check, steps};

/// Flags of this command.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  cargo xtask strangers
  cargo xtask strangers nginx node
  cargo xtask strangers --write

A server that is not installed is skipped; what the page says of it stays.")]
pub struct Args {
    /// Only these
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Rewrite what crates/conform/README.md says of them
    #[arg(long)]
    write: bool,
    /// Where the random input comes from
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
}

const STRANGERS: &str = "crates/conform/strangers/strangers.toml";
const NOTES: &str = "crates/conform/strangers/notes.toml";
const PAGE: &str = "crates/conform/README.md";

/// What is generated stands between these lines of the page.
const BEGIN: &str = "<!-- strangers (renew with `cargo xtask strangers --write`) -->\n";
const END: &str = "<!-- /strangers -->\n";

/// A server, and what is to be known to start it. The commands are lines for a shell.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stranger {
    name: String,
    protocol: Speaks,
    command: String,
    /// Prints its version; where it fails, the server is not installed.
    version: String,
    /// Is run once, before.
    prepare: Option<String>,
    /// A page that it has, where it has no `/plain`.
    path: Option<String>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Speaks {
    Frames,
    Http,
}

/// What a person found when they looked at cases that a server does not pass.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Note {
    stranger: String,
    /// They have the same cause.
    cases: Vec<String>,
    verdict: Verdict,
    /// Whether a race decides each time if they are passed.
    #[serde(default)]
    sometimes: bool,
    /// One sentence.
    says: String,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    /// The words of the RFC, or of the frames protocol, demand what the server does not do.
    True,
    /// So does this configuration of it; another one passes.
    Setting,
    /// No standard demands it; our steps promise it.
    Promise,
}

/// A server that was here, and what came of it.
struct Checked {
    stranger: Stranger,
    version: String,
    report: Report,
}

pub fn run(args: Args) -> Result<()> {
    // The commands are written for there.
    env::set_current_dir(steps::root()).context("going to the root of the repository")?;
    check::end_servers_on_interrupt()?;
    let (strangers, notes) = (strangers()?, notes()?);
    for name in &args.names {
        let known: Vec<&str> = strangers.iter().map(|stranger| stranger.name.as_str()).collect();
        ensure!(known.contains(&name.as_str()), "nobody is called `{name}`: {}", known.join(", "));
    }
    let mut checked = Vec::new();
    for stranger in &strangers {
        if !args.names.is_empty() && !args.names.contains(&stranger.name) {
            continue;
        }
        let Some(version) = stranger.version() else {
            println!("{}: skipped, it is not installed (`{}`)", stranger.name, stranger.version);
            continue;
        };
        let one = stranger.check(version, args.seed)?;
        print!("{}", one.summary());
        checked.push(one);
    }
    let page = read(PAGE)?;
    let renewed = renewed(&page, &strangers, &notes, &checked)?;
    if args.write {
        fs::write(PAGE, &renewed).with_context(|| format!("writing {PAGE}"))?;
    }
    let mut wrong: Vec<String> =
        checked.iter().flat_map(|checked| checked.unexplained(&notes)).collect();
    if !args.write && page != renewed {
        wrong.push(format!("{PAGE} says something else: `cargo xtask strangers --write`"));
    }
    ensure!(wrong.is_empty(), "what is said of them is not what they do\n{}", wrong.join("\n"));
    Ok(())
}

fn strangers() -> Result<Vec<Stranger>> {
    #[derive(Deserialize)]
    struct File {
        stranger: Vec<Stranger>,
    }
    Ok(toml::from_str::<File>(&read(STRANGERS)?).context(STRANGERS)?.stranger)
}

fn notes() -> Result<Vec<Note>> {
    #[derive(Deserialize)]
    struct File {
        note: Vec<Note>,
    }
    Ok(toml::from_str::<File>(&read(NOTES)?).context(NOTES)?.note)
}

fn read(path: &str) -> Result<String> {
    fs::read_to_string(steps::root().join(path)).with_context(|| format!("reading {path}"))
}

impl Stranger {
    /// `None`: it is not installed.
    fn version(&self) -> Option<String> {
        let output = shell(&self.version).output().ok().filter(|output| output.status.success())?;
        version_in(&String::from_utf8_lossy(&[output.stdout, output.stderr].concat()))
    }

    fn check(&self, version: String, seed: u64) -> Result<Checked> {
        if let Some(prepare) = &self.prepare {
            let done = shell(prepare).status().with_context(|| format!("running `{prepare}`"))?;
            ensure!(done.success(), "{}: `{prepare}` failed ({done})", self.name);
        }
        let protocol = self.protocol();
        let check = Check {
            target: Target::Command(self.command.clone()),
            protocol,
            seed,
            path: self.path.clone().unwrap_or_else(|| "/".into()),
            cases: conform::cases().into_iter().filter(|case| case.protocol == protocol).collect(),
            whole: false,
        };
        let report = check.run(|_| {}).with_context(|| format!("checking {}", self.name))?;
        Ok(Checked { stranger: self.clone(), version, report })
    }

    fn protocol(&self) -> Protocol {
        match self.protocol {
            Speaks::Frames => Protocol::Frames,
            Speaks::Http => Protocol::Http,
        }
    }
}

/// `1.22.1` of `nginx version: nginx/1.22.1`: the first word that begins like a number.
fn version_in(text: &str) -> Option<String> {
    let words = text.split(|c: char| c.is_whitespace() || "/(@".contains(c));
    let words = words.map(|word| word.strip_prefix('v').unwrap_or(word));
    let mut versions =
        words.map(|word| word.split(|c: char| !c.is_ascii_digit() && c != '.').next());
    versions.find_map(|version| version.filter(|version| version.contains('.')).map(str::to_owned))
}

/// What is wrong with the server, if a person has to look at it.
fn to_explain(outcome: &Outcome) -> Option<&str> {
    match &outcome.finding {
        Finding::Fails(story) => Some(&story.what),
        Finding::Differs(story) if outcome.case.level() == Some(Level::Should) => Some(&story.what),
        _ => None,
    }
}

impl Checked {
    /// What it does, for the terminal.
    fn summary(&self) -> String {
        let Checked { stranger: Stranger { name, .. }, version, report } = self;
        let names = |wanted| {
            let all = Property::ALL.into_iter().filter(|&p| report.has(p) == Some(wanted));
            all.map(Property::name).collect::<Vec<_>>().join(", ")
        };
        let mut text =
            format!("{name} {version}\n  has: {}\n  lacks: {}\n", names(true), names(false));
        for outcome in &report.outcomes {
            if let Some(what) = to_explain(outcome) {
                let what = what.lines().next().unwrap_or_default();
                text += &format!("    {}: {what}\n", demand(&outcome.case));
            }
        }
        text
    }

    /// Cases without a note, and notes without a case.
    fn unexplained(&self, notes: &[Note]) -> Vec<String> {
        let name = &self.stranger.name;
        let mut wrong = Vec::new();
        for outcome in &self.report.outcomes {
            let case = outcome.case.name;
            let is_about = |note: &&Note| {
                note.stranger == *name && note.cases.iter().any(|noted| noted == case)
            };
            let about: Vec<&Note> = notes.iter().filter(is_about).collect();
            match (to_explain(outcome), about.len()) {
                (None, 1) if about[0].sometimes => {}
                (Some(_), 0) => wrong.push(format!("{name}: {case} is not passed; {NOTES}: why?")),
                (None, 1..) => wrong.push(format!("{name}: {case} is not failed, as {NOTES} says")),
                (_, 0 | 1) => {}
                (_, 2..) => wrong.push(format!("{name}: {case} has more than one note in {NOTES}")),
            }
        }
        wrong
    }

    /// Its row in the table.
    fn row(&self) -> String {
        let Checked { stranger, version, report } = self;
        let cells = properties(stranger.protocol()).map(|property| cell(report, property));
        format!("| {} {version} | {} |\n", stranger.name, cells.collect::<Vec<_>>().join(" | "))
    }

    /// What it does not pass, and why.
    fn section(&self, notes: &[Note]) -> String {
        let Checked { stranger: Stranger { name, command, .. }, version, report } = self;
        let mut text = format!("### {name} {version}\n\n`{command}`\n\n");
        let find = |name: &String| report.outcomes.iter().find(|o| o.case.name == name);
        let mut rows = String::new();
        for note in notes.iter().filter(|note| note.stranger == *name) {
            let is_shown = |outcome: &&Outcome| note.sometimes || to_explain(outcome).is_some();
            let failed = note.cases.iter().filter_map(find).filter(is_shown);
            let failed: Vec<String> = failed.map(|outcome| demand(&outcome.case)).collect();
            if !failed.is_empty() {
                rows += &format!(
                    "| {} | {} | {} |\n",
                    failed.join(", "),
                    note.verdict.word(),
                    note.says
                );
            }
        }
        text += &match rows.as_str() {
            "" => "It passes whatever it must and should.\n".to_owned(),
            rows => {
                format!("| it does not pass | verdict | what was found |\n|---|---|---|\n{rows}")
            }
        };
        text + "\n"
    }
}

/// A case, and how strongly which clause demands it.
fn demand(case: &Case) -> String {
    let name = case.name;
    match case.rule {
        Some(rule) if case.level().is_some() => {
            format!("`{name}` ({}, RFC {})", rule.level, rule.clause)
        }
        _ => format!("`{name}`"),
    }
}

impl Verdict {
    fn word(self) -> &'static str {
        match self {
            Verdict::True => "true",
            Verdict::Setting => "true as it is set up",
            Verdict::Promise => "no RFC demands it",
        }
    }
}

/// The properties that a protocol has cases of.
fn properties(protocol: Protocol) -> impl Iterator<Item = Property> {
    let mut cases = conform::cases();
    cases.retain(|case| case.protocol == protocol);
    let has_cases = move |property: &Property| cases.iter().any(|case| case.property == *property);
    Property::ALL.into_iter().filter(has_cases)
}

/// How many of a property's cases pass, of those tried: what must be, what should be, and in brackets
/// how many were not tried.
fn cell(report: &Report, property: Property) -> String {
    let all: Vec<&Outcome> =
        report.outcomes.iter().filter(|outcome| outcome.case.property == property).collect();
    let of = |wanted: &dyn Fn(&Case) -> bool| {
        let tried = all.iter().filter(|outcome| {
            wanted(&outcome.case) && !matches!(outcome.finding, Finding::NotTried(_))
        });
        let tried: Vec<_> = tried.collect();
        let passed = tried.iter().filter(|outcome| outcome.finding == Finding::Passes).count();
        (!tried.is_empty()).then(|| format!("{passed}/{}", tried.len()))
    };
    let must = of(&|case| case.is_required()).unwrap_or_else(|| "–".into());
    let should = of(&|case| case.level() == Some(Level::Should));
    let not_tried = all.iter().filter(|o| matches!(o.finding, Finding::NotTried(_))).count();
    let should = should.map_or_else(String::new, |should| format!(", {should}"));
    let not_tried = if not_tried == 0 { String::new() } else { format!(" ({not_tried})") };
    format!("{must}{should}{not_tried}")
}

/// The page with what was found. Of whom nothing was found, it says what it said.
fn renewed(
    page: &str,
    strangers: &[Stranger],
    notes: &[Note],
    checked: &[Checked],
) -> Result<String> {
    let marked = || format!("{PAGE} lacks the lines {BEGIN}and {END}");
    let (before, rest) = page.split_once(BEGIN).with_context(marked)?;
    let (old, after) = rest.split_once(END).with_context(marked)?;
    let find = |stranger: &Stranger| checked.iter().find(|one| one.stranger.name == stranger.name);
    let mut text = String::from("\n");
    for protocol in [Protocol::Http, Protocol::Frames] {
        let names: Vec<&str> = properties(protocol).map(Property::name).collect();
        text += &format!("| server | {} |\n", names.join(" | "));
        text += &format!("|---|{}\n", "---|".repeat(names.len()));
        for stranger in strangers.iter().filter(|stranger| stranger.protocol() == protocol) {
            let start = format!("| {} ", stranger.name);
            let row = old.split_inclusive('\n').find(|line| line.starts_with(&start));
            text += &find(stranger).map_or_else(|| row.unwrap_or("").to_owned(), Checked::row);
        }
        text += "\n";
    }
    for stranger in strangers {
        let start = format!("### {} ", stranger.name);
        let section = old.find(&start).map(|at| &old[at..]).unwrap_or("");
        let end = section.match_indices("### ").nth(1).map_or(section.len(), |(at, _)| at);
        text += &find(stranger)
            .map_or_else(|| section[..end].to_owned(), |checked| checked.section(notes));
    }
    Ok(format!("{before}{BEGIN}{text}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use conform::Story;

    use super::*;

    fn stranger(name: &str) -> Stranger {
        let text = format!("name = '{name}'\nprotocol = 'http'\ncommand = 'run it'\nversion = 'v'");
        toml::from_str(&text).unwrap()
    }

    fn note(stranger: &str, case: &str) -> Note {
        let says = "It does not.".into();
        let (stranger, cases) = (stranger.into(), vec![case.into()]);
        Note { stranger, cases, verdict: Verdict::True, sometimes: false, says }
    }

    /// A server that does this with the first case of a level, and passes all others.
    fn checked(name: &str, level: Level, finding: Finding) -> (Checked, &'static str) {
        let (mut finding, mut seen) = (Some(finding), "");
        let mut outcome = |case: Case| {
            let found = if case.level() == Some(level) { finding.take() } else { None };
            if found.is_some() {
                seen = case.name;
            }
            let finding = found.unwrap_or(Finding::Passes);
            Outcome { case, finding, tries: 1, took: Duration::ZERO }
        };
        let cases = conform::cases().into_iter().filter(|case| case.protocol == Protocol::Http);
        let outcomes = cases.map(&mut outcome).collect();
        let report = Report { outcomes, patience: Duration::ZERO, gone: false };
        (Checked { stranger: stranger(name), version: "1.2".into(), report }, seen)
    }

    fn story(what: &str) -> Story {
        Story { what: what.into(), transcript: String::new(), cause: "" }
    }

    fn fails() -> Finding {
        Finding::Fails(story("nothing came"))
    }

    #[test]
    fn versions_are_found_in_what_servers_say() {
        for (said, version) in [
            ("nginx version: nginx/1.22.1", "1.22.1"),
            ("HAProxy version 2.6.12-1+deb12u4 2026/10/17 - https://haproxy.org/", "2.6.12"),
            ("v20.20.2\n", "20.20.2"),
            ("Python 3.11.7", "3.11.7"),
            ("cc (Debian 12.2.0-14+deb12u1) 12.2.0", "12.2.0"),
            ("hyper@1.12.0", "1.12.0"),
        ] {
            assert_eq!(version_in(said).as_deref(), Some(version));
        }
        assert_eq!(version_in("not found"), None);
    }

    #[test]
    fn a_failure_wants_a_note_and_a_note_a_failure() {
        let (one, case) = checked("a", Level::Must, fails());
        let why = |notes: &[Note]| one.unexplained(notes).join("; ");
        assert!(why(&[]).contains(&format!("a: {case} is not passed")));
        assert!(why(&[note("b", case)]).contains("is not passed"), "another server's note");
        assert_eq!(why(&[note("a", case)]), "");
        assert!(why(&[note("a", case), note("a", case)]).contains("more than one note"));
        let stale = why(&[note("a", case), note("a", "http-close")]);
        assert!(stale.contains("http-close is not failed"), "{stale}");
        let race = Note { sometimes: true, ..note("a", "http-close") };
        assert_eq!(why(&[note("a", case), race]), "");
    }

    #[test]
    fn what_should_be_is_explained_and_what_may_be_is_not() {
        let differs = || Finding::Differs(story("something else"));
        let (should, case) = checked("a", Level::Should, differs());
        assert!(should.unexplained(&[])[0].contains(case));
        let (may, _) = checked("a", Level::May, differs());
        assert_eq!(may.unexplained(&[]), [""; 0]);
    }

    #[test]
    fn who_is_not_here_keeps_what_was_found() {
        let strangers = [stranger("a"), stranger("b")];
        let page = |old: &str| format!("Before\n{BEGIN}{old}{END}After\n");
        let (a, case) = checked("a", Level::Must, fails());
        let (b, _) = checked("b", Level::Must, Finding::NotTried("no".into()));
        let notes = [note("a", case)];
        let both = renewed(&page(""), &strangers, &notes, &[a, b]).unwrap();
        assert!(both.starts_with("Before\n") && both.ends_with("After\n"), "{both}");
        assert!(both.contains("### a 1.2\n\n`run it`\n\n| it does not"), "{both}");
        assert!(both.contains(&format!("| `{case}` (MUST, RFC ")), "{both}");
        assert!(both.contains("| true | It does not. |\n\n### b 1.2\n"), "{both}");
        assert!(both.contains("It passes whatever it must and should.\n"), "{both}");

        assert_eq!(renewed(&both, &strangers, &notes, &[]).unwrap(), both);
        let (newer, _) = checked("b", Level::Must, Finding::Passes);
        let newer = Checked { version: "1.3".into(), ..newer };
        let renewed = renewed(&both, &strangers, &notes, &[newer]).unwrap();
        assert!(renewed.contains("| a 1.2 | ") && renewed.contains("### a 1.2\n"), "{renewed}");
        assert!(renewed.contains("| b 1.3 | ") && !renewed.contains("b 1.2"), "{renewed}");
    }

    #[test]
    fn what_is_counted_is_what_must_be_and_what_should() {
        let passed = |report: &Report, property| cell(report, property);
        let (all, _) = checked("a", Level::Must, Finding::Passes);
        let of = |wanted: fn(&Case) -> bool| {
            let cases = conform::cases().into_iter().filter(|c| c.property == Property::Messages);
            cases.filter(wanted).count()
        };
        let (must, should) = (of(Case::is_required), of(|c| c.level() == Some(Level::Should)));
        let should = if should == 0 { String::new() } else { format!(", {should}/{should}") };
        assert_eq!(passed(&all.report, Property::Messages), format!("{must}/{must}{should}"));
        let (one, _) = checked("a", Level::Must, fails());
        let less = format!("{}/{must}{should}", must - 1);
        assert_eq!(passed(&one.report, Property::Messages), less);
        let (one, _) = checked("a", Level::Must, Finding::NotTried("no".into()));
        let less = format!("{0}/{0}{should} (1)", must - 1);
        assert_eq!(passed(&one.report, Property::Messages), less);
    }

    #[test]
    fn notes_are_about_cases_and_servers_that_there_are() {
        let (strangers, notes) = (strangers().unwrap(), notes().unwrap());
        for note in notes {
            let known = strangers.iter().any(|stranger| stranger.name == note.stranger);
            assert!(known, "{NOTES}: nobody is called {}", note.stranger);
            assert!(note.says.ends_with('.') && !note.says.contains('|'), "{}", note.says);
            for name in &note.cases {
                let known = conform::cases().iter().any(|case| case.name == name);
                assert!(known, "{NOTES}: no case is called {name}");
            }
        }
    }
}
