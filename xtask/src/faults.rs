//! Faults, injected into every step: what must hold, and what was seen.
//!
//! A row of the table is one fault, injected in one way (`faults/rows.rs`); many are conformance cases
//! (`crates/conform`). That each can be failed is shown by `xtask/tests/commands/faults.rs`.

mod accept;
mod cases;
mod client;
mod crowd;
mod page;
mod rows;
mod server;
mod start;
mod system;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Context, Result, ensure};
use conform::Protocol;

use crate::bench::{build, interrupt};
use crate::check;
use crate::steps::{self, Step};
use rows::{ROWS, Row};
use server::Subject;

/// How many servers are tried at once: most of them wait most of the time.
const AT_ONCE: usize = 6;

/// Flags of this command.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  cargo xtask faults
  cargo xtask faults 05 06 --row stop-under-load --row frozen
  cargo xtask faults --program ./my-server --row killed
  cargo xtask faults --write")]
pub struct Args {
    /// Only these steps: 4, 04, threadpool or the whole name
    #[arg(value_name = "STEP")]
    steps: Vec<String>,
    /// Only this row of the table (repeatable)
    #[arg(long, value_name = "NAME")]
    row: Vec<String>,
    /// Instead of steps, a program that takes their flags
    #[arg(long, value_name = "PATH", conflicts_with = "steps")]
    program: Option<PathBuf>,
    /// A flag that the program is given before all others (repeatable)
    #[arg(long, value_name = "FLAG", requires = "program", allow_hyphen_values = true)]
    flag: Vec<OsString>,
    /// Only this protocol, frames or http
    #[arg(long, value_name = "NAME", value_parser = check::protocol)]
    protocol: Option<Protocol>,
    /// How many clients are a crowd, instead of 10,000 and of 19,000
    #[arg(long, value_name = "N")]
    clients: Option<usize>,
    /// Write the table into docs/reliability.md, too
    #[arg(long, conflicts_with_all = ["steps", "row", "program", "protocol", "clients"])]
    write: bool,
}

/// What came of a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    verdict: Verdict,
    /// What was seen.
    observed: String,
}

/// What that means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Holds,
    /// It does not hold, as the step says of itself.
    ByDesign,
    Fails,
    /// It was not tried.
    Skipped,
}

/// What came of a row with one server and one protocol.
struct Cell {
    /// The place of the subject among all.
    subject: usize,
    protocol: Protocol,
    outcome: Outcome,
}

pub fn run(args: Args) -> Result<()> {
    let rows = chosen(&args.row)?;
    let subjects = match &args.program {
        Some(program) => vec![program_named(program, &args.flag)?],
        None => steps_named(&args.steps)?,
    };
    interrupt::listen()?;
    let mut table = Vec::new();
    for row in rows {
        let cells = inject(row, &subjects, &args)?;
        print!("{}", page::block(row, &subjects, &cells));
        table.push((row, cells));
    }
    print!("{}", page::causes(&subjects, &table));
    println!("{}", page::KEY);
    if args.write {
        page::write(&subjects, &table)?;
    }
    let is_wrong = |cell: &&Cell| cell.outcome.verdict == Verdict::Fails;
    let wrong = table.iter().flat_map(|(_, cells)| cells).filter(is_wrong).count();
    ensure!(wrong == 0, "{wrong} times what must hold did not (!! above)");
    Ok(())
}

fn chosen(names: &[String]) -> Result<Vec<&'static Row>> {
    if names.is_empty() {
        return Ok(ROWS.iter().collect());
    }
    let find = |name: &String| {
        let all = || ROWS.iter().map(|row| row.name).collect::<Vec<_>>().join(", ");
        let row = ROWS.iter().find(|row| row.name == name);
        row.with_context(|| format!("no row is called `{name}`; there are {}", all()))
    };
    names.iter().map(find).collect()
}

fn steps_named(names: &[String]) -> Result<Vec<Subject>> {
    let steps = match names {
        [] => steps::all()?,
        names => names.iter().map(|name| steps::find(name)).collect::<Result<_>>()?,
    };
    let names: Vec<&str> = steps.iter().map(|step| step.name.as_str()).collect();
    let programs = build::release(&names)?;
    let subject = |step: Step| Subject {
        name: step.number().to_owned(),
        program: programs[&step.name].clone(),
        flags: Vec::new(),
        fails: step.fails,
        wrong: step.wrong,
    };
    Ok(steps.into_iter().map(subject).collect())
}

/// It has no manifest that could say what it fails by design.
fn program_named(program: &std::path::Path, flags: &[OsString]) -> Result<Subject> {
    let path = program.canonicalize().with_context(|| format!("{}", program.display()))?;
    let name = path.file_name().context("a program has a name")?.to_string_lossy().into_owned();
    let (flags, fails, wrong) = (flags.to_vec(), Vec::new(), String::new());
    Ok(Subject { name, program: path, flags, fails, wrong })
}

/// Injects a fault into all, a few at a time.
fn inject(row: &Row, subjects: &[Subject], args: &Args) -> Result<Vec<Cell>> {
    let wanted = |protocol: &&Protocol| args.protocol.is_none_or(|only| only == **protocol);
    let protocols: Vec<Protocol> = row.protocols.iter().filter(wanted).copied().collect();
    let jobs: Vec<(usize, Protocol)> = (0..subjects.len())
        .flat_map(|subject| protocols.iter().map(move |&protocol| (subject, protocol)))
        .collect();
    let (next, cells) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..if row.is_alone() { 1 } else { AT_ONCE } {
            scope.spawn(|| {
                while let Some(&(subject, protocol)) =
                    jobs.get(next.fetch_add(1, Ordering::Relaxed))
                    && interrupt::check().is_ok()
                {
                    let outcome = row.inject(&subjects[subject], protocol, args.clients);
                    let cell = Cell { subject, protocol, outcome };
                    cells.lock().expect("no thread panics while it pushes").push(cell);
                }
            });
        }
    });
    interrupt::check()?;
    let mut cells = cells.into_inner().expect("no thread panics while it pushes");
    cells.sort_by_key(|cell| (cell.protocol as usize, cell.subject));
    Ok(cells)
}

/// `Some` if there is no such tool here.
fn missing(tool: &str, flag: &str) -> Option<Outcome> {
    let mut command = Command::new(tool);
    let tried = command.arg(flag).stdout(Stdio::null()).stderr(Stdio::null()).status();
    tried.is_err().then(|| Outcome::skipped(format!("`{tool}` is not here")))
}

impl Outcome {
    fn holds(observed: impl Into<String>) -> Outcome {
        Outcome { verdict: Verdict::Holds, observed: observed.into() }
    }

    fn by_design(observed: impl Into<String>) -> Outcome {
        Outcome { verdict: Verdict::ByDesign, observed: observed.into() }
    }

    fn fails(observed: impl Into<String>) -> Outcome {
        Outcome { verdict: Verdict::Fails, observed: observed.into() }
    }

    fn skipped(reason: impl Into<String>) -> Outcome {
        Outcome { verdict: Verdict::Skipped, observed: reason.into() }
    }
}

impl Verdict {
    fn mark(self) -> &'static str {
        match self {
            Verdict::Holds => "✓",
            Verdict::ByDesign => "✗",
            Verdict::Fails => "!!",
            Verdict::Skipped => "–",
        }
    }
}
