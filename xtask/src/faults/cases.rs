//! Faults that conformance cases inject already.

use conform::{Case, Claim, Verdict};

use super::Outcome;
use super::server::{PATIENCE, Subject};

/// Plays these cases, one after the other.
pub fn play(subject: &Subject, names: &[&str]) -> Outcome {
    let (mut passed, mut failed, mut causes) = (0, 0, Vec::new());
    for case in named(names) {
        if let Some(reason) = case.impossible_here() {
            return Outcome::skipped(format!("{}: {reason}", case.name));
        }
        let declared = subject.fails(case.name);
        let claim = if declared { Claim::Fails } else { Claim::Passes };
        match conform::run(&case, &subject.target(), claim, PATIENCE) {
            Verdict::Passes if !declared => passed += 1,
            Verdict::Fails(cause) if declared => {
                failed += 1;
                causes.push(cause.to_string());
            }
            Verdict::Passes => return Outcome::fails(format!("{} passes", case.name)),
            Verdict::Fails(cause) => return Outcome::fails(format!("{}: {cause}", case.name)),
            Verdict::Broken(report) => {
                let what = report.lines().next().unwrap_or_default();
                return Outcome::fails(format!("{}: {what}", case.name));
            }
        }
    }
    match causes.first() {
        None => Outcome::holds("all cases pass"),
        Some(cause) if passed == 0 && failed == 1 => Outcome::by_design(cause),
        Some(cause) => {
            Outcome::by_design(format!("{failed} of {} cases fail: {cause}", passed + failed))
        }
    }
}

/// The cases of these names.
pub fn named(names: &[&str]) -> Vec<Case> {
    let mut cases = conform::cases();
    cases.retain(|case| names.contains(&case.name));
    cases
}
