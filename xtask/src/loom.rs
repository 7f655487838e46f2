//! Runs the models of `models`: the steps' concurrency in every order that its threads can run in, with up
//! to three interruptions.
//! Then it breaks the steps, in a copy, and demands that the models notice.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use crate::steps;

/// Every model is a file in `models/tests`.
const MODELS: [&str; 3] = ["pool", "workers", "runtime"];

/// What a mutation may change, and what has to be where it is for that: all of this is copied.
const COPIED: [&str; 4] =
    ["models", "step-04-threadpool/src", "step-06-separation/src", "step-07-async-handler/src"];

/// How long a broken step may be looked at, in seconds. To find nothing in that time is a failure.
const PATIENCE: &str = "60";

/// Flags of this command.
#[derive(clap::Args)]
#[command(after_help = "\
Models: pool (step 04), workers (step 06), runtime (step 07)

Examples:
  cargo xtask loom
  LOOM_MAX_PREEMPTIONS=2 cargo xtask loom workers

A model that fails says in which order only with more words:
  cd models; LOOM_LOG=trace LOOM_LOCATION=1 cargo test --test pool NAME -- --nocapture")]
pub struct Args {
    /// Only this model (repeatable)
    #[arg(value_name = "MODEL", value_parser = MODELS)]
    models: Vec<String>,
}

pub fn run(args: Args) -> Result<()> {
    let wanted = |model: &str| args.models.is_empty() || args.models.iter().any(|m| m == model);
    let target = steps::target()?.join("loom");
    for model in MODELS.into_iter().filter(|model| wanted(model)) {
        as_it_is(model, &target)?;
    }
    let mutated = Mutated::new(&target)?;
    let mut missed = 0;
    for mutation in mutations()?.iter().filter(|mutation| wanted(&mutation.model)) {
        let Mutation { name, model, test, says, .. } = mutation;
        if mutated.is_caught(mutation).with_context(|| name.clone())? {
            println!("  caught  {name} ({model}, {test}: {says})");
        } else {
            println!("  MISSED  {name} ({model}, {test} should say: {says})");
            missed += 1;
        }
    }
    ensure!(missed == 0, "{missed} mutations were not caught: the models prove less than they say");
    Ok(())
}

/// Runs a model on the steps as they are.
fn as_it_is(model: &str, target: &Path) -> Result<()> {
    let output = cargo_test(&steps::root().join("models"), target, model)
        .args(["--", "--show-output"])
        // With these it would end early, and still succeed.
        .env_remove("LOOM_MAX_DURATION")
        .env_remove("LOOM_MAX_PERMUTATIONS")
        .output()
        .context("running cargo test")?;
    if !output.status.success() {
        bail!("{model}: {}\n{}", output.status, said(&output));
    }
    println!("{model}");
    let said = said(&output);
    // The test harness gives what a test has printed under a line with its name.
    let (mut test, mut held) = ("", 0);
    for line in said.lines() {
        if let Some(name) = line.strip_prefix("---- ") {
            test = name.trim_end_matches(" stdout ----");
        } else if line.ends_with(" orders") {
            println!("  holds   {test} ({line})");
            held += 1;
        }
    }
    let source = fs::read_to_string(steps::root().join(format!("models/tests/{model}.rs")))?;
    let tests = source.matches("#[test]").count();
    ensure!(held == tests, "{model}: {held} of {tests} tests say how many orders they have tried");
    Ok(())
}

/// A fault to put into a step.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mutation {
    /// What is wrong then.
    name: String,
    file: String,
    /// What stands there, exactly once, and what to put in its place.
    from: String,
    to: String,
    /// Who notices: the model, its test, and what it then says.
    model: String,
    test: String,
    says: String,
}

impl Mutation {
    /// The text of its file, mutated.
    fn apply(&self) -> Result<String> {
        let text = fs::read_to_string(steps::root().join(&self.file))
            .with_context(|| self.file.clone())?;
        let found = text.matches(&self.from).count();
        ensure!(
            found == 1,
            "{} has {found} places to mutate; models/mutations.toml has to name one:\n{}",
            self.file,
            self.from
        );
        Ok(text.replace(&self.from, &self.to))
    }
}

fn mutations() -> Result<Vec<Mutation>> {
    #[derive(Deserialize)]
    struct File {
        mutation: Vec<Mutation>,
    }

    let path = steps::root().join("models/mutations.toml");
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    Ok(toml::from_str::<File>(&text).with_context(|| path.display().to_string())?.mutation)
}

/// A copy of the models, and of what they are about.
struct Mutated {
    root: PathBuf,
    target: PathBuf,
}

impl Mutated {
    fn new(target: &Path) -> Result<Mutated> {
        let root = target.join("mutated");
        for directory in COPIED {
            copy(&steps::root().join(directory), &root.join(directory))?;
        }
        // The one thing that the models need and that is not copied.
        let manifest = root.join("models/Cargo.toml");
        let text = fs::read_to_string(&manifest)?;
        let proto = steps::root().join("crates/proto");
        let (from, to) = ("'../crates/proto'", format!("'{}'", proto.display()));
        ensure!(text.contains(from), "{} does not name {from}", manifest.display());
        fs::write(&manifest, text.replace(from, &to))?;
        Ok(Mutated { root, target: target.to_owned() })
    }

    /// Mutates the copy, runs the model, and puts the file back.
    fn is_caught(&self, mutation: &Mutation) -> Result<bool> {
        let file = self.root.join(&mutation.file);
        let original = fs::read(&file)?;
        fs::write(&file, mutation.apply()?)?;
        let test = || cargo_test(&self.root.join("models"), &self.target, &mutation.model);
        let built = test().arg("--no-run").output().context("running cargo test")?;
        let ran = test()
            .args(["--", "--exact", &mutation.test, "--nocapture"])
            .env("LOOM_MAX_DURATION", PATIENCE)
            .output()
            .context("running cargo test")?;
        fs::write(&file, original)?;
        ensure!(built.status.success(), "it does not compile\n{}", said(&built));
        ensure!(said(&ran).contains("running 1 test"), "no test is called {}", mutation.test);
        Ok(!ran.status.success() && said(&ran).contains(&mutation.says))
    }
}

/// `cargo test` of one model.
fn cargo_test(models: &Path, target: &Path, model: &str) -> Command {
    let mut command = Command::new(steps::cargo());
    command.args(["test", "--locked", "--test", model]).current_dir(models);
    command.env("CARGO_TARGET_DIR", target).env("RUST_BACKTRACE", "0");
    command
}

fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|said| String::from_utf8_lossy(said)).join("\n")
}

/// Copies a folder, except for what was built in it.
fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| to.display().to_string())?;
    for entry in fs::read_dir(from).with_context(|| from.display().to_string())? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if !entry.file_type()?.is_dir() {
            fs::copy(entry.path(), &to).with_context(|| to.display().to_string())?;
        } else if entry.file_name() != "target" {
            copy(&entry.path(), &to)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cheap enough for every run: a step that is changed takes its mutations along.
    #[test]
    fn every_mutation_has_its_place_and_somebody_to_notice() {
        let mutations = mutations().unwrap();
        for model in MODELS {
            assert!(mutations.iter().any(|mutation| mutation.model == model), "{model}: none");
        }
        for mutation in &mutations {
            let mutated = mutation.apply().unwrap();
            assert_ne!(mutation.from, mutation.to, "{}", mutation.name);
            assert!(mutated.contains(&mutation.to), "{}", mutation.name);
            let tests = steps::root().join(format!("models/tests/{}.rs", mutation.model));
            let tests = fs::read_to_string(tests).unwrap();
            let test = format!("#[test]\nfn {}() {{", mutation.test);
            assert!(tests.contains(&test), "{}: no test {}", mutation.name, mutation.test);
            let copied = COPIED.iter().any(|directory| mutation.file.starts_with(directory));
            assert!(copied, "{}: {} is not copied", mutation.name, mutation.file);
        }
    }
}
