//! Which steps there are, read from their manifests, and how they are built.
//!
//! The steps of the line are `step-NN-name`, members of the workspace. A step of the reader's own
//! is `my-name`, and a workspace of its own: to have one changes nothing for the others. It takes
//! part where it is named.

use std::collections::HashMap;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
#[cfg(test)]
use std::sync::LazyLock;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

/// How the name of a step of the reader's own begins.
pub const OWN: &str = "my-";

/// One `step-NN-name` directory, or `my-name`.
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
    /// `04` of `step-04-threadpool`; `my` of a step of the reader's own.
    pub fn number(&self) -> &str {
        let name = self.name.strip_prefix("step-").unwrap_or(&self.name);
        name.split('-').next().unwrap_or(name)
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

/// Where things are built.
pub fn target() -> Result<PathBuf> {
    let target = env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    Ok(std::path::absolute(target.unwrap_or_else(|| root().join("target")))?)
}

/// The same cargo that runs this, where one does.
pub fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Every step of the line, in the order of their numbers.
pub fn all() -> Result<Vec<Step>> {
    let mut steps = Vec::new();
    for entry in fs::read_dir(root()).context("reading the workspace")? {
        let dir = entry?.path();
        let is_step = dir
            .file_name()
            .and_then(|name| name.to_str())
            .is_some_and(|name| name.starts_with("step-"));
        if is_step && dir.join("Cargo.toml").is_file() {
            steps.push(read(dir)?);
        }
    }
    steps.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(steps)
}

/// The step in `dir`.
pub fn read(dir: PathBuf) -> Result<Step> {
    let manifest = dir.join("Cargo.toml");
    let text =
        fs::read_to_string(&manifest).with_context(|| format!("reading {}", manifest.display()))?;
    let Package { name, metadata } = toml::from_str::<Manifest>(&text)
        .with_context(|| format!("{} lacks [package.metadata.step]", manifest.display()))?
        .package;
    let StepTable { previous, idea, waits, state, wrong, fails, budget } = metadata.step;
    Ok(Step { name, previous, idea, waits, state, wrong, fails, budget, dir })
}

/// The one step that `wanted` names: `4`, `04`, `threadpool` or the whole name. A step of the
/// reader's own has only its whole name.
pub fn find(wanted: &str) -> Result<Step> {
    if wanted.starts_with(OWN) {
        let dir = root().join(wanted);
        ensure!(
            dir.join("Cargo.toml").is_file(),
            "no step is called `{wanted}`; `cargo xtask new {wanted}` makes it"
        );
        return read(dir);
    }
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

/// How many clients a step that fails these cases by design can serve at once, of so many that come, and
/// the flags for that.
pub fn side_by_side(fails: &[String], clients: usize) -> (usize, Vec<String>) {
    let fails = |case: &str| fails.iter().any(|name| name == case);
    if fails("silent") {
        (1, Vec::new())
    } else if fails("more-silent-than-workers") {
        (clients, vec!["--workers".into(), clients.to_string()])
    } else {
        (clients, Vec::new())
    }
}

/// Builds steps in the profile of this program, and says where each is.
pub fn build(steps: &[Step]) -> Result<Vec<PathBuf>> {
    let names: Vec<&str> = steps.iter().map(|step| step.name.as_str()).collect();
    let mut built = HashMap::new();
    for mut command in builds(&names) {
        if !cfg!(debug_assertions) {
            command.arg("--release");
        }
        // What goes wrong is said on stderr, for the user to see.
        let output = command.stderr(Stdio::inherit()).output().context("running cargo build")?;
        ensure!(output.status.success(), "the build failed, see above");
        built.extend(String::from_utf8_lossy(&output.stdout).lines().filter_map(executable));
    }
    let built = |name| built.get(name).cloned();
    names
        .iter()
        .map(|name| built(*name).with_context(|| format!("{name} has no binary of that name")))
        .collect()
}

/// Every step of the line, and its program. All tests share one call of cargo: of two, one would wait
/// for the other.
#[cfg(test)]
pub fn all_built() -> &'static [(Step, PathBuf)] {
    static BUILT: LazyLock<Vec<(Step, PathBuf)>> = LazyLock::new(|| {
        let steps = all().expect("the manifests can be read");
        let programs = build(&steps).expect("the steps can be built");
        steps.into_iter().zip(programs).collect()
    });
    &BUILT
}

/// The calls of cargo that build these packages: those of the workspace in one go, and each step
/// of the reader's own by itself. [`executable`] reads what they print.
pub fn builds(packages: &[&str]) -> Vec<Command> {
    let (own, members): (Vec<&str>, Vec<&str>) =
        packages.iter().partition(|name| name.starts_with(OWN));
    let mut selections: Vec<Vec<String>> =
        own.iter().map(|name| vec![format!("--manifest-path={name}/Cargo.toml")]).collect();
    // Without a package cargo would build those that it builds when nothing is said.
    if !members.is_empty() {
        selections.push(members.iter().map(|name| format!("--package={name}")).collect());
    }
    let command = |selection| {
        let mut command = Command::new(cargo());
        command.current_dir(root()).args(["build", "--message-format=json-render-diagnostics"]);
        command.args::<Vec<String>, _>(selection);
        command
    };
    selections.into_iter().map(command).collect()
}

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

/// The program that this line of cargo's says it has built: its name, and where it is.
pub fn executable(line: &str) -> Option<(String, PathBuf)> {
    let Message { reason, target, executable } = serde_json::from_str(line).ok()?;
    let target = target.filter(|target| target.kind.iter().any(|kind| kind == "bin"))?;
    (reason == "compiler-artifact").then_some((target.name, executable?))
}
