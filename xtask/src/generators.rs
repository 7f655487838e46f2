//! Our load generator beside those that others wrote. Is it as cheap, and does it tell the same?
//!
//! *As cheap*: one nginx worker on one core, and on another core, in turn, our generator and `wrk`. It
//! is nginx that counts what was answered, in the same way for both (`closed`).
//!
//! *The same*: one of our steps, asked at the same rate by our generator and by each of the others that
//! is installed, and what each says of how long it took (`open`).

mod closed;
mod open;
mod tool;

use std::env;
use std::fmt::Write;
use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use load::{Protocol, limits};

use crate::bench::contender::Contender;
use crate::bench::machine::Machine;
use crate::bench::pin::Pinning;
use crate::bench::progress::Progress;
use crate::bench::stats::Summary;
use crate::bench::{build, interrupt};
use crate::steps;

/// Flags of this command.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  cargo xtask generators
  cargo xtask generators --write
  PATH=$PATH:$HOME/wrk2 cargo xtask generators --rounds 9 --seconds 10

The first half needs nginx and wrk. The second asks each of oha, wrk2 and h2load that is found in PATH
(wrk2 calls itself wrk when it is built: rename it). Nothing else should run meanwhile; what our
generator saw of others is told below the table.")]
pub struct Args {
    /// How many rounds, the generators taking turns
    #[arg(long, value_name = "N", default_value_t = 5)]
    rounds: usize,
    /// How long a round measures
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Rewrite the tables in docs/generators.md
    #[arg(long)]
    write: bool,
}

const PAGE: &str = "docs/generators.md";

/// What is generated stands between these lines of the page.
const BEGIN: &str = "<!-- generators (renew with `cargo xtask generators --write`) -->\n";
const END: &str = "<!-- /generators -->\n";

/// The step that is asked in the second half. It waits for all sockets at once, and what sleeps does so
/// on threads of its own: so neither half of it is slower than it has to be.
const STEP: &str = "step-09-spawn-blocking";

/// How many connections ask.
const CONNECTIONS: usize = 64;

/// What everybody does before it counts, in seconds.
const WARM_UP: u64 = 1;

pub fn run(args: Args) -> Result<()> {
    ensure!(args.rounds > 0, "no rounds: pass --rounds 1 or more");
    ensure!((1..=3600).contains(&args.seconds), "--seconds must be 1 to 3600");
    // The commands are written for there.
    env::set_current_dir(steps::root()).context("going to the root of the repository")?;
    let nofile = limits::raise_descriptors();
    let pinning = Pinning::choose(true);
    ensure!(pinning.server().is_some(), "it takes two cores: {}", pinning.describe());
    interrupt::listen()?;
    let mut built = build::release(&["load", STEP])?;
    let mut binary = |name| built.remove(name).with_context(|| format!("{name} has no binary"));
    let scratch = tempfile::tempdir().context("a folder for nginx")?;
    let nginx =
        format!("nginx=sh bench/generators/nginx.sh {{port}} '{}'", scratch.path().display());
    let bench = Bench {
        load: binary("load")?,
        step: Contender::step(STEP, binary(STEP)?),
        nginx: Contender::peer(&nginx, Some(Protocol::Http))?,
        machine: Machine::describe(nofile, pinning.describe()),
        pinning,
        rounds: args.rounds,
        seconds: args.seconds,
    };
    let text = bench.compare()?;
    println!("{text}");
    if args.write {
        let page = fs::read_to_string(PAGE).with_context(|| format!("reading {PAGE}"))?;
        fs::write(PAGE, renewed(&page, &text)?).with_context(|| format!("writing {PAGE}"))?;
    }
    Ok(())
}

/// Who takes part, where, and for how long.
struct Bench {
    /// Our generator.
    load: std::path::PathBuf,
    step: Contender,
    nginx: Contender,
    machine: Machine,
    pinning: Pinning,
    rounds: usize,
    /// How long each round measures.
    seconds: u64,
}

impl Bench {
    /// Both halves, as they stand in the page.
    fn compare(&self) -> Result<String> {
        let (nginx, wrk) = (version("nginx", "-v"), version("wrk", "-v"));
        let others: Vec<_> =
            tool::OTHERS.iter().map(|tool| (tool, version(tool.name, tool.version))).collect();
        let installed: Vec<_> = others.iter().filter(|(_, version)| version.is_some()).collect();
        let cheap = nginx.is_some() && wrk.is_some();
        let cells = if cheap { closed::cells() } else { 0 } + open::cells(installed.len());
        let mut progress = Progress::new((cells * self.rounds) as u64);

        let mut text = String::from("\n### As cheap?\n\n");
        if cheap {
            text += &closed::compare(self, &mut progress)?;
        } else {
            text += "Skipped: it takes nginx and wrk, and they are not both installed.\n";
        }
        text += "\n### The same?\n\n";
        let tools: Vec<_> = installed.iter().map(|(tool, _)| *tool).collect();
        text += &open::compare(self, &tools, &mut progress)?;
        for (tool, _) in others.iter().filter(|(_, version)| version.is_none()) {
            writeln!(text, "\nSkipped: {}, which is not installed.", tool.name)?;
        }
        let versions =
            [nginx, wrk].into_iter().chain(others.into_iter().map(|(_, version)| version));
        let versions: Vec<String> = versions.flatten().collect();
        writeln!(text, "\n{}\n", self.footer(&versions))?;
        Ok(text)
    }

    /// The machine and the method.
    fn footer(&self, versions: &[String]) -> String {
        let Machine { cpu, cores, kernel, date, git_revision, pinning, .. } = &self.machine;
        let seconds = self.seconds;
        let rounds = match self.rounds {
            1 => "1 round".into(),
            n => format!("{n} rounds"),
        };
        format!(
            "{rounds} of {seconds} s after {WARM_UP} s of warm-up, the generators taking turns; \
             medians, and ± is half of the interval (95 % of confidence from six rounds on, otherwise \
             the range). {cpu}, {cores} cores, {kernel}; {pinning}; {date}, release build of \
             {git_revision}; {}.",
            versions.join(", ")
        )
    }
}

/// The first line in which a program tells its version, with its name; `None` if it is not installed.
fn version(program: &str, flag: &str) -> Option<String> {
    let output = Command::new(program).arg(flag).output().ok()?;
    let [out, err] =
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    let line =
        out.lines().chain(err.lines()).find(|line| line.contains(|c: char| c.is_ascii_digit()))?;
    let line = line.split(" Copyright").next().unwrap_or(line);
    Some(line.trim_start_matches("nginx version: ").to_owned())
}

/// `12.3 ± 4 %`: a median, as `shown`, and how far it can be trusted.
fn with_spread(summary: Summary, shown: impl Fn(f64) -> String) -> String {
    match summary.rounds {
        1 => shown(summary.median),
        _ => format!("{} ± {:.0} %", shown(summary.median), summary.spread()),
    }
}

/// The page with this text between its marks.
fn renewed(page: &str, text: &str) -> Result<String> {
    let parts =
        page.split_once(BEGIN).and_then(|(before, rest)| Some((before, rest.split_once(END)?)));
    let Some((before, (_, after))) = parts else {
        bail!("{PAGE} lacks the lines {BEGIN}and {END}")
    };
    Ok(format!("{before}{BEGIN}{text}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::stats::summary;

    #[test]
    fn what_is_between_the_marks_is_renewed_and_nothing_else() {
        let page = format!("Before\n{BEGIN}old\n{END}After\n");
        let new = renewed(&page, "new\n").unwrap();
        assert_eq!(new, format!("Before\n{BEGIN}new\n{END}After\n"));
        assert!(renewed("Before\nAfter\n", "new\n").is_err());
    }

    #[test]
    fn the_page_has_its_marks() {
        let page = fs::read_to_string(steps::root().join(PAGE)).unwrap();
        assert!(renewed(&page, "").is_ok());
    }

    #[test]
    fn what_is_not_installed_has_no_version() {
        assert_eq!(version("no-such-generator", "-v"), None);
        assert!(version("cargo", "--version").unwrap().starts_with("cargo 1."));
    }

    #[test]
    fn one_round_has_no_spread() {
        let whole = |value| format!("{value:.0}");
        assert_eq!(with_spread(summary([5.0]).unwrap(), whole), "5");
        assert_eq!(with_spread(summary([9.0, 10.0, 11.0]).unwrap(), whole), "10 ± 10 %");
    }
}
