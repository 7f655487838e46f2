//! The binary, as programs use it.

#![expect(clippy::unwrap_used, reason = "a test may")]

mod servers;

use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};

use load::{Crowd, Report};

fn load(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_load"));
    command.args(arguments);
    command
}

#[test]
fn json_is_a_whole_report() {
    let target = servers::frames().to_string();
    let flags = ["--json", "--connections", "2", "--seconds", "0.2", "--warmup", "0"];
    let Output { stdout, status, .. } = load(&flags).arg(target).output().unwrap();
    assert!(status.success());
    let report: Report = serde_json::from_slice(&stdout).unwrap();
    assert_eq!((report.connections, report.errors.total()), (2, 0));
    let total: u64 = report.requests.response.histogram.iter().map(|(_, n)| n).sum();
    assert_eq!(total, report.requests.answered + report.requests.censored);
    assert!(report.requests.answered > 0);
}

#[cfg(target_os = "linux")]
#[test]
fn a_watched_server_has_a_cost() {
    // The server runs in this very process, which does nothing else of weight.
    let target = servers::frames().to_string();
    let pid = std::process::id().to_string();
    let flags = ["--json", "--seconds", "0.2", "--warmup", "0", "--server-pid", pid.as_str()];
    let Output { stdout, .. } = load(&flags).arg(target).output().unwrap();
    let server = serde_json::from_slice::<Report>(&stdout).unwrap().server.unwrap();
    assert!(server.micros_per_request.unwrap() > 0.0 && server.footprint.threads > 64);
}

#[test]
fn a_crowd_stays_until_standard_input_closes() {
    let target = servers::frames().to_string();
    let mut command = load(&["--workload", "crowd", "--connections", "20", "--json"]);
    let mut child =
        command.arg(target).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let crowd: Crowd = serde_json::from_str(&line).unwrap();
    assert_eq!(crowd.at_rest, 20);
    assert!(child.try_wait().unwrap().is_none(), "it is still there");
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}

#[test]
fn mistakes_are_explained() {
    for (arguments, expected) in [
        (&["--rate", "5"][..], "where to?"),
        (&["127.0.0.1:1", "--protocol", "ftp"], "frames, http or raw"),
        (&["127.0.0.1:1", "--connections", "0"], "--connections"),
        (&["127.0.0.1:1", "--seconds", "-1"], "-1 seconds"),
        (&["127.0.0.1:1", "--depth", "16"], "--workload pipeline"),
        (&["127.0.0.1:1", "--workload", "pipeline", "--depth", "0"], "the depth must be 1"),
    ] {
        let Output { stderr, status, .. } = load(arguments).output().unwrap();
        let stderr = String::from_utf8(stderr).unwrap();
        assert!(!status.success() && stderr.contains(expected), "{arguments:?}: {stderr}");
    }
}
