//! The conformance cases, aimed at anyone's server: property by property, what it can do and what
//! it cannot.

mod report;
mod wrap;

use std::env;
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::process;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail, ensure};
use conform::{Case, Check, Program, Property, Protocol, Report, Target};

use crate::steps::{self, Step};
use report::Findings;

/// Flags of this command.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  cargo xtask check 127.0.0.1:9000
  cargo xtask check --cmd './my-server {port}'
  cargo xtask check --cmd 'python3 my_server.py {port}' --require speaks,remembers,silent
  cargo xtask check --cmd './my-server {port}' --protocol http --path /index.html
  cargo xtask check step-06-separation

Exit code 0: the server has all properties that are required. Without --require these are all
that could be tried, or, of a step, all that its manifest does not declare to fail by design.
A server that is started is told its port, and is ready when it accepts connections. What only a
server that is started can show (stopping, memory) is not tried with one that runs already.
The command becomes the server: SIGTERM, by which it is asked to stop, goes to that process, so a
script ends with `exec ./my-server \"$1\"`, and so does the last of several commands:
--cmd 'make -s && exec ./my-server {port}'. At the end the process is killed, with all that it has
started (Unix). One that takes long to start is used again for a case after it has passed one.

What fails is played again, with more patience, before it is said to fail. The JSON is described
in crates/conform/README.md, and so is each property.")]
pub struct Args {
    /// The address of a server that is running, or a step: 6, 06, separation or its whole name
    #[arg(value_name = "ADDRESS|STEP", required_unless_present_any = ["cmd", "list"])]
    target: Option<String>,
    /// Start the server with this command, once for each case
    #[arg(long, value_name = "COMMAND {port}", conflicts_with = "target")]
    cmd: Option<String>,
    /// frames or http
    #[arg(long, value_name = "PROTOCOL", default_value = "frames", value_parser = protocol)]
    protocol: Protocol,
    /// A page that the server has, if it speaks HTTP and has no /plain
    #[arg(long, value_name = "PATH", default_value = "/")]
    path: String,
    /// Properties that the server must have, with commas between them
    #[arg(long, value_name = "PROPERTIES", value_delimiter = ',', value_parser = property)]
    require: Vec<Property>,
    /// Only the cases of these properties, with commas between them
    #[arg(long, value_name = "PROPERTIES", value_delimiter = ',', value_parser = property)]
    property: Vec<Property>,
    /// Only this case (repeatable)
    #[arg(long = "case", value_name = "NAME")]
    cases: Vec<String>,
    /// Repeat the random input of an earlier run
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// List the properties and their cases, and run nothing
    #[arg(long)]
    list: bool,
    /// Write the results into this file, as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write the results into this file, as JUnit's XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Print the results as TAP, and no report
    #[arg(long)]
    tap: bool,
}

pub fn run(args: Args) -> Result<()> {
    end_servers_on_interrupt()?;
    check(args)
}

fn check(args: Args) -> Result<()> {
    let steps = steps::all()?;
    spoken(args.protocol, &args.require)?;
    let mut cases = chosen(args.protocol, &args.cases)?;
    cases.retain(|case| args.property.is_empty() || args.property.contains(&case.property));
    ensure!(!cases.is_empty(), "{} has no such case; --list shows all", args.protocol.flag());
    if args.list {
        print!("{}", report::list(&cases, &steps));
        return Ok(());
    }
    let (target, step) = target(&args)?;
    let name = step.as_ref().map_or_else(|| target.to_string(), |step| step.name.clone());
    let seed = args.seed.unwrap_or_else(any_seed);
    let path = args.path.clone();
    let whole = !args.cases.is_empty();
    let check = Check { target, protocol: args.protocol, seed, path, cases, whole };
    let report = check.run(progress(check.cases.len()))?;
    let findings = Findings { name: &name, seed, report: &report, steps: &steps };
    if args.tap {
        print!("{}", findings.tap());
    } else {
        print!("{}", findings.text(whole));
    }
    for (path, text) in [(&args.json, findings.json()), (&args.junit, findings.junit())] {
        if let Some(path) = path {
            fs::write(path, text).with_context(|| format!("writing {}", path.display()))?;
        }
    }
    judge(&report, &args.require, step.as_ref())
}

/// Fails if the server lacks what it must have.
fn judge(report: &Report, required: &[Property], step: Option<&Step>) -> Result<()> {
    let missing: Vec<String> = match (required, step) {
        ([], None) => Property::ALL
            .into_iter()
            .filter(|&property| report.has(property) == Some(false))
            .map(|property| property.to_string())
            .collect(),
        ([], Some(step)) => return as_declared(report, step),
        (required, _) => required
            .iter()
            .filter(|&&property| report.has(property) != Some(true))
            .map(|&property| match report.has(property) {
                None if report.differs_mostly(property) => {
                    format!("{property} (it does otherwise in most of what it should)")
                }
                None => format!("{property} (not tried)"),
                Some(_) => property.to_string(),
            })
            .collect(),
    };
    ensure!(missing.is_empty(), "the server lacks {}", missing.join(", "));
    ensure!(
        !(report.gone && required.is_empty()),
        "the server was gone before all was tried; --cmd starts one for each case"
    );
    Ok(())
}

/// A step has what it does not declare to lack; that it really lacks the rest is for its own test.
fn as_declared(report: &Report, step: &Step) -> Result<()> {
    let failed = report.outcomes.iter().filter(|outcome| report::fails(outcome));
    let names = failed.map(|outcome| outcome.case.name);
    let undeclared: Vec<&str> =
        names.filter(|name| !step.fails.iter().any(|declared| declared == name)).collect();
    ensure!(
        undeclared.is_empty(),
        "{name} does not declare what it fails; if that is its design, {name}/Cargo.toml should \
         have these among its `fails`: {undeclared:?}",
        name = step.name,
    );
    Ok(())
}

fn target(args: &Args) -> Result<(Target, Option<Step>)> {
    if let Some(command) = &args.cmd {
        ensure!(
            command.contains("{port}"),
            "--cmd '{command}': the command must say where the port goes: {{port}}"
        );
        return Ok((Target::Command(command.clone()), None));
    }
    let wanted = args.target.as_deref().context("no server: pass an address, a step or --cmd")?;
    if wanted.contains(':') {
        return Ok((Target::Running(address(wanted)?), None));
    }
    let step = steps::find(wanted)?;
    let binary = steps::build(std::slice::from_ref(&step))?.remove(0);
    Ok((Target::Step(Program::new(binary)), Some(step)))
}

fn address(text: &str) -> Result<SocketAddr> {
    let mut found = text.to_socket_addrs().with_context(|| format!("`{text}` is no address"))?;
    found.next().with_context(|| format!("`{text}` has no address"))
}

/// A protocol by its flag's value.
pub fn protocol(name: &str) -> Result<Protocol> {
    match name {
        "frames" => Ok(Protocol::Frames),
        "http" => Ok(Protocol::Http),
        _ => bail!("expected frames or http"),
    }
}

fn property(name: &str) -> Result<Property> {
    let names: Vec<&str> = Property::ALL.into_iter().map(Property::name).collect();
    Property::named(name)
        .with_context(|| format!("no property is called so; there are {}", names.join(", ")))
}

/// The cases of a protocol, or those of them that are named.
fn chosen(protocol: Protocol, names: &[String]) -> Result<Vec<Case>> {
    let mut cases = conform::cases();
    for name in names {
        let case = cases.iter().find(|case| case.name == name);
        let case = case.with_context(|| format!("no case is called `{name}`; --list shows all"))?;
        ensure!(
            case.protocol == protocol,
            "`{name}` is a case of {}: pass --protocol {0}",
            case.protocol.flag()
        );
    }
    let wanted = |name: &str| names.is_empty() || names.iter().any(|wanted| wanted == name);
    cases.retain(|case| case.protocol == protocol && wanted(case.name));
    Ok(cases)
}

/// Fails if a property is required that a server of this protocol cannot have.
fn spoken(protocol: Protocol, required: &[Property]) -> Result<()> {
    let has_cases = |property, protocol| {
        conform::cases().iter().any(|case| case.property == property && case.protocol == protocol)
    };
    for &property in required {
        if !has_cases(property, protocol) {
            let others = [Protocol::Frames, Protocol::Http].map(Protocol::flag);
            let other = if protocol == Protocol::Frames { others[1] } else { others[0] };
            bail!(
                "--require {property}: only a server of {other} has that; pass --protocol {other}, \
                 or require something else"
            );
        }
    }
    Ok(())
}

/// From here on, Ctrl-C and SIGTERM leave nothing behind that was started. The code is that of a shell.
pub fn end_servers_on_interrupt() -> Result<()> {
    let interrupted = || {
        conform::end_servers();
        eprintln!("\ninterrupted; every server that was started has been ended");
        process::exit(130);
    };
    ctrlc::set_handler(interrupted).context("listening for Ctrl-C")
}

/// Shows on a terminal how far it has come.
fn progress(total: usize) -> impl Fn(&conform::Outcome) + Sync {
    let done = AtomicUsize::new(0);
    let shown = io::stderr().is_terminal() && env::var_os("TERM").is_some();
    move |outcome| {
        let n = 1 + done.fetch_add(1, Ordering::Relaxed);
        if shown {
            let end = if n == total { "\r\x1b[K" } else { "" };
            let line = format!("\r\x1b[K{n}/{total} {}{end}", outcome.case.name);
            // It is only for somebody who looks.
            let _ = io::stderr().write_all(line.as_bytes());
        }
    }
}

/// Another one each time, and short enough to be typed.
fn any_seed() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| u64::from(now.subsec_micros()))
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::net::{TcpListener, TcpStream};
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;
    use std::thread;

    use clap::Parser;
    use conform::Finding;
    use serde_json::Value;

    use super::*;
    use crate::scratch::Scratch;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        args: Args,
    }

    fn check(flags: &[&str]) -> Result<()> {
        let flags = ["check"].iter().chain(flags);
        super::check(Cli::try_parse_from(flags).map_err(|error| anyhow::anyhow!("{error}"))?.args)
    }

    /// A server that echoes, and knows nothing of numbers. It ends with the tests.
    fn echo_server() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        thread::spawn(move || {
            let streams = listener.incoming().flatten();
            streams.for_each(|stream| drop(thread::spawn(|| echo(stream, |_| ()))))
        });
        addr
    }

    fn echo(mut stream: TcpStream, heard: impl Fn(u8)) -> io::Result<()> {
        stream.write_all(b"*")?;
        let (mut in_frame, mut buffer) = (false, [0; 1024]);
        loop {
            let n = stream.read(&mut buffer)?;
            if n == 0 {
                return Ok(());
            }
            for &byte in &buffer[..n] {
                heard(byte);
                match (in_frame, byte) {
                    (false, _) => in_frame = byte == b'^',
                    (true, b'$') => in_frame = false,
                    (true, _) => stream.write_all(&[byte.wrapping_add(1)])?,
                }
            }
        }
    }

    #[test]
    fn what_holds_is_no_error_and_what_does_not_is_one() {
        let addr = echo_server().to_string();
        check(&[&addr, "--case", "echo", "--case", "silent", "--seed", "3"]).unwrap();
        check(&[&addr, "--case", "echo", "--case", "numbers", "--require", "remembers"])
            .expect_err("nothing of `remembers` was tried");
        check(&[&addr, "--case", "silent", "--case", "numbers", "--require", "silent"]).unwrap();
        check(&[&addr, "--property", "speaks,silent", "--case", "echo", "--case", "split-number"])
            .expect("`split-number` is a case of `remembers`");
        let error = check(&[&addr, "--case", "echo", "--case", "numbers"]).unwrap_err();
        assert_eq!(error.to_string(), "the server lacks speaks");
    }

    /// The same, until somebody says this byte: whoever comes next finds it ended.
    fn mortal_server(deadly: u8) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        thread::spawn(move || {
            let is_over = Arc::new(AtomicBool::new(false));
            for stream in listener.incoming().flatten() {
                if is_over.load(Ordering::Relaxed) {
                    return;
                }
                let is_over = Arc::clone(&is_over);
                let heard = move |byte| {
                    is_over.fetch_or(byte == deadly, Ordering::Relaxed);
                };
                thread::spawn(|| echo(stream, heard));
            }
        });
        addr
    }

    #[test]
    fn a_server_that_has_ended_is_not_said_to_be_right() {
        let addr = mortal_server(255).to_string();
        let error = check(&[&addr, "--case", "wraps"]).unwrap_err();
        assert_eq!(error.to_string(), "the server lacks speaks");
        // Already the first thing that it is asked, to get to know it, ends this one.
        let addr = mortal_server(b'c').to_string();
        let error = check(&[&addr, "--case", "echo"]).unwrap_err();
        assert!(error.to_string().contains("gone before all was tried"), "{error}");
    }

    #[test]
    fn files_say_what_was_found() {
        let (scratch, addr) = (Scratch::new("check-files"), echo_server().to_string());
        let path = |name: &str| scratch.dir.join(name).to_str().unwrap().to_owned();
        let (json, junit) = (path("a.json"), path("a.xml"));
        let cases = ["--case", "echo", "--case", "numbers", "--case", "stop-idle"];
        let files = ["--json", &json, "--junit", &junit, "--seed", "9"];
        check(&[&[addr.as_str()], &cases[..], &files[..]].concat()).unwrap_err();

        let all: Value = serde_json::from_str(&scratch.read("a.json")).unwrap();
        assert_eq!((&all["target"], &all["seed"]), (&addr.as_str().into(), &9.into()));
        let results: Vec<_> = all["cases"].as_array().unwrap().iter().collect();
        let result =
            |name: &str| &results.iter().find(|case| case["name"] == name).unwrap()["result"];
        assert_eq!(result("echo"), "passes");
        assert_eq!(result("numbers"), "fails");
        assert_eq!(result("stop-idle"), "not-tried");
        assert_eq!(all["schema"], 2);
        assert_eq!(all["properties"][0]["name"], "speaks");
        assert_eq!(all["properties"][0]["tally"], "1 of 2");
        assert_eq!(all["properties"][0]["first_step"], "step-01-sequential");
        assert_eq!(
            (&all["properties"][0]["has"], &all["properties"][1]["has"]),
            (&false.into(), &Value::Null)
        );

        let xml = scratch.read("a.xml");
        assert!(xml.contains("tests=\"3\" failures=\"1\" skipped=\"1\""), "{xml}");
        assert!(xml.contains("<testcase classname=\"speaks\" name=\"echo\""), "{xml}");
        assert!(xml.contains("<failure message=\"A got &quot;Q"), "{xml}");
        assert!(xml.contains("<skipped message=\"needs a server that it starts"), "{xml}");
        assert!(xml.contains("<property name=\"lesson\" value=\"A frame comes back"), "{xml}");
    }

    #[test]
    fn tap_and_the_report_say_the_same() {
        let cases =
            chosen(Protocol::Frames, &["echo".into(), "numbers".into(), "stop-idle".into()]);
        let target = Target::Running(echo_server());
        let check = Check {
            target,
            protocol: Protocol::Frames,
            seed: 5,
            path: "/".into(),
            cases: cases.unwrap(),
            whole: false,
        };
        let report = check.run(|_| {}).unwrap();
        let steps = steps::all().unwrap();
        let findings = Findings { name: "it", seed: 5, report: &report, steps: &steps };
        let tap = findings.tap();
        let is_point = |line: &&str| line.starts_with("ok") || line.starts_with("not ok");
        let points: Vec<&str> = tap.lines().filter(is_point).collect();
        assert!(tap.starts_with("TAP version 13\n1..3\n"), "{tap}");
        assert_eq!(points[..2], ["ok 1 - speaks: echo", "not ok 2 - speaks: numbers"]);
        assert!(points[2].starts_with("ok 3 - stop: stop-idle # SKIP needs "), "{tap}");
        for part in ["  ---\n", "  protocol: \"frames\"\n", "  rule: null\n", "  what: \"A got "] {
            assert!(tap.contains(part), "{part}: {tap}");
        }
        let text = findings.text(false);
        for part in [
            "✗ speaks ",
            "(1 of 2)\n",
            "– stop ",
            "A sends \"^P",
            "How: step-01-sequential; why: crates/conform/README.md#speaks",
            "lacks: speaks",
            "--case NAME shows every byte",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(text.lines().all(|line| line.chars().count() <= wrap::WIDTH), "{text}");
        assert!(!findings.text(true).contains("--case NAME"));
    }

    #[test]
    fn every_property_is_explained_under_its_name() {
        let page = include_str!("../../crates/conform/README.md");
        for property in Property::ALL {
            let heading = format!("\n### {property}\n");
            assert_eq!(page.matches(&heading).count(), 1, "{property}");
        }
        assert!(page.contains("`schema` is 2;"), "the version of `--json` is another one");
    }

    #[test]
    fn with_a_case_every_byte_is_shown() {
        let story = |whole| {
            let cases = chosen(Protocol::Frames, &["numbers".into()]).unwrap();
            let (target, path) = (Target::Running(echo_server()), "/".into());
            let check = Check { target, protocol: Protocol::Frames, seed: 5, path, cases, whole };
            let report = check.run(|_| {}).unwrap();
            let Finding::Fails(story) = report.outcomes.into_iter().next().unwrap().finding else {
                panic!("an echo is no answer");
            };
            story.transcript
        };
        let last = "^P4294967311$";
        assert!(story(true).contains(last) && !story(false).contains(last));
    }

    #[test]
    fn what_cannot_be_checked_is_said() {
        for (flags, error) in [
            (&["--cmd", "./server"][..], "where the port goes"),
            (&["127.0.0.1:1", "--case", "ecko"], "no case is called `ecko`"),
            (&["127.0.0.1:1", "--case", "http-host"], "pass --protocol http"),
            (&["127.0.0.1:1", "--case", "echo"], "is it running?"),
            (&["127.0.0.1:1", "--property", "bodies"], "frames has no such case"),
            (&["127.0.0.1:1", "--property", "speak"], "there are speaks, messages"),
            (&["127.0.0.1:1", "--require", "speak"], "there are speaks, messages"),
            (&["127.0.0.1:1", "--require", "bodies"], "pass --protocol http"),
            (&["127.0.0.1:1", "--protocol", "http", "--require", "speaks"], "a server of frames"),
            (&["no-such-step"], "no step is called"),
            (&[], "required"),
        ] {
            let said = format!("{:#}", check(flags).unwrap_err());
            assert!(said.contains(error), "{flags:?}: {said}");
        }
    }
}
