//! Tries the site in a real browser: Chromium, driven by the test in `tests/browser`.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::steps;

/// One step that waits in threads, one with an event loop, one on Tokio.
const STEPS: [&str; 3] = ["step-03-threads", "step-06-separation", "step-10-multithread"];

/// What Chromium and its kin are called.
const CHROMIUM: [&str; 6] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
];

/// Flags of this command.
#[derive(clap::Args)]
#[command(after_help = "\
It needs Node.js 20 or later with npm, and Chromium or Chrome; another place can be told by the
variable CHROMIUM. Without them it is skipped, and says so. Screenshots are left in target/browser.")]
pub struct Args {}

pub fn run(_: Args) -> Result<()> {
    let (node, npm, chromium) = match tools() {
        Ok(tools) => tools,
        Err(missing) => {
            println!("SKIPPED, the site was not tried in a browser: {missing}");
            return Ok(());
        }
    };
    let here = steps::root().join("tests").join("browser");
    let steps = STEPS.iter().map(|name| steps::find(name)).collect::<Result<Vec<_>>>()?;
    let programs = steps::build(&steps)?;
    // Beside the directory that this program and the steps were built into.
    let target = programs[0].ancestors().nth(2).context("a program has no directory")?;
    run_in(&here, Command::new(npm).args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]))?;
    run_in(
        &here,
        Command::new(node)
            .args(["--test", "--test-reporter=spec", "site.test.js"])
            .env("CHROMIUM", chromium)
            .env("ROOT", steps::root())
            .env("SCREENSHOTS", target.join("browser"))
            .env("SERVERS", env::join_paths(&programs)?),
    )
}

/// Node.js, npm and Chromium, or what to do about the one that is missing.
fn tools() -> Result<(PathBuf, PathBuf, PathBuf), &'static str> {
    let node = program("node").ok_or("install Node.js 20 or later")?;
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let npm = program(npm).ok_or("install npm, the package manager of Node.js")?;
    let chromium = match env::var_os("CHROMIUM") {
        Some(path) => Some(path.into()),
        None => CHROMIUM.iter().find_map(|name| program(name)),
    };
    Ok((node, npm, chromium.ok_or("install Chromium, or set CHROMIUM to where it is")?))
}

/// Where a program is that is found as a shell finds it, or that is named by its whole path.
fn program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let candidates = env::split_paths(&path).map(|directory| directory.join(name));
    candidates.flat_map(|path| [path.with_extension("exe"), path]).find(|path| path.is_file())
}

fn run_in(directory: &Path, command: &mut Command) -> Result<()> {
    let name = command.get_program().to_owned();
    let status = command.current_dir(directory).status();
    let status = status.with_context(|| format!("running {}", name.display()))?;
    ensure!(status.success(), "{} failed, see above", name.display());
    Ok(())
}
