//! What faults are injected into: a step or any program that takes a step's flags, and its process.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use conform::{Program, Protocol, Target};

use crate::bench::child::Child;
use crate::bench::interrupt;

/// How long anything may take that should be a matter of moments, on a machine that is busy.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// The seconds that a server has for a stop, where a row is not about that.
pub const GRACE: &str = "10";

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

/// A signal, by what it asks for.
#[derive(Debug, Clone, Copy)]
pub enum Signal {
    /// SIGTERM.
    Stop,
    /// SIGSTOP, which no program hears.
    Freeze,
    /// SIGCONT.
    Continue,
}

/// A server that runs. It ends with its handle.
pub struct Server {
    pub addr: SocketAddr,
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

    /// Starts it on a free port, and waits until it listens. `flags` come last, and win.
    pub fn start(&self, protocol: Protocol, flags: &[&str]) -> Result<Server> {
        let mut command = self.command(protocol);
        command.args(["--addr", "127.0.0.1:0"]).args(flags);
        let child = Child::start(command.stderr(Stdio::piped()), None)?;
        let line = child.line(PATIENCE)?;
        let addr = line.as_deref().and_then(|line| line.strip_prefix("listening on "));
        match addr.and_then(|addr| addr.parse().ok()) {
            Some(addr) => Ok(Server { addr, child }),
            None => bail!("it did not say `listening on ADDRESS`{}", child.last_words()),
        }
    }
}

impl Server {
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, signal: Signal) -> Result<()> {
        #[cfg(unix)]
        {
            use nix::{sys::signal, unistd::Pid};
            let signal = match signal {
                Signal::Stop => signal::Signal::SIGTERM,
                Signal::Freeze => signal::Signal::SIGSTOP,
                Signal::Continue => signal::Signal::SIGCONT,
            };
            let pid = Pid::from_raw(self.id().try_into().context("an id that is not one")?);
            signal::kill(pid, signal).with_context(|| format!("sending {signal}"))
        }
        #[cfg(not(unix))]
        bail!("there are no signals here ({signal:?})")
    }

    /// How it ended, and what it said last; an error if it still runs after `patience`.
    pub fn end(&mut self, patience: Duration) -> Result<(ExitStatus, String)> {
        let status = self.child.wait(patience)?;
        // Its last words come through a thread that may be a moment behind.
        let said = interrupt::wait_for(Duration::from_millis(500), || {
            Ok(Some(self.child.last_words()).filter(|words| !words.is_empty()))
        })?;
        Ok((status, said.unwrap_or_default()))
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

    /// Waits until it has so many descriptors more than `before`: has accepted so many clients.
    pub fn has_accepted(&self, clients: usize, before: &BTreeSet<u64>) -> Result<()> {
        let accepted = interrupt::wait_for(PATIENCE, || {
            let now = self.descriptors()?;
            Ok((now.difference(before).count() >= clients).then_some(()))
        })?;
        ensure!(accepted.is_some(), "it did not accept {clients} clients");
        Ok(())
    }

    /// Waits until every thread is in this state: `S` waits for something, `T` is stopped (Linux:
    /// `proc_pid_stat(5)`).
    pub fn all_threads_are(&self, state: char) -> Result<()> {
        let path = format!("/proc/{}/task", self.id());
        let reached = interrupt::wait_for(PATIENCE, || {
            let tasks = fs::read_dir(&path).with_context(|| format!("reading {path}"))?;
            let is_so = |task: fs::DirEntry| {
                let stat = fs::read_to_string(task.path().join("stat")).unwrap_or_default();
                // The name stands between brackets and may hold anything. Who has ended has no state.
                stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with(state))
            };
            Ok(tasks.flatten().all(is_so).then_some(()))
        })?;
        ensure!(reached.is_some(), "its threads did not come to be in state {state}");
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
