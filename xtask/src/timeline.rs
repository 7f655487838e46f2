//! Pictures of who waits and who works, made from a run of each step.
//!
//! The step is started with `--trace`, clients play the same scenarios against it, and what both saw
//! is laid out and drawn on the same axis of time as that of every other step.

mod draw;
mod layout;
mod page;
mod scenario;
#[cfg(test)]
mod tests;

use std::ffi::OsStr;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::bench::{build, child::Child, interrupt};
use crate::{steps, trace};
use layout::Panel;
use scenario::{Played, Scenario};

/// How often a scenario is played. The run that was over first is drawn: what another program took
/// from the others was no doing of the server.
const RUNS: usize = 3;

/// How long a server may take to start, or to stop.
const PATIENCE: Duration = Duration::from_secs(10);

/// Flags of this command.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  cargo xtask timeline 04
  cargo xtask timeline 05 06 my-step
  cargo xtask timeline --all

Each step is drawn twice: as a picture, NAME.svg, and on the page index.html, where one can look as
closely as at a microsecond. Both need nothing but a browser.")]
pub struct Args {
    /// 4, 04, threadpool or a whole name
    #[arg(value_name = "STEP", required_unless_present = "all")]
    step: Vec<String>,
    /// Every step of the line
    #[arg(long, conflicts_with = "step")]
    all: bool,
    /// The folder to write into
    #[arg(long, value_name = "DIR", default_value = "docs/timeline")]
    out: PathBuf,
}

pub fn run(args: Args) -> Result<()> {
    let steps = if args.all {
        steps::all()?
    } else {
        args.step.iter().map(|wanted| steps::find(wanted)).collect::<Result<_>>()?
    };
    fs::create_dir_all(&args.out).with_context(|| format!("making {}", args.out.display()))?;
    interrupt::listen()?;
    let names: Vec<&str> = steps.iter().map(|step| step.name.as_str()).collect();
    let built = build::release(&names)?;
    let mut drawn = Vec::new();
    for step in &steps {
        let panels = watch(&built[&step.name]).with_context(|| step.name.clone())?;
        let path = args.out.join(format!("{}.svg", step.name));
        write(&path, &draw::picture(step, &panels))?;
        drawn.push((step, panels));
    }
    write(&args.out.join("index.html"), &page::page(&drawn))
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("writing {}", path.display()))?;
    println!("wrote {}", path.display());
    Ok(())
}

/// Plays every scenario against the server `program`, each against one of its own.
fn watch(program: &Path) -> Result<Vec<Panel>> {
    let once = |scenario: &Scenario| {
        let (played, trace) = play(program, scenario, OsStr::new("trace"))?;
        Ok(layout::lay_out(scenario, &played, &trace::parse(&trace)?))
    };
    let panel = |scenario: &Scenario| {
        let runs: Vec<Panel> = (0..RUNS).map(|_| once(scenario)).collect::<Result<_>>()?;
        Ok(steadiest(runs))
    };
    scenario::all().iter().map(panel).collect()
}

/// The run that was over first, and a note if that was chance.
fn steadiest(mut runs: Vec<Panel>) -> Panel {
    runs.sort_by_key(Panel::end);
    if let [first, .., last] = &runs[..]
        && last.end() - first.end() > 2 * layout::QUANTUM
    {
        let (first, last) = (layout::seconds(first.end()), layout::seconds(last.end()));
        eprintln!(
            "note: one run took {first} and another {last}: this machine has other things to do"
        );
    }
    runs.swap_remove(0)
}

/// Plays a scenario against the server `program`: what its clients saw, and the trace that it wrote
/// in a file of this name.
fn play(program: &Path, scenario: &Scenario, name: &OsStr) -> Result<(Played, String)> {
    let folder = tempfile::tempdir().context("making a folder for the trace")?;
    let file = folder.path().join(name);
    let mut command = Command::new(program);
    command.args(["--addr", "127.0.0.1:0", "--trace"]).arg(&file);
    let (mut server, addr) = start(&mut command)?;
    let played = scenario.play(addr)?;
    interrupt::check()?;
    stop(&mut server)?;
    let trace = fs::read_to_string(&file).context("reading the trace")?;
    Ok((played, trace))
}

/// A server, and where it says that it listens.
pub fn start(command: &mut Command) -> Result<(Child, SocketAddr)> {
    let server = Child::start(command, None)?;
    let line = server.line(PATIENCE)?.unwrap_or_default();
    let addr = line.strip_prefix("listening on ").and_then(|addr| addr.parse().ok());
    let addr = addr.with_context(|| format!("it did not say where it listens, but `{line}`"))?;
    Ok((server, addr))
}

/// In good order, so that the trace is complete.
#[cfg(unix)]
pub fn stop(server: &mut Child) -> Result<()> {
    server.ask_to_stop()?;
    let status = server.wait(PATIENCE)?;
    anyhow::ensure!(status.success(), "the server ended with {status}");
    Ok(())
}

/// There is nothing to ask with. All clients have left, and the trace of what they did is written.
#[cfg(not(unix))]
pub fn stop(_: &mut Child) -> Result<()> {
    Ok(())
}
