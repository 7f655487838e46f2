//! Instructions, counted by valgrind's callgrind.

use std::process::{Command, Stdio};

/// How often a contestant runs in each of two counts. Only the difference matters: so what comes
/// before and after is not counted.
const RUNS: [u64; 2] = [1_000, 2_000];

/// What this process was started for by [`instructions`]: case, contestant, how often.
pub fn wanted(arguments: &[String]) -> Option<(usize, usize, u64)> {
    match arguments {
        [flag, case, contestant, n] if flag == "--run" => {
            Some((case.parse().ok()?, contestant.parse().ok()?, n.parse().ok()?))
        }
        _ => None,
    }
}

/// How many instructions a run takes; NaN without valgrind.
pub fn instructions(case: usize, contestant: usize) -> f64 {
    let [less, more] = RUNS.map(|n| total(case, contestant, n).unwrap_or(f64::NAN));
    (more - less) / (RUNS[1] - RUNS[0]) as f64
}

fn total(case: usize, contestant: usize, n: u64) -> Option<f64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe().ok()?)
        .args(["--run", &case.to_string(), &contestant.to_string(), &n.to_string()])
        .stdout(Stdio::null())
        .output()
        .ok()?;
    let report = String::from_utf8_lossy(&output.stderr);
    let line = report.lines().find(|line| line.contains("Collected : "))?;
    line.split_whitespace().last()?.parse().ok()
}
