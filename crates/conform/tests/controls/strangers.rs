//! The two servers in `strangers` that are somebody's first, with the mistakes that are usual: each
//! lacks what it is known to lack, and has the rest. (`cargo xtask strangers` plays all cases against
//! all strangers.)

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use conform::{Claim, PATIENCE, Target, Verdict, cases, run};
use libtest_mimic::{Completion, Failed, Trial};

/// How long a reply is waited for that will not come.
const NEVER: Duration = Duration::from_secs(5);

/// Each with the cases that it passes, and with those that it does not.
const STRANGERS: [(&str, &[&str], &[&str]); 2] = [
    (
        "first_server.py",
        &["greeting", "echo"],
        &["every-byte", "every-split", "silent", "reset-fresh", "stop-idle"],
    ),
    // To this one it is no harm that somebody vanishes before they were answered twice.
    (
        "first_server.c",
        &["greeting", "echo", "reset-fresh"],
        &["zero-byte", "every-split", "silent", "stop-idle"],
    ),
];

pub fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for (name, passes, fails) in STRANGERS {
        let mut add = |case, claim| {
            let test = move || is_as_known(name, case, claim);
            trials.push(Trial::ignorable_test(format!("{name}, {case}"), test));
        };
        passes.iter().for_each(|case| add(case, Claim::Passes));
        fails.iter().for_each(|case| add(case, Claim::Fails));
    }
    trials
}

fn is_as_known(stranger: &str, case: &str, claim: Claim) -> Result<Completion, Failed> {
    let needed = if stranger.ends_with(".py") { "python3" } else { "cc" };
    if !Command::new(needed).arg("--version").output().is_ok_and(|output| output.status.success()) {
        return Ok(Completion::ignored_with(format!("{needed} is not here")));
    }
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("strangers").join(stranger);
    let program = match needed {
        "cc" => compiled(&source, case)?,
        python => format!("{python} '{}'", source.display()),
    };
    let target = Target::Command(format!("{program} {{port}}"));
    let case =
        cases().into_iter().find(|known| known.name == case).ok_or("there is no such case")?;
    let patience = if claim == Claim::Passes { PATIENCE } else { NEVER };
    match (claim, run(&case, &target, claim, patience)) {
        (Claim::Passes, Verdict::Passes) => Ok(Completion::Completed),
        (Claim::Fails, Verdict::Fails(_) | Verdict::Broken(_)) => Ok(Completion::Completed),
        (_, verdict) => Err(format!("{verdict:?}").into()),
    }
}

/// A program of its own for each case: none is written while another is run.
fn compiled(source: &Path, case: &str) -> Result<String, Failed> {
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("first_server-{case}"));
    let mut compiler = Command::new("cc");
    compiler.args(["-Wall", "-Wextra", "-Werror", "-o"]).arg(&program).arg(source);
    let output = compiler.output()?;
    match output.status.success() {
        true => Ok(format!("'{}'", program.display())),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned().into()),
    }
}
