//! `accept` fails: there are no descriptors left, or the kernel says so.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use conform::Protocol;

use super::client::Client;
use super::server::{PATIENCE, Server, Subject};
use super::{Outcome, missing};
use crate::bench::child::Child;
use crate::bench::interrupt;

/// How many come meanwhile.
const NEWCOMERS: usize = 4;

/// How long a server is watched that cannot accept, once while somebody is there and once when
/// nobody is.
const PAUSE: Duration = Duration::from_millis(600);

/// What share of a core it may use meanwhile. To try again ten times a second takes a thousandth; who
/// tries again at once uses all that there is.
const BUSY: f64 = 0.05;

/// A server has as many descriptors as it had when nobody was there. A is with it already, others come.
pub fn no_descriptors(subject: &Subject, protocol: Protocol) -> Result<Outcome> {
    let mut server = subject.start(protocol, &[])?;
    let mut a = Client::connect(server.addr, protocol)?;
    server.has_accepted(1)?;
    let of_a = server.descriptors()?.difference(&server.alone).min().copied();
    let limit = limit(&server, of_a.context("A has no descriptor")?)?;
    let mut newcomers = Vec::new();
    for _ in 0..NEWCOMERS {
        let mut newcomer = Client::connect(server.addr, protocol)?;
        newcomer.ask()?;
        newcomers.push(newcomer);
    }
    let with_a = server.busy(PAUSE)?;
    server.still_runs()?;
    a.talk().context("A, who was there before")?;
    drop(a);
    let without = server.busy(PAUSE)?;
    server.still_runs()?;
    // Whoever has got in may be answered, and leaves by that a place to the next.
    let mut outside = Vec::new();
    for mut newcomer in newcomers {
        if !newcomer.is_answered()? {
            outside.push(newcomer);
        }
    }
    ensure!(!outside.is_empty(), "the fault was not felt: everybody was answered");
    unlimit(&server, limit)?;
    for mut newcomer in outside {
        newcomer.answer().context("a client who waited outside")?;
    }
    server.still_runs()?;
    let busy = with_a.max(without);
    ensure!(busy < BUSY, "it spun: {:.0} % of a core while it could not accept", busy * 100.0);
    Ok(Outcome::holds("A was answered, then all who had waited; under 5 % of a core meanwhile"))
}

/// Says how many descriptors the server may have, and returns how many it could have before.
#[cfg(target_os = "linux")]
fn limit(server: &Server, n: u64) -> Result<u64> {
    let pid = i32::try_from(server.id()).context("an id that is not one")?;
    let (mut soft, mut hard) = (0, 0);
    let before = Some((&mut soft, &mut hard));
    rlimit::prlimit(pid, rlimit::Resource::NOFILE, None, before)?;
    rlimit::prlimit(pid, rlimit::Resource::NOFILE, Some((n, hard)), None)?;
    Ok(soft)
}

#[cfg(not(target_os = "linux"))]
fn limit(_: &Server, n: u64) -> Result<u64> {
    bail!("another process's limit of descriptors ({n}) can only be set on Linux")
}

fn unlimit(server: &Server, n: u64) -> Result<()> {
    limit(server, n).map(drop)
}

/// The kernel says three times to each thread that accepts that there are no descriptors.
pub fn injected(subject: &Subject, protocol: Protocol) -> Result<Outcome> {
    if let Some(skipped) = missing("strace", "-V") {
        return Ok(skipped);
    }
    let mut server = subject.start(protocol, &[])?;
    let a = Client::connect(server.addr, protocol)?;
    server.has_accepted(1)?;
    let log = tempfile::NamedTempFile::new().context("making a file for strace")?;
    let mut strace = attach(&server, log.path())?;
    let gave_up = attached(&mut strace, &server)?;
    server.still_runs()?;
    if let Some(status) = gave_up {
        let words = strace.last_words();
        return Ok(Outcome::skipped(format!("strace ended with {status}{words}")));
    }
    let talked = talk(a, server.addr, protocol);
    server.still_runs()?;
    talked?;
    drop(strace);
    server.still_runs()?;
    let log = fs::read_to_string(log.path()).context("reading what strace has seen")?;
    let injected = log.matches("(INJECTED)").count();
    ensure!(injected >= 3, "the fault was not felt: `accept` failed {injected} times");
    Ok(Outcome::holds("A was answered, then all who came; `accept` failed 3 times or more"))
}

/// A says something and leaves, then others come one after the other: an `accept` that is under way
/// when `strace` comes fails nowhere.
fn talk(mut a: Client, addr: SocketAddr, protocol: Protocol) -> Result<()> {
    a.talk().context("A, who was there before")?;
    drop(a);
    (1..=NEWCOMERS).try_for_each(|n| {
        let mut newcomer = Client::connect(addr, protocol)?;
        newcomer.talk().with_context(|| format!("client {n} after that"))
    })
}

fn attach(server: &Server, log: &Path) -> Result<Child> {
    let mut command = Command::new("strace");
    command
        .args(["-f", "-qq", "-e", "trace=accept,accept4"])
        .args(["-e", "inject=accept,accept4:error=EMFILE:when=1..3"])
        .arg("-o")
        .arg(log)
        .args(["-p", &server.id().to_string()]);
    Child::start(command.stderr(Stdio::piped()), None)
}

/// Waits until every thread is watched. `Some`: that cannot be, and `strace` has ended so.
fn attached(strace: &mut Child, server: &Server) -> Result<Option<ExitStatus>> {
    let tasks = format!("/proc/{}/task", server.id());
    let found = interrupt::wait_for(PATIENCE, || {
        if let Some(status) = strace.ended() {
            return Ok(Some(Some(status)));
        }
        let tasks = fs::read_dir(&tasks).with_context(|| format!("reading {tasks}"))?;
        let watched = |task: fs::DirEntry| {
            let status = fs::read_to_string(task.path().join("status")).unwrap_or_default();
            !status.contains("TracerPid:\t0\n")
        };
        Ok(tasks.flatten().all(watched).then_some(None))
    })?;
    match found {
        Some(ended) => Ok(ended),
        None => bail!("strace did not come to watch every thread"),
    }
}
