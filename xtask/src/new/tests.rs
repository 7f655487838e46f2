use std::env;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::Duration;

use super::*;
use crate::diff;
use crate::scratch::Scratch;

/// Long enough for anything that will happen at all.
const PATIENCE: Duration = Duration::from_secs(20);

/// The step that is built. No reader gives theirs this name: where both were built in one target
/// directory, cargo would take one for the other.
const MADE: &str = "my-step-under-test";

/// A place to make steps in.
fn place(test: &str) -> Scratch {
    let scratch = Scratch::new(&format!("new-{test}"));
    scratch.write("Cargo.lock", "version = 4\n");
    scratch
}

#[test]
fn a_name_is_checked_before_anything_is_made() {
    for good in ["my-step", "my-2", "my-own-tokio", "my-step-02-stateful"] {
        check_name(good).unwrap();
    }
    for (bad, says) in [
        ("", "no name"),
        ("my-", "no name"),
        ("my--step", "no name"),
        ("my_step", "no name"),
        ("My-step", "no name"),
        ("my-schritt-größer", "no name"),
        ("my-step/src", "no name"),
        ("../my-step", "no name"),
        ("fibers", "cargo xtask new my-fibers"),
        ("step-11-mine", "cargo xtask new my-step-11-mine"),
    ] {
        let error = check_name(bad).unwrap_err().to_string();
        assert!(error.contains(says), "{bad}: {error}");
    }
}

#[test]
fn a_new_step_names_itself_and_its_parent_and_asks_the_rest() {
    let scratch = place("names");
    make(&scratch.dir, "my-own", "step-05-nonblocking").unwrap();
    let step = steps::read(scratch.dir.join("my-own")).unwrap();
    assert_eq!((step.name.as_str(), step.number()), ("my-own", "my"));
    assert_eq!(step.previous.as_deref(), Some("step-05-nonblocking"));
    assert_eq!(step.fails, [""; 0]);
    for question in [step.idea, step.waits, step.state, step.wrong] {
        assert!(question.ends_with('?'), "{question}");
    }
    for (path, _) in TEMPLATE {
        let text = scratch.read(&format!("my-own/{path}"));
        assert!(!text.contains("{name}") && !text.contains("{parent}"), "{path}: {text}");
    }
    assert!(scratch.read("my-own/src/main.rs").starts_with("//! my-own: "));
    assert_eq!(scratch.read("my-own/Cargo.lock"), scratch.read("Cargo.lock"));
}

#[test]
fn what_is_there_is_not_touched() {
    let scratch = place("clash");
    scratch.write("my-step/src/main.rs", "fn main() {}\n");
    let error = make(&scratch.dir, "my-step", "step-02-stateful").unwrap_err().to_string();
    assert!(error.contains("my-step is there already"), "{error}");
    assert_eq!(scratch.read("my-step/src/main.rs"), "fn main() {}\n");
    assert!(!scratch.dir.join("my-step/Cargo.toml").exists());
}

#[test]
fn a_step_that_is_not_there_is_found_missing() {
    let error = steps::find("my-absent-step").unwrap_err().to_string();
    assert!(error.contains("`cargo xtask new my-absent-step` makes it"), "{error}");
}

#[test]
fn a_step_of_the_readers_own_is_built_by_itself() {
    let arguments = |packages: &[&str]| -> Vec<Vec<String>> {
        let of = |command: Command| {
            command.get_args().skip(2).map(|arg| arg.to_string_lossy().into_owned()).collect()
        };
        steps::builds(packages).into_iter().map(of).collect()
    };
    assert_eq!(
        arguments(&["step-02-stateful", "my-step", "load"]),
        [
            vec!["--manifest-path=my-step/Cargo.toml"],
            vec!["--package=step-02-stateful", "--package=load"]
        ]
    );
    assert_eq!(arguments(&["my-step"]), [["--manifest-path=my-step/Cargo.toml"]]);
}

/// The workspace's manifest and the template's say some things twice.
#[test]
fn the_template_builds_as_the_workspace_does() {
    let workspace = fs::read_to_string(steps::root().join("Cargo.toml")).unwrap();
    let workspace: toml::Table = workspace.parse().unwrap();
    let template: toml::Table = TEMPLATE[0].1.parse().unwrap();
    for key in ["version", "edition", "rust-version", "publish"] {
        assert_eq!(template["package"][key], workspace["workspace"]["package"][key], "{key}");
    }
    assert_eq!(template["profile"], workspace["profile"]);
}

#[test]
fn the_template_is_formatted() {
    let rustfmt = Command::new("rustfmt")
        .current_dir(steps::root().join("xtask/template"))
        .args(["--check", "--edition", "2024", "src/main.rs", "tests/conformance.rs"])
        .output()
        .unwrap();
    assert!(rustfmt.status.success(), "{}", String::from_utf8_lossy(&rustfmt.stdout));
}

/// What a reader does with a new step: builds it, runs it, writes its arms, tests it.
#[test]
fn from_empty_arms_to_step_02() {
    let step = Made::new();
    let built = step.cargo(&["build"]);
    assert!(!built.contains("warning"), "{built}");

    let mut server = Running::start(&step.target.join("debug").join(MADE));
    // The second client is lost as the first was: the server goes on.
    for _ in 0..2 {
        let mut client = TcpStream::connect(&server.addr).unwrap();
        client.set_read_timeout(Some(PATIENCE)).unwrap();
        assert_eq!(client.read(&mut [0]).unwrap(), 0, "no arm is written");
        let says = "not written yet: write bytes to the stream, then session.sent(..)";
        let line = server.line();
        assert!(line.starts_with("lost 127.0.0.1:") && line.contains(says), "{line}");
    }
    drop(server);

    step.write_the_arms();
    let parent = steps::find("02").unwrap();
    let changed = diff::changed_lines(&parent, &steps::read(step.dir.clone()).unwrap()).unwrap();
    assert_eq!(changed.lines(), 0, "all but the arms was there: {changed}");
    // Ten thousand clients take as long as all others together, and say nothing about this. Nor does
    // most of HTTP: the arms do not know which protocol they serve.
    let few = ["test", "--test", "conformance", "--", "--skip", "thousand", "--skip", "http-"];
    let tested = step.cargo(&few);
    assert!(!tested.contains("warning"), "{tested}");
}

/// A step in a folder that is the same in every run, so that what it depends on is built once.
struct Made {
    dir: PathBuf,
    target: PathBuf,
}

impl Made {
    fn new() -> Made {
        // From `target/debug/deps/xtask-…`.
        let target = env::current_exe().unwrap().ancestors().nth(3).unwrap().to_owned();
        let root = target.join("new-step");
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(root.join("scripts")).unwrap();
        for file in ["Cargo.lock", "scripts/simple_test_client.py"] {
            fs::copy(steps::root().join(file), root.join(file)).unwrap();
        }
        make(&root, MADE, "step-02-stateful").unwrap();
        let made = Made { dir: root.join(MADE), target };
        // The steps that it would lie beside are elsewhere.
        let crates = steps::root().join("crates").display().to_string().replace('\\', "/");
        made.edit("Cargo.toml", &[("../crates", &crates)]);
        made
    }

    /// Replaces what must be there.
    fn edit(&self, path: &str, changes: &[(&str, &str)]) {
        let path = self.dir.join(path);
        let mut text = fs::read_to_string(&path).unwrap();
        for (old, new) in changes {
            assert!(text.contains(old), "{old:?} in {text}");
            text = text.replace(old, new);
        }
        fs::write(path, text).unwrap();
    }

    /// What step 02 has in its arms, and what that needs.
    fn write_the_arms(&self) {
        let main = fs::read_to_string(self.dir.join("src/main.rs")).unwrap();
        let (_, unwritten) = main.split_once("\n/// Loses the client").unwrap();
        let read = "{\nlet n = stream.read(&mut buffer)?;\nsession.received(&buffer[..n]);\n}";
        let write = "{\nlet n = stream.write(bytes)?;\nsession.sent(n);\n}";
        self.edit(
            "src/main.rs",
            &[
                (unwritten, ""),
                ("\n/// Loses the client", ""),
                ("use std::io;", "use std::io::{self, Read, Write};"),
                ("{Session, Want}", "{READ_SIZE, Session, Want}"),
                ("_stream", "stream"),
                ("    loop {", "    let mut buffer = [0; READ_SIZE];\n    loop {"),
                (r#"unwritten("read from the stream, then session.received(..)")?,"#, read),
                ("_bytes", "bytes"),
                (r#"unwritten("write bytes to the stream, then session.sent(..)")?,"#, write),
                ("_job", "job"),
                (r#"unwritten("run the job, then session.done(..)")?"#, "session.done(job.run())"),
                (r#"unwritten("return, for all is said")?"#, "return Ok(())"),
            ],
        );
        let fails = format!("fails = {:?}", steps::find("02").unwrap().fails);
        self.edit("Cargo.toml", &[("fails = []", &fails)]);
    }

    /// Runs cargo in the step's folder; what it says on stderr.
    fn cargo(&self, arguments: &[&str]) -> String {
        let (command, rest) = arguments.split_first().unwrap();
        let output = Command::new(env!("CARGO"))
            .current_dir(&self.dir)
            .args([command, "--target-dir"])
            .arg(&self.target)
            .args(rest)
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        let stdout = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{arguments:?}\n{stdout}{stderr}");
        stderr
    }
}

/// A server, which ends with this handle.
struct Running {
    child: Child,
    addr: String,
    stderr: BufReader<ChildStderr>,
}

impl Running {
    fn start(program: &Path) -> Running {
        let mut child = Command::new(program)
            .args(["--addr", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let addr = line.trim().rsplit(' ').next().unwrap().to_owned();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        Running { child, addr, stderr }
    }

    /// The next line that it says on stderr.
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stderr.read_line(&mut line).unwrap();
        line
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
