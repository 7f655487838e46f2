//! One server under test: a process of its own on a free port, which ends with its handle.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Read};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::ops::Range;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
#[cfg(unix)]
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::Protocol;
use crate::process::{self, Family, Process};

/// The memory that a server may have used when a case is over, in bytes. The thousand threads of
/// the largest case need half of it; who keeps what no client has a right to needs more.
pub(crate) const MEMORY: u64 = 64 * 1024 * 1024;

/// What each of many clients may cost, in bytes: a read buffer of 16 KiB, and what it takes to wait. A
/// thread and its stack take more.
pub(crate) const EACH: u64 = 20 * 1024;

/// What an HTTP server serves as files.
const PUBLIC: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/public");

/// How long a stranger may take to start, at least: an interpreter has much to read first.
pub(crate) const STARTS: Duration = Duration::from_secs(20);

/// How long a server is given to greet, and to part, before it is asked anything.
const PARTING: Duration = Duration::from_secs(1);

/// How long a server has to end before it is asked again to stop.
const AGAIN: Duration = Duration::from_millis(20);

/// How long the last words of a server that has ended may be on their way. Who holds its stderr longer
/// is a child that it has left behind.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// How much of what a server says on stderr is kept, for the report.
const KEPT: usize = 4 * 1024;

/// How many lines of that are told.
const TOLD: usize = 8;

/// What is started to be tested.
#[derive(Debug, Clone)]
pub struct Program {
    /// The server's executable.
    pub path: PathBuf,
    /// Flags of its own, before those that every server is given.
    pub flags: Vec<OsString>,
}

impl Program {
    /// An executable that needs no flags of its own.
    pub fn new(path: impl Into<PathBuf>) -> Program {
        Program { path: path.into(), flags: Vec::new() }
    }
}

/// What is tested.
#[derive(Debug, Clone)]
pub enum Target {
    /// A server that takes the flags of our steps. Every case starts its own.
    Step(Program),
    /// A command in which `{port}` stands for where to listen. Every case starts its own.
    Command(String),
    /// A server that runs already, and that all cases share.
    Running(SocketAddr),
}

/// A running server. Dropping it ends the process, if it is ours, and whatever that has started.
pub(crate) struct Server {
    /// `None`: somebody else has started it.
    child: Option<Process>,
    pub addr: SocketAddr,
    /// What a stranger needed before the first client came, in bytes.
    idle_memory: u64,
    /// Whether it keeps to our rules about what is said on stdout.
    is_step: bool,
    /// How long it took until it listened.
    pub started_in: Duration,
    /// What it says on stdout, a line or two.
    lines: mpsc::Receiver<String>,
    /// The end of what it said on stderr.
    stderr: Arc<Mutex<Vec<u8>>>,
    /// Nothing ever comes here: it is closed when all of that is read.
    said_all: mpsc::Receiver<()>,
}

impl Server {
    /// Starts it, on a free port of the loopback interface, and waits until it listens.
    /// One of ours has so much time to finish when it is asked to stop.
    pub fn start(
        target: &Target,
        protocol: Protocol,
        grace: Duration,
        patience: Duration,
    ) -> Result<Server> {
        match target {
            Target::Step(program) => Server::step(program, protocol, grace, patience),
            Target::Command(command) => Server::command(command, patience.max(STARTS)),
            Target::Running(addr) => {
                let ((_, lines), (_, said_all)) = (mpsc::channel(), mpsc::channel());
                Ok(Server {
                    child: None,
                    addr: *addr,
                    idle_memory: 0,
                    is_step: false,
                    started_in: Duration::ZERO,
                    lines,
                    stderr: Arc::default(),
                    said_all,
                })
            }
        }
    }

    fn step(
        program: &Program,
        protocol: Protocol,
        grace: Duration,
        patience: Duration,
    ) -> Result<Server> {
        let public: &[&str] = match protocol {
            Protocol::Frames => &[],
            Protocol::Http => &["--public", PUBLIC],
        };
        let mut command = Command::new(&program.path);
        command
            .args(&program.flags)
            .args(["--addr", "127.0.0.1:0", "--grace", &grace.as_secs_f32().to_string()])
            .args(public)
            .args(["--protocol", protocol.flag()])
            // To print a backtrace, a debug build reads its symbols: more than a server needs.
            .env("RUST_BACKTRACE", "0");
        let mut server = Server::spawn(command, Family::Ours)?;
        server.is_step = true;
        let Ok(line) = server.lines.recv_timeout(patience) else {
            bail!("it did not say `listening on ADDR` on stdout{}", server.last_words());
        };
        let addr = line.strip_prefix("listening on ").and_then(|addr| addr.parse().ok());
        server.addr = addr.with_context(|| {
            format!("its first line is `{line}`; expected `listening on 127.0.0.1:PORT`")
        })?;
        Ok(server)
    }

    /// A stranger cannot tell us its port: it is told, and is ready when it accepts.
    fn command(command: &str, patience: Duration) -> Result<Server> {
        let start = Instant::now();
        let addr = free_address()?;
        let line = command.replace("{port}", &addr.port().to_string());
        let mut server = Server::spawn(shell(&line), Family::Own)?;
        server.addr = addr;
        while TcpStream::connect(addr).map(part).is_err() {
            if let Some(status) = server.ended_within(Duration::ZERO) {
                bail!("`{line}` ended with {status} and never listened{}", server.last_words());
            }
            if start.elapsed() > patience {
                let elsewhere = server.listens().map_or_else(String::new, |others| {
                    format!(", but on {others}: the command must say where `{{port}}` goes")
                });
                bail!(
                    "`{line}` runs, and does not listen on {addr} after {} s{elsewhere}{}",
                    patience.as_secs(),
                    server.last_words()
                );
            }
            thread::sleep(Duration::from_millis(10));
        }
        server.started_in = start.elapsed();
        server.idle_memory = server.peak_memory().unwrap_or(0);
        Ok(server)
    }

    fn spawn(mut command: Command, family: Family) -> Result<Server> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        #[cfg(unix)]
        if family == Family::Own {
            std::os::unix::process::CommandExt::process_group(&mut command, 0);
        }
        let child = command.spawn();
        let child =
            child.with_context(|| format!("starting {}", command.get_program().display()))?;
        let mut child = Process::new(child, family);
        // Both pipes are read to their end, so that no server ever waits for us to read.
        let (line, lines) = mpsc::channel();
        let stdout = child.child.stdout.take();
        thread::spawn(move || stdout.map(|stdout| read_lines(stdout, line)));
        let stderr = Arc::new(Mutex::new(Vec::new()));
        let (pipe, tail) = (child.child.stderr.take(), Arc::clone(&stderr));
        let (reading, said_all) = mpsc::channel();
        thread::spawn(move || {
            if let Some(pipe) = pipe {
                read_tail(pipe, &tail);
            }
            drop(reading);
        });
        Ok(Server {
            child: Some(child),
            addr: SocketAddr::from(([127, 0, 0, 1], 0)),
            idle_memory: 0,
            is_step: false,
            started_in: Duration::ZERO,
            lines,
            stderr,
            said_all,
        })
    }

    fn pid(&self) -> Result<u32> {
        self.child.as_ref().map(Process::id).context("somebody else has started this server")
    }

    /// How it ended, with its last words read; `None` if it still runs after `patience`.
    pub fn ended_within(&mut self, patience: Duration) -> Option<ExitStatus> {
        let deadline = Instant::now() + patience;
        let child = self.child.as_mut()?;
        loop {
            match child.child.try_wait() {
                Ok(None) if Instant::now() < deadline => thread::sleep(Duration::from_millis(2)),
                status => {
                    let status = status.ok().flatten()?;
                    let _ = self.said_all.recv_timeout(LAST_WORDS);
                    return Some(status);
                }
            }
        }
    }

    /// Allows the process `n` descriptors and no more.
    pub fn limit_descriptors(&self, n: u64) -> Result<()> {
        #[cfg(target_os = "linux")]
        {
            let pid = i32::try_from(self.pid()?).context("an id that is not one")?;
            rlimit::prlimit(pid, rlimit::Resource::NOFILE, Some((n, n)), None)?;
            Ok(())
        }
        #[cfg(not(target_os = "linux"))]
        bail!("another process's limit of descriptors ({n}) can only be set on Linux")
    }

    /// Waits until it has opened no descriptor for so long. (One that has ended opens none.)
    pub fn wait_for_descriptors(&self, idle: Duration) {
        let (mut open, mut since) = (0, Instant::now());
        while since.elapsed() < idle {
            let now = self.descriptors();
            if now != open {
                (open, since) = (now, Instant::now());
            }
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// How many descriptors it has open.
    pub fn descriptors(&self) -> usize {
        self.members().into_iter().map(process::descriptors).sum()
    }

    /// Its process, and of a stranger those that it has started.
    fn members(&self) -> Vec<u32> {
        self.child.as_ref().map_or_else(Vec::new, Process::members)
    }

    /// The most memory that was ever resident, in bytes, without what a stranger needs to be there
    /// at all; of a server of several processes, in all of them. `None` where the system does not tell.
    pub fn peak_memory(&self) -> Option<u64> {
        let all = self.members().into_iter().filter_map(process::peak_memory);
        let all = all.reduce(|sum, peak| sum + peak)?;
        Some(all.saturating_sub(self.idle_memory))
    }

    /// The addresses that it listens on, for the report; `None` where that is none or not known.
    fn listens(&self) -> Option<String> {
        let all: Vec<String> = self.members().into_iter().flat_map(process::listens).collect();
        (!all.is_empty()).then(|| all.join(", "))
    }

    /// Sends SIGTERM.
    pub fn ask_to_stop(&self) -> Result<()> {
        #[cfg(unix)]
        return signal(self.pid()?, Signal::SIGTERM);
        #[cfg(not(unix))]
        bail!("there is no SIGTERM here")
    }

    /// Asks it to stop again and again, until it ends: with a code of its own that is not 0. It was asked
    /// once, and was not to end of that.
    pub fn stop_again(&mut self, patience: Duration) -> Result<()> {
        if let Some(status) = self.ended_within(10 * AGAIN) {
            bail!("it ended at the first signal, with {status}");
        }
        let deadline = Instant::now() + patience;
        while Instant::now() < deadline {
            self.ask_to_stop()?;
            if let Some(status) = self.ended_within(AGAIN) {
                return says_that_something_was_cut(status);
            }
        }
        bail!("asked again, it did not end in {} s", patience.as_secs())
    }

    /// Asks it to stop, and waits until it gives up, which it may after so much `grace`.
    pub fn stop_in_vain(&mut self, grace: Duration, patience: Duration) -> Result<()> {
        let asked = Instant::now();
        self.ask_to_stop()?;
        let status = self.ended_within(patience);
        let status = status.context("it did not end, though its grace period is over")?;
        says_that_something_was_cut(status)?;
        // Its clock may tick less finely than ours.
        ensure!(asked.elapsed() >= grace * 4 / 5, "it ended before its time");
        Ok(())
    }

    /// Stops it where it is, and lets it go on.
    pub fn pause(&self, patience: Duration) -> Result<()> {
        #[cfg(unix)]
        {
            let members = self.members();
            members.iter().try_for_each(|&id| signal(id, Signal::SIGSTOP))?;
            let deadline = Instant::now() + patience;
            // A SIGCONT that came before it has stopped would undo the SIGSTOP.
            while !members.iter().all(|&id| process::is_paused(id)) {
                ensure!(Instant::now() < deadline, "it is not stopped by SIGSTOP");
                thread::sleep(Duration::from_millis(2));
            }
            members.iter().try_for_each(|&id| signal(id, Signal::SIGCONT))
        }
        #[cfg(not(unix))]
        bail!("there is no SIGSTOP here: no waiting of {patience:?} brings one")
    }

    /// Waits until it has ended: with code 0, and a step having printed its one line on stdout.
    pub fn wait_for_end(&mut self, patience: Duration) -> Result<()> {
        let status = self.ended_within(patience);
        let status =
            status.with_context(|| format!("it did not end in {} s", patience.as_secs()))?;
        ensure!(status.success(), "it ended with {status}{}", self.last_words());
        if !self.is_step {
            return Ok(());
        }
        match self.lines.recv_timeout(patience) {
            Err(RecvTimeoutError::Disconnected) => Ok(()),
            Err(RecvTimeoutError::Timeout) => {
                bail!("it ended, and somebody still holds its stdout")
            }
            Ok(line) => bail!("it printed a second line on stdout: `{line}`"),
        }
    }

    /// What it said on stderr, as the end of a report.
    pub fn last_words(&self) -> String {
        let stderr = self.stderr.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&stderr);
        if text.trim().is_empty() {
            return String::new();
        }
        let lines: Vec<&str> = text.trim_end().lines().collect();
        let last = &lines[lines.len().saturating_sub(TOLD)..];
        let last: String = last.iter().map(|line| format!("\n    {line}")).collect();
        format!("\n  its stderr:{last}")
    }
}

fn says_that_something_was_cut(status: ExitStatus) -> Result<()> {
    let says_so = status.code().is_some_and(|code| code != 0);
    ensure!(says_so, "it ended with {status}, as if nothing had been cut");
    Ok(())
}

#[cfg(unix)]
fn signal(id: u32, signal: Signal) -> Result<()> {
    let pid = Pid::from_raw(id.try_into().context("an id that is not one")?);
    kill(pid, signal).with_context(|| format!("sending {signal}"))
}

/// Leaves as one who has nothing to ask. To hang up on a greeting would be a reset, and a first server
/// may die of one: that is for cases to find out which say so.
pub(crate) fn part(mut stream: TcpStream) {
    let parted = stream.shutdown(Shutdown::Write).and(stream.set_read_timeout(Some(PARTING)));
    let mut reads = || stream.read(&mut [0; 1024]);
    // The greeting, and the end. Whoever says more, or never ends, is left all the same.
    let _ = parted.and_then(|()| reads()).and_then(|n| if n == 0 { Ok(0) } else { reads() });
}

/// A port that is free, and that nobody here was told before. It is none of those that systems choose
/// from when a program leaves it to them (from 32,768 on, or higher): so between this look and the moment
/// when the server listens, no other server and no client is given it.
pub fn free_address() -> Result<SocketAddr> {
    const PORTS: Range<u32> = 20_000..32_000;
    static TOLD: AtomicU32 = AtomicU32::new(0);
    let count = PORTS.end - PORTS.start;
    // Others of us may run at the same time, and begin elsewhere.
    let first = std::process::id().wrapping_mul(97);
    for _ in 0..count {
        let n = first.wrapping_add(TOLD.fetch_add(1, Ordering::Relaxed)) % count;
        let port = u16::try_from(PORTS.start + n).context("a port that is none")?;
        let addr = SocketAddr::from(([127, 0, 0, 1], port));
        if TcpListener::bind(addr).is_ok() {
            return Ok(addr);
        }
    }
    bail!("no port is free from {} to {}", PORTS.start, PORTS.end)
}

/// The command that runs this line of a shell. If that is one command, it becomes the program itself:
/// then the process that is watched and asked to stop is the server, and no shell that waits for it. Of
/// several, the last may say so: `cd there && exec ./my-server {port}`.
pub fn shell(line: &str) -> Command {
    if cfg!(windows) {
        let mut shell = Command::new("cmd");
        shell.args(["/C", line]);
        return shell;
    }
    let line = line.strip_prefix("exec ").unwrap_or(line);
    let is_one = !line.contains([';', '&', '|', '\n']);
    let mut shell = Command::new("sh");
    // It may begin with variables, as in `PORT={port} ./my-server`; `exec` alone takes none.
    shell.args(["-c", &if is_one { format!("exec env {line}") } else { line.into() }]);
    shell
}

/// Hands over the first lines; one is all that a server should say.
fn read_lines(stdout: impl Read, line: mpsc::Sender<String>) {
    let mut stdout = BufReader::new(stdout);
    // Nobody listens any more when the server was given up; its pipe is emptied all the same.
    stdout
        .by_ref()
        .take(KEPT as u64)
        .lines()
        .take(2)
        .map_while(io::Result::ok)
        .for_each(|text| drop(line.send(text)));
    let _ = io::copy(&mut stdout, &mut io::sink());
}

fn read_tail(mut stderr: impl Read, tail: &Mutex<Vec<u8>>) {
    let mut buffer = [0; KEPT];
    while let Ok(n @ 1..) = stderr.read(&mut buffer) {
        let mut tail = tail.lock().unwrap_or_else(PoisonError::into_inner);
        tail.extend_from_slice(&buffer[..n]);
        let surplus = tail.len().saturating_sub(KEPT);
        tail.drain(..surplus);
    }
}
