//! Building what is measured, as a user would: `cargo build --release`.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::child::Child;
use crate::steps;

/// A first build on a slow machine; the build tells on stderr what it does meanwhile.
const LIMIT: Duration = Duration::from_secs(30 * 60);

/// Builds the binaries of these packages; where they are, by name.
pub fn release(packages: &[&str]) -> Result<HashMap<String, PathBuf>> {
    let mut built = HashMap::new();
    for mut command in steps::builds(packages) {
        let mut build = Child::start(command.arg("--release"), None)?;
        while let Some(line) = build.line(LIMIT)? {
            built.extend(steps::executable(&line));
        }
        if !build.wait(LIMIT)?.success() {
            bail!("the release build failed, see above");
        }
    }
    for package in packages {
        built.get(*package).with_context(|| format!("{package} has no binary of that name"))?;
    }
    Ok(built)
}
