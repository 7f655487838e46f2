//! The rows of `cargo xtask faults` can be failed: each by a server that is broken in just that way,
//! and by no server without a flaw.
//!
//! A row that is made of conformance cases has its controls in `crates/conform/tests`.

mod fragile;

use std::env;
use std::process::Command;
use std::sync::{PoisonError, RwLock};

use fragile::Flaw::{self, *};
use libtest_mimic::{Completion, Failed, Trial};

pub use fragile::main as serve;

/// A row, who fails it, and what is said then.
const CONTROLS: [(&str, Flaw, &str); 10] = [
    ("no-descriptors", Spins, "it spun: "),
    ("no-descriptors", DiesOfAccept, "the server ended with"),
    ("accept-fails", DiesOfAccept, "the server ended with"),
    ("killed", DiesOfClients, "B, who was there"),
    ("address-in-use", Panics, "lines: "),
    ("address-in-use", IsMute, "0 lines: "),
    ("wrong-flags", IsEasy, "it runs, as if `--no-such-flag` were right"),
    ("no-permission", Panics, "lines: "),
    ("ten-thousand", Hoards, "each of 200 costs"),
    ("ten-thousand", Dawdles, ", and p50 "),
];

/// Time is measured of a crowd: no other row is tried meanwhile.
static TIMED: RwLock<()> = RwLock::new(());

pub fn trials() -> Vec<Trial> {
    // Elsewhere most faults cannot be injected.
    if !cfg!(target_os = "linux") {
        return Vec::new();
    }
    let mut trials: Vec<Trial> = CONTROLS
        .iter()
        .map(|&(row, flaw, words)| {
            let test = move || fails(row, flaw, words);
            Trial::ignorable_test(format!("{row}, {flaw:?}"), test)
        })
        .collect();
    let mut rows: Vec<&str> = CONTROLS.iter().map(|&(row, ..)| row).collect();
    rows.dedup();
    let test = move |row: &'static str| Trial::ignorable_test(row, move || holds(row));
    trials.extend(rows.into_iter().map(test));
    trials
}

/// What the command says of a server that is broken so, and whether all is well.
fn said(row: &str, flaw: Flaw) -> Result<(String, bool), Failed> {
    let is_timed = row == "ten-thousand";
    let _alone = is_timed.then(|| TIMED.write().unwrap_or_else(PoisonError::into_inner));
    let _beside = (!is_timed).then(|| TIMED.read().unwrap_or_else(PoisonError::into_inner));
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.args(["faults", "--row", row, "--protocol", "frames", "--clients", "200"]);
    command.arg("--program").arg(env::current_exe()?);
    command.args(["--flag", "--flaw", "--flag", &format!("{flaw:?}")]);
    let output = command.output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok((said + &String::from_utf8_lossy(&output.stderr), output.status.success()))
}

fn holds(row: &str) -> Result<Completion, Failed> {
    match said(row, Flawless)? {
        (said, true) if said.contains(" –\n") => Ok(Completion::ignored_with(reason(&said))),
        (said, true) if said.contains(" ✓\n") => Ok(Completion::Completed),
        (said, _) => Err(said.into()),
    }
}

fn fails(row: &str, flaw: Flaw, words: &str) -> Result<Completion, Failed> {
    match said(row, flaw)? {
        (said, true) if said.contains(" –\n") => Ok(Completion::ignored_with(reason(&said))),
        (said, false) if said.contains(words) => Ok(Completion::Completed),
        (said, _) => Err(format!("nothing of `{words}`: {said}").into()),
    }
}

/// Why a row was not tried.
fn reason(said: &str) -> String {
    said.lines().find_map(|line| line.strip_prefix("  observed  all: ")).unwrap_or(said).to_owned()
}
