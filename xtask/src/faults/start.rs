//! A server is started as it cannot be: what does it say?

use std::fs;
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use conform::Protocol;

use super::server::{PATIENCE, Subject};
use super::{Outcome, missing};
use crate::bench::child::Child;
use crate::bench::interrupt;

/// How long a server may take to find out that it cannot start.
const FINDS_OUT: Duration = Duration::from_secs(5);

/// The user who may do least, on every Linux.
const NOBODY: &str = "65534";

/// From this port on, anybody may listen.
const FIRST_FREE: &str = "/proc/sys/net/ipv4/ip_unprivileged_port_start";

/// Flags that are wrong, each in another way, and what the complaint must name.
const WRONG: [(&[&str], &str); 6] = [
    (&["--no-such-flag"], "--no-such-flag"),
    (&["--grace", "soon"], "--grace"),
    (&["--protocol", "smtp"], "--protocol"),
    (&["--workers", "0"], "--workers"),
    (&["--addr", "nowhere"], "nowhere"),
    (&["--public", "no/such/place"], "no/such/place"),
];

pub fn address_in_use(subject: &Subject, protocol: Protocol) -> Result<Outcome> {
    let other = TcpListener::bind("127.0.0.1:0").context("taking a port")?;
    let addr = other.local_addr()?.to_string();
    let mut command = subject.command(protocol);
    complains(command.args(["--addr", &addr]), &addr)?;
    Ok(Outcome::holds("one line that names the address; the code is not 0"))
}

pub fn wrong_flags(subject: &Subject, protocol: Protocol) -> Result<Outcome> {
    for (flags, named) in WRONG {
        let mut command = subject.command(protocol);
        command.args(["--addr", "127.0.0.1:0"]).args(flags);
        complains(&mut command, named).with_context(|| flags.join(" "))?;
    }
    Ok(Outcome::holds(format!("{} times one line that names the flag; not 0", WRONG.len())))
}

pub fn no_permission(subject: &Subject, protocol: Protocol) -> Result<Outcome> {
    let first_free = fs::read_to_string(FIRST_FREE).unwrap_or_default();
    if first_free.trim().parse().is_ok_and(|first: u16| first <= 1) {
        return Ok(Outcome::skipped("here anybody may listen on port 1"));
    }
    let own = subject.command(protocol);
    let mut command = if nobody_special() {
        Command::new(own.get_program())
    } else {
        if let Some(skipped) = missing("setpriv", "--version") {
            return Ok(skipped);
        }
        let mut command = Command::new("setpriv");
        command.args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"]);
        let reachable = Command::new("setpriv")
            .args(command.get_args())
            .args(["test", "-x"])
            .arg(own.get_program())
            .stderr(Stdio::null())
            .status();
        if !reachable.is_ok_and(|status| status.success()) {
            return Ok(Outcome::skipped("another user may not run programs in this folder"));
        }
        command.arg(own.get_program());
        command
    };
    command.args(own.get_args()).env("RUST_BACKTRACE", "0");
    complains(command.args(["--addr", "127.0.0.1:1"]), "127.0.0.1:1")?;
    Ok(Outcome::holds("one line that names the address; the code is not 0"))
}

/// Whether we are not root.
fn nobody_special() -> bool {
    #[cfg(unix)]
    return !nix::unistd::geteuid().is_root();
    #[cfg(not(unix))]
    true
}

/// Runs a command that must end by itself, with a code that is not 0, with nothing on stdout, and with
/// one line on stderr that names this.
fn complains(command: &mut Command, named: &str) -> Result<()> {
    let mut said = tempfile::tempfile().context("making a file for stderr")?;
    let mut child = Child::start(command.stderr(said.try_clone()?), None)?;
    let ended = interrupt::wait_for(FINDS_OUT, || Ok(child.ended()))?;
    let status = ended.with_context(|| format!("it runs, as if `{named}` were right"))?;
    let mut text = String::new();
    std::io::Seek::rewind(&mut said)?;
    std::io::Read::read_to_string(&mut said, &mut text).context("reading its stderr")?;
    // What means nothing is noted on lines of its own; that is another matter.
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with("note: ")).collect();
    let shown = lines.join(" / ");
    ensure!(!status.success(), "it ended with {status}");
    ensure!(status.code().is_some(), "it ended with {status}: {shown}");
    ensure!(lines.len() == 1, "{} lines: {shown}", lines.len());
    ensure!(shown.contains(named), "nothing of `{named}` in: {shown}");
    ensure!(child.line(PATIENCE)?.is_none(), "something on stdout");
    Ok(())
}
