//! Building what is measured, as a user would: `cargo build --release`.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::child::Child;
use crate::steps;

/// A first build on a slow machine; the build tells on stderr what it does meanwhile.
const LIMIT: Duration = Duration::from_secs(30 * 60);

/// One line of `cargo build --message-format=json`; the rest of it does not matter here.
#[derive(Deserialize)]
struct Message {
    reason: String,
    target: Option<Target>,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

/// Builds the binaries of these packages in one go; where they are, by name.
pub fn release(packages: &[&str]) -> Result<HashMap<String, PathBuf>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(steps::root());
    command.args(["build", "--release", "--message-format=json-render-diagnostics"]);
    for package in packages {
        command.args(["--package", package]);
    }
    let mut build = Child::start(&mut command, None)?;
    let mut built = HashMap::new();
    while let Some(line) = build.line(LIMIT)? {
        let Ok(message) = serde_json::from_str::<Message>(&line) else { continue };
        if let Message { reason, target: Some(target), executable: Some(path) } = message
            && reason == "compiler-artifact"
            && target.kind.iter().any(|kind| kind == "bin")
        {
            built.insert(target.name, path);
        }
    }
    if !build.wait(LIMIT)?.success() {
        bail!("the release build failed, see above");
    }
    for package in packages {
        built.get(*package).with_context(|| format!("{package} has no binary of that name"))?;
    }
    Ok(built)
}
