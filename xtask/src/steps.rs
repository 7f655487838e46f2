//! Which steps there are, read from their manifests.

use std::env::{self, consts::EXE_SUFFIX};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

/// One `step-NN-name` directory.
#[derive(Debug, Clone)]
pub struct Step {
    /// The package's name, which is also the directory's: `step-04-threadpool`.
    pub name: String,
    /// The step that this one grew from; `None` for the first.
    pub previous: Option<String>,
    /// The step's one idea, in a few words.
    pub idea: String,
    /// Who waits, in this step.
    pub waits: String,
    /// Where the state of a conversation lives meanwhile.
    pub state: String,
    /// What the next step repairs.
    pub wrong: String,
    /// Names of the conformance cases that this step fails by design.
    pub fails: Vec<String>,
    /// How many changed lines `main.rs` may have against the parent's.
    pub budget: usize,
    /// The step's directory.
    pub dir: PathBuf,
}

impl Step {
    /// `04` of `step-04-threadpool`.
    pub fn number(&self) -> &str {
        self.name.split('-').nth(1).unwrap_or("")
    }
}

#[derive(Deserialize)]
struct Manifest {
    package: Package,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Metadata {
    step: StepTable,
}

#[derive(Deserialize)]
struct StepTable {
    previous: Option<String>,
    idea: String,
    waits: String,
    state: String,
    wrong: String,
    #[serde(default)]
    fails: Vec<String>,
    #[serde(default)]
    budget: usize,
}

/// The root of the workspace.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace")
}

/// Every step, in the order of their numbers.
pub fn all() -> Result<Vec<Step>> {
    let mut steps = Vec::new();
    for entry in fs::read_dir(root()).context("reading the workspace")? {
        let dir = entry?.path();
        let manifest = dir.join("Cargo.toml");
        let is_step = dir
            .file_name()
            .and_then(|name| name.to_str())
            .is_some_and(|name| name.starts_with("step-"));
        if !is_step || !manifest.is_file() {
            continue;
        }
        let text = fs::read_to_string(&manifest)
            .with_context(|| format!("reading {}", manifest.display()))?;
        let Package { name, metadata } = toml::from_str::<Manifest>(&text)
            .with_context(|| format!("{} lacks [package.metadata.step]", manifest.display()))?
            .package;
        let StepTable { previous, idea, waits, state, wrong, fails, budget } = metadata.step;
        steps.push(Step { name, previous, idea, waits, state, wrong, fails, budget, dir });
    }
    steps.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(steps)
}

/// Builds steps beside this program, in its profile, and says where each is.
pub fn build(steps: &[Step]) -> Result<Vec<PathBuf>> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(root()).arg("build");
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    command.args(steps.iter().flat_map(|step| ["--package", &step.name]));
    if !command.status().context("running cargo build")?.success() {
        bail!("the build failed, see above");
    }
    let here = env::current_exe().context("looking for this program's own directory")?;
    steps
        .iter()
        .map(|step| {
            let path = here.with_file_name(format!("{}{EXE_SUFFIX}", step.name));
            ensure!(path.is_file(), "cargo did not build {}", path.display());
            Ok(path)
        })
        .collect()
}

/// The one step that `wanted` names: `4`, `04`, `threadpool` or the whole name.
pub fn find(wanted: &str) -> Result<Step> {
    let steps = all()?;
    let matches = |step: &&Step| {
        step.name == wanted
            || step.number().trim_start_matches('0') == wanted.trim_start_matches('0')
            || step.name.splitn(3, '-').nth(2) == Some(wanted)
    };
    if let Some(step) = steps.iter().find(matches) {
        return Ok(step.clone());
    }
    let names: Vec<&str> = steps.iter().map(|step| step.name.as_str()).collect();
    bail!("no step is called `{wanted}`; there are {}", names.join(", "))
}
