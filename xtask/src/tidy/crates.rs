//! What a learner waits for before the first step runs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::{Findings, Tree, Violation};
use crate::steps::Step;

/// The last step that is promised to build in seconds.
const LAST: &str = "04";

/// How many crates one of them may build, the workspace's own included.
const MOST: usize = 30;

/// Crates whose only use is in the build of code in C.
const C_BUILDERS: [&str; 6] = ["autotools", "bindgen", "cc", "cmake", "pkg-config", "vcpkg"];

/// Steps 01 to 04 build few crates, no procedural macro (which would need a parser of Rust first)
/// and no C (which would need another compiler).
pub fn first_steps_build_fast(tree: &Tree) -> Result<Findings> {
    let first: Vec<&Step> = tree.steps.iter().filter(|step| step.number() <= LAST).collect();
    if first.is_empty() {
        return Ok(Findings::new(0, "steps", Vec::new()));
    }
    let slow = slow_packages(&metadata(&tree.root)?);
    let mut violations = Vec::new();
    let mut counts = Vec::new();
    for step in first {
        let crates = built_with(&tree.root, &step.name)?;
        counts.push(format!("{} {}", step.number(), crates.len()));
        violations.extend(judge(&step.name, &crates, &slow));
    }
    Ok(Findings { checked: format!("crates: {}", counts.join(", ")), violations })
}

/// A package, by name and version as `cargo tree` prints it.
type Package = (String, String);

/// What is wrong with a step that builds these.
fn judge(
    step: &str,
    crates: &BTreeSet<Package>,
    slow: &BTreeMap<Package, &'static str>,
) -> Vec<Violation> {
    let manifest = format!("{step}/Cargo.toml");
    let remedy = format!("find what asks for it: `cargo tree -p {step} -e normal,build`");
    let mut violations = Vec::new();
    if crates.len() > MOST {
        let what = format!("builds {} crates, {MOST} are allowed", crates.len());
        violations.push(Violation::new(&manifest, 0, what, &remedy));
    }
    for package in crates {
        if let Some(why) = slow.get(package) {
            let what = format!("builds `{}`, which is {why}", package.0);
            violations.push(Violation::new(&manifest, 0, what, &remedy));
        }
    }
    violations
}

/// All that is compiled for `package` on this machine, itself included.
fn built_with(root: &Path, package: &str) -> Result<BTreeSet<Package>> {
    let arguments = ["tree", "--package", package, "--edges", "normal,build", "--prefix", "none"];
    // `name v1.2.3 (where it lies) (proc-macro)`
    let package = |line: &str| {
        let mut words = line.split_whitespace();
        let name = words.next()?.to_owned();
        Some((name, words.next()?.trim_start_matches('v').to_owned()))
    };
    Ok(cargo(root, &arguments)?.lines().filter_map(package).collect())
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Described>,
}

#[derive(Deserialize)]
struct Described {
    name: String,
    version: String,
    links: Option<String>,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    kind: Vec<String>,
}

fn metadata(root: &Path) -> Result<Metadata> {
    let json = cargo(root, &["metadata", "--format-version", "1"])?;
    serde_json::from_str(&json).context("reading the output of cargo metadata")
}

/// The packages that the first steps may not build, and what they are.
fn slow_packages(metadata: &Metadata) -> BTreeMap<Package, &'static str> {
    let why = |package: &Described| {
        let is_macro = |target: &Target| target.kind.iter().any(|kind| kind == "proc-macro");
        if package.targets.iter().any(is_macro) {
            Some("a procedural macro")
        } else if C_BUILDERS.contains(&package.name.as_str()) {
            Some("there to build C code")
        } else if package.links.is_some() {
            Some("linked with a library in C")
        } else {
            None
        }
    };
    let packages = metadata.packages.iter();
    packages
        .filter_map(|package| {
            Some(((package.name.clone(), package.version.clone()), why(package)?))
        })
        .collect()
}

/// What cargo prints to stdout.
fn cargo(root: &Path, arguments: &[&str]) -> Result<String> {
    // The same cargo that runs this, where one does.
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(arguments)
        .current_dir(root)
        .output()
        .with_context(|| format!("running cargo {}", arguments[0]))?;
    ensure!(
        output.status.success(),
        "cargo {}: {}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr).trim()
    );
    String::from_utf8(output.stdout).context("cargo printed what is not UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steps;

    fn package(name: &str) -> Package {
        (name.to_owned(), "1.0.0".to_owned())
    }

    fn packages(count: usize) -> BTreeSet<Package> {
        (0..count).map(|n| package(&format!("crate-{n}"))).collect()
    }

    #[test]
    fn a_step_may_build_thirty_crates() {
        let slow = BTreeMap::new();
        assert_eq!(judge("step-01-a", &packages(MOST), &slow), []);
        let found = judge("step-01-a", &packages(MOST + 1), &slow);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].what, "builds 31 crates, 30 are allowed");
    }

    #[test]
    fn macros_and_c_are_told_from_the_rest() {
        let json = r#"{ "packages": [
            {"name": "plain", "version": "1.0.0", "links": null, "targets": [{"kind": ["lib"]}]},
            {"name": "built", "version": "1.0.0", "links": null,
             "targets": [{"kind": ["lib"]}, {"kind": ["custom-build"]}]},
            {"name": "derive", "version": "1.0.0", "links": null, "targets": [{"kind": ["proc-macro"]}]},
            {"name": "zlib-sys", "version": "1.0.0", "links": "z", "targets": [{"kind": ["lib"]}]},
            {"name": "cc", "version": "1.0.0", "links": null, "targets": [{"kind": ["lib"]}]}
        ] }"#;
        let slow = slow_packages(&serde_json::from_str(json).unwrap());
        let crates = ["plain", "built", "derive", "zlib-sys", "cc"].map(package).into();
        let mut found: Vec<String> = judge("step-01-a", &crates, &slow)
            .into_iter()
            .map(|violation| violation.what)
            .collect();
        found.sort();
        assert_eq!(
            found,
            [
                "builds `cc`, which is there to build C code",
                "builds `derive`, which is a procedural macro",
                "builds `zlib-sys`, which is linked with a library in C",
            ]
        );
        // Another version of a package is another package.
        let other = [("derive".to_owned(), "2.0.0".to_owned())].into();
        assert_eq!(judge("step-01-a", &other, &slow), []);
    }

    #[test]
    fn cargo_is_understood() {
        // This very package derives its flags, so it must not pass for a first step.
        let root = steps::root();
        let crates = built_with(root, "xtask").unwrap();
        let slow = slow_packages(&metadata(root).unwrap());
        let found: Vec<String> =
            judge("xtask", &crates, &slow).into_iter().map(|violation| violation.what).collect();
        assert!(found.iter().any(|what| what.starts_with("builds `clap_derive`")), "{found:?}");
        let error = built_with(root, "no-such-package").unwrap_err().to_string();
        assert!(error.contains("no-such-package"), "{error}");
    }
}
