//! The test of a step: every case, a few tools that everybody has, and the small client in Python.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};
use libtest_mimic::{Arguments, Completion, Failed, Trial};

use crate::server::Server;
use crate::{
    Case, Claim, GRACE, Given, PATIENCE, Program, Protocol, TOOLS, Target, Tool, Verdict, cases,
    run,
};

/// How many cases are played at once: most of them wait most of the time.
const AT_ONCE: usize = 8;

/// The test of the step whose executable is `binary` and whose manifest lies in `directory`: one
/// line for each case. The cases that the manifest declares to fail by design must really fail,
/// for a reason that can be shown; all others must pass.
pub fn main(binary: &str, directory: &str) -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(AT_ONCE);
    match trials(&Program::new(binary), Path::new(directory)) {
        Ok(trials) => libtest_mimic::run(&arguments, trials).exit_code(),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The names of the cases that the manifest in `directory` declares to fail by design, under
/// `[package.metadata.step]`. It is an error if there is no such case.
pub fn declared_failures(directory: &Path) -> Result<Vec<String>> {
    let path = directory.join("Cargo.toml");
    let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let manifest: toml::Table = text.parse().with_context(|| path.display().to_string())?;
    let names = ["package", "metadata", "step"]
        .iter()
        .try_fold(&manifest, |table, key| table.get(*key)?.as_table())
        .and_then(|step| step.get("fails")?.as_array())
        .with_context(|| format!("{}: no `fails = [..]` for the step", path.display()))?
        .iter()
        .map(|name| name.as_str().map(String::from).context("a name of a case is a string"))
        .collect::<Result<Vec<_>>>()?;
    for name in &names {
        let known = cases().iter().any(|case| case.name == name);
        ensure!(known, "{}: `fails` names `{name}`, but no case is called so", path.display());
    }
    Ok(names)
}

fn trials(program: &Program, directory: &Path) -> Result<Vec<Trial>> {
    let declared = declared_failures(directory)?;
    let claim = |name: &str| match declared.iter().any(|declared| declared == name) {
        true => Claim::Fails,
        false => Claim::Passes,
    };
    let mut trials: Vec<Trial> =
        cases().into_iter().map(|case| trial(case, program.clone(), claim(case.name))).collect();
    trials.extend(TOOLS.iter().map(|tool| tool_trial(tool, program.clone(), claim(tool.like))));
    let script = directory.join("../scripts/simple_test_client.py");
    let (program, claim) = (program.clone(), claim("computes"));
    trials.push(Trial::ignorable_test("simple-test-client", move || {
        simple_test_client(&script, &program, claim)
    }));
    Ok(trials)
}

fn trial(case: Case, program: Program, claim: Claim) -> Trial {
    let test = move || match case.impossible_here() {
        Some(reason) => Ok(Completion::ignored_with(reason)),
        None => compare(&case, claim, run(&case, &Target::Step(program.clone()), claim, PATIENCE)),
    };
    Trial::ignorable_test(case.name, test).with_kind(kind(claim))
}

fn tool_trial(tool: &'static Tool, program: Program, claim: Claim) -> Trial {
    let test = move || match (tool.missing_here(), claim) {
        (Some(reason), _) => Ok(Completion::ignored_with(reason)),
        (None, claim) => match (claim, tool.run(&program)) {
            (Claim::Passes, Ok(())) | (Claim::Fails, Err(_)) => Ok(Completion::Completed),
            (Claim::Passes, Err(error)) => Err(format!("{error:#}").into()),
            (Claim::Fails, Ok(())) => {
                Err(format!("it works, though {} fails by design", tool.like).into())
            }
        },
    };
    Trial::ignorable_test(tool.name, test).with_kind(kind(claim))
}

fn kind(claim: Claim) -> &'static str {
    match claim {
        Claim::Passes => "passes",
        Claim::Fails => "fails by design",
    }
}

fn compare(case: &Case, claim: Claim, verdict: Verdict) -> Result<Completion, Failed> {
    let lesson = case.lesson;
    match (claim, verdict) {
        (Claim::Passes, Verdict::Passes) | (Claim::Fails, Verdict::Fails(_)) => {
            Ok(Completion::Completed)
        }
        (Claim::Fails, Verdict::Passes) => Err(format!(
            "{lesson}\nThe step keeps this, though its manifest says that it fails it by design."
        )
        .into()),
        (Claim::Passes, Verdict::Fails(cause)) => Err(format!(
            "{lesson}\n{cause}.\nIf that is the step's design, its manifest must say so: \
             `fails` under [package.metadata.step]."
        )
        .into()),
        (_, Verdict::Broken(report)) => Err(format!("{lesson}\n{report}").into()),
    }
}

/// A long prime is asked for, and then two short things. Only a server that waits elsewhere while
/// it computes answers those first.
fn simple_test_client(
    script: &Path,
    program: &Program,
    computes: Claim,
) -> Result<Completion, Failed> {
    let mut python = Command::new("python3");
    if !python.arg("--version").output().is_ok_and(|output| output.status.success()) {
        return Ok(Completion::ignored_with("python3 is not here"));
    }
    let server = Server::start(&Target::Step(program.clone()), Protocol::Frames, GRACE, PATIENCE)?;
    let (host, port) = (server.addr.ip().to_string(), server.addr.port().to_string());
    let output = Command::new("python3")
        .arg(script)
        .args([host, port])
        .args(["--timeout", "120", "--prime", &Given::default().long.to_string()])
        .output()?;
    let printed = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("the client failed ({})\n{printed}{complaint}", output.status).into());
    }
    let mut lines: Vec<&str> = printed.lines().collect();
    let long_is_last = lines.last() == Some(&"LongPrime: prime");
    lines.sort();
    if lines != ["Echo: fdip", "LongPrime: prime", "SmallPrime: prime"] {
        return Err(format!("the client printed something else\n{printed}{complaint}").into());
    }
    match (computes, long_is_last) {
        (Claim::Passes, true) | (Claim::Fails, false) => Ok(Completion::Completed),
        (Claim::Passes, false) => {
            Err(format!("the two short answers should come first\n{printed}").into())
        }
        (Claim::Fails, true) => {
            Err(format!("the long answer should not come last\n{printed}").into())
        }
    }
}
