//! A step of the reader's own, in which everything is there but the waiting.
//!
//! It is made from `xtask/template` and lies beside the others, but is a workspace of its own, with
//! its own lock file: neither `cargo test --workspace` nor `--locked` notices that it is there and
//! unfinished, or that it is gone again.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Error, Result, ensure};

use crate::steps::{self, OWN};

/// What a step consists of: a path in its folder, and the text. `{name}` stands for its name,
/// `{parent}` for that of the step that it grew from; no name has braces.
const TEMPLATE: [(&str, &str); 3] = [
    ("Cargo.toml", include_str!("../template/Cargo.toml")),
    ("src/main.rs", include_str!("../template/src/main.rs")),
    ("tests/conformance.rs", include_str!("../template/tests/conformance.rs")),
];

/// Flags of this command.
#[derive(clap::Args)]
pub struct Args {
    /// Its name, which begins with `my-`
    #[arg(value_name = "MY-NAME")]
    name: String,
    /// The step that it grows from, and is compared with: 4, 04, threadpool or a whole name
    #[arg(long, value_name = "STEP", default_value = "02")]
    from: String,
}

pub fn run(args: Args) -> Result<()> {
    let name = &args.name;
    check_name(name)?;
    let parent = steps::find(&args.from)?.name;
    make(steps::root(), name, &parent)?;
    println!(
        "\
made {name}, which grows from {parent}; the waiting is yours to write, in {name}/src/main.rs
  cargo run --manifest-path {name}/Cargo.toml     serves, and loses every client at first
  cargo test --manifest-path {name}/Cargo.toml    what it can do, case by case
  cargo xtask check {name}                        what it cannot, and why
  cargo xtask diff {name}                         how it differs from {parent}
  cargo xtask timeline {name}                     who waits in it, as a picture
  cargo xtask bench-all --step {name}             how fast it is
To undo all of it, delete the folder {name}, and docs/timeline/{name}.svg if you drew it."
    );
    Ok(())
}

/// A name that cargo takes, and that no step of the line will ever have.
fn check_name(name: &str) -> Result<()> {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let is_word = |word: &str| !word.is_empty() && word.chars().all(is_plain);
    ensure!(
        name.split('-').all(is_word),
        "`{name}` is no name for a step: use lower-case letters and digits, with `-` between words"
    );
    ensure!(
        name.starts_with(OWN),
        "a step of your own is called `{OWN}…`: cargo xtask new {OWN}{name}"
    );
    Ok(())
}

/// Makes the step `name` in `root`, where the steps and `Cargo.lock` are.
fn make(root: &Path, name: &str, parent: &str) -> Result<()> {
    let dir = root.join(name);
    fs::create_dir(&dir).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => {
            Error::msg(format!("{name} is there already; delete it, or choose another name"))
        }
        _ => Error::new(error).context(format!("making {}", dir.display())),
    })?;
    for (path, text) in TEMPLATE {
        let path = dir.join(path);
        let folder = path.parent().expect("a file lies in a folder");
        let text = text.replace("{name}", name).replace("{parent}", parent);
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&path, text))
            .with_context(|| format!("writing {}", path.display()))?;
    }
    // It builds what the other steps build, in the same versions.
    fs::copy(root.join("Cargo.lock"), dir.join("Cargo.lock")).context("copying Cargo.lock")?;
    Ok(())
}

#[cfg(test)]
mod tests;
