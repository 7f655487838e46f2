//! What faults are injected into: a step or any program that takes a step's flags, and its process.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::mem;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use conform::{Program, Protocol, Target};

use super::client::Client;
use crate::bench::child::Child;
use crate::bench::interrupt;

/// How long anything may take that should be a matter of moments, on a machine that is busy.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A server whose only client has left is at rest when it has opened and closed nothing for so long.
const AT_REST: Duration = Duration::from_millis(50);

/// Who is tried.
#[derive(Debug, Clone)]
pub struct Subject {
    /// `04` of a step; of another program, its file's name.
    pub name: String,
    pub program: PathBuf,
    /// Flags of its own, before all others.
    pub flags: Vec<OsString>,
    /// The conformance cases that it fails by design.
    pub fails: Vec<String>,
    /// What it says of itself that is still wrong.
    pub wrong: String,
}

/// A server that runs. It ends with its handle.
pub struct Server {
    pub addr: SocketAddr,
    /// The descriptors that it has open when nobody is there.
    pub alone: BTreeSet<u64>,
    child: Child,
}

impl Subject {
    /// Whether it fails this case by design.
    pub fn fails(&self, case: &str) -> bool {
        self.fails.iter().any(|name| name == case)
    }

    /// How many clients it can be expected to serve side by side, of so many, and the flags for that.
    pub fn side_by_side(&self, clients: usize) -> (usize, &'static [&'static str]) {
        if self.fails("silent") {
            (1, &[])
        } else if self.fails("more-silent-than-workers") {
            (clients, &["--workers", "128"])
        } else {
            (clients, &[])
        }
    }

    /// For the conformance cases.
    pub fn target(&self) -> Target {
        Target::Step(Program { path: self.program.clone(), flags: self.flags.clone() })
    }

    /// The command line that starts it, without an address.
    pub fn command(&self, protocol: Protocol) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.flags).args(["--protocol", protocol.flag()]);
        // To print a backtrace, a debug build reads its symbols: more than a server needs.
        command.env("RUST_BACKTRACE", "0");
        command
    }

    /// Starts it on a free port, and has one client come and go: a server may say that it listens before
    /// it has opened all that it will ever need. `flags` come last, and win.
    pub fn start(&self, protocol: Protocol, flags: &[&str]) -> Result<Server> {
        let mut command = self.command(protocol);
        command.args(["--addr", "127.0.0.1:0"]).args(flags);
        let child = Child::start(command.stderr(Stdio::piped()), None)?;
        let line = child.line(PATIENCE)?;
        let addr = line.as_deref().and_then(|line| line.strip_prefix("listening on "));
        let Some(addr) = addr.and_then(|addr| addr.parse().ok()) else {
            bail!("it did not say `listening on ADDRESS`{}", child.last_words());
        };
        let mut first = Client::connect(addr, protocol)?;
        first.talk().and_then(|()| first.leave()).context("the first client")?;
        let mut server = Server { addr, alone: BTreeSet::new(), child };
        server.alone = server.at_rest()?;
        Ok(server)
    }
}

impl Server {
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Fails if it has ended.
    pub fn still_runs(&mut self) -> Result<()> {
        match self.child.ended() {
            Some(status) => bail!("the server ended with {status}{}", self.child.last_words()),
            None => Ok(()),
        }
    }

    /// The descriptors that it has open (Linux).
    pub fn descriptors(&self) -> Result<BTreeSet<u64>> {
        let path = format!("/proc/{}/fd", self.id());
        let entries = fs::read_dir(&path).with_context(|| format!("reading {path}"))?;
        let number = |entry: fs::DirEntry| entry.file_name().to_str()?.parse().ok();
        Ok(entries.flatten().filter_map(number).collect())
    }

    /// Waits until it neither opens nor closes anything, and returns what is open then.
    fn at_rest(&self) -> Result<BTreeSet<u64>> {
        let mut before = self.descriptors()?;
        let found = interrupt::wait_for(PATIENCE, || {
            thread::sleep(AT_REST);
            let earlier = mem::replace(&mut before, self.descriptors()?);
            Ok((earlier == before).then_some(earlier))
        })?;
        found.context("it opens and closes descriptors all the time, though nobody is there")
    }

    /// Waits until it has so many descriptors more than when nobody was there: has accepted so many
    /// clients.
    pub fn has_accepted(&self, clients: usize) -> Result<()> {
        let accepted = interrupt::wait_for(PATIENCE, || {
            let now = self.descriptors()?;
            Ok((now.difference(&self.alone).count() >= clients).then_some(()))
        })?;
        ensure!(accepted.is_some(), "it did not accept {clients} clients");
        Ok(())
    }

    /// Waits so long, and says what share of a core it has used meanwhile.
    pub fn busy(&self, time: Duration) -> Result<f64> {
        let watched = load::cost::Server::new(self.id());
        let spent = || watched.processor_time().context("the server's processor time");
        let (start, before) = (Instant::now(), spent()?);
        thread::sleep(time);
        Ok((spent()?.saturating_sub(before)).as_secs_f64() / start.elapsed().as_secs_f64())
    }
}
