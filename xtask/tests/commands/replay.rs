//! The traces in `tests/replay` are bug reports that became tests: what was answered there is answered
//! again, byte by byte. Another one needs only its file.
#![allow(clippy::unwrap_used, reason = "in a test, that is how it fails")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use libtest_mimic::Trial;

/// The tests below, each under its name.
pub fn trials() -> Vec<Trial> {
    let trial = |name: &str, test: fn()| {
        Trial::test(name, move || {
            test();
            Ok(())
        })
    };
    vec![
        trial("what_was_answered_is_answered_again", what_was_answered_is_answered_again),
        trial("a_byte_that_is_changed_is_noticed", a_byte_that_is_changed_is_noticed),
    ]
}

fn kept() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/replay");
    let traces: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    assert!(!traces.is_empty());
    traces
}

fn replay(trace: &Path) -> Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.current_dir(root).arg("replay").arg(trace).output().unwrap()
}

fn what_was_answered_is_answered_again() {
    for trace in kept() {
        let Output { status, stdout, stderr } = replay(&trace);
        let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
        assert!(status.success(), "{}\n{stdout}{stderr}", trace.display());
        assert!(stdout.lines().count() > 0, "{}", trace.display());
        assert!(stdout.lines().all(|line| line.ends_with("  same")), "{stdout}");
    }
}

/// The negative control: with one byte of what was received changed, the answer is another.
fn a_byte_that_is_changed_is_noticed() {
    let kept = include_str!("../replay/chunks-cut-in-two.trace");
    let changed = kept.replacen("HTTP/1.1\\r\\n", "HTTP/9.1\\r\\n", 1);
    assert_ne!(kept, changed);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("changed.trace");
    fs::write(&path, changed).unwrap();
    let Output { status, stdout, stderr } = replay(&path);
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert_eq!(status.code(), Some(1), "{stdout}{stderr}");
    assert!(stdout.contains("differs at byte 9\n  then  HTTP/1.1 200 OK"), "{stdout}");
    assert!(stdout.contains("\n  now   HTTP/1.1 505 HTTP Version Not"), "{stdout}");
    assert!(stderr.contains("error: 1 of 2 conversations"), "{stderr}");
}
