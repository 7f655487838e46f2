//! One server under test: a process of its own on a free port, which ends with its handle.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::Protocol;

/// The seconds that a server is given to finish what it has when it is asked to stop.
const GRACE: &str = "10";

/// How much of what a server says on stderr is kept, for the report.
const KEPT: usize = 4 * 1024;

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

/// A running server. Dropping it kills the process.
pub(crate) struct Server {
    child: Child,
    pub addr: SocketAddr,
    said: Arc<Mutex<Said>>,
}

/// What a server has said so far.
#[derive(Default)]
struct Said {
    /// Lines on stdout after the one that every server prints.
    lines: usize,
    /// The end of stderr.
    stderr: Vec<u8>,
}

impl Server {
    /// Starts `program` on a free port of the loopback interface and waits until it listens.
    pub fn start(program: &Program, protocol: Protocol, patience: Duration) -> Result<Server> {
        let mut child = Command::new(&program.path)
            .args(&program.flags)
            .args(["--addr", "127.0.0.1:0", "--grace", GRACE])
            .args(["--protocol", protocol.flag()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting {}", program.path.display()))?;
        let said = Arc::new(Mutex::new(Said::default()));
        let (line, first_line) = mpsc::channel();
        // Both pipes are read to their end, so that no server ever waits for us to read.
        if let Some(stdout) = child.stdout.take() {
            let said = Arc::clone(&said);
            thread::spawn(move || read_lines(stdout, &line, &said));
        }
        if let Some(stderr) = child.stderr.take() {
            let said = Arc::clone(&said);
            thread::spawn(move || read_tail(stderr, &said));
        }
        // From here on the process ends when this function fails.
        let mut server = Server { child, addr: SocketAddr::from(([127, 0, 0, 1], 0)), said };
        let Ok(line) = first_line.recv_timeout(patience) else {
            bail!("it did not say `listening on ADDR` on stdout{}", server.last_words());
        };
        let addr = line.strip_prefix("listening on ").and_then(|addr| addr.parse().ok());
        server.addr = addr.with_context(|| {
            format!("its first line is `{line}`; expected `listening on 127.0.0.1:PORT`")
        })?;
        Ok(server)
    }

    /// `None` while it runs.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Allows the process `n` descriptors and no more.
    pub fn limit_descriptors(&self, n: u64) -> Result<()> {
        #[cfg(target_os = "linux")]
        {
            let pid = i32::try_from(self.child.id()).context("an id that is not one")?;
            rlimit::prlimit(pid, rlimit::Resource::NOFILE, Some((n, n)), None)?;
            Ok(())
        }
        #[cfg(not(target_os = "linux"))]
        bail!("another process's limit of descriptors ({n}) can only be set on Linux")
    }

    /// Sends SIGTERM.
    pub fn ask_to_stop(&self) -> Result<()> {
        #[cfg(unix)]
        {
            use nix::{sys::signal, unistd::Pid};
            let pid = Pid::from_raw(self.child.id().try_into().context("an id that is not one")?);
            signal::kill(pid, signal::Signal::SIGTERM).context("sending SIGTERM")?;
            Ok(())
        }
        #[cfg(not(unix))]
        bail!("there is no SIGTERM here")
    }

    /// Waits until it has ended: with code 0, and having printed its one line on stdout.
    pub fn wait_for_end(&mut self, patience: Duration) -> Result<()> {
        let deadline = Instant::now() + patience;
        let status = loop {
            if let Some(status) = self.ended() {
                break status;
            }
            ensure!(Instant::now() < deadline, "it did not end in {patience:?}");
            thread::sleep(Duration::from_millis(2));
        };
        ensure!(status.success(), "it ended with {status}{}", self.last_words());
        let lines = self.said().lines;
        ensure!(lines == 0, "it printed {lines} more lines on stdout than `listening on ADDR`");
        Ok(())
    }

    /// What it said on stderr, as the end of a report.
    pub fn last_words(&self) -> String {
        let said = self.said();
        let text = String::from_utf8_lossy(&said.stderr);
        if text.trim().is_empty() {
            return String::new();
        }
        text.trim_end().lines().map(|line| format!("\n  its stderr: {line}")).collect()
    }

    fn said(&self) -> std::sync::MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It fails only when the process has ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read_lines(stdout: impl Read, first: &mpsc::Sender<String>, said: &Mutex<Said>) {
    let mut lines = BufReader::new(stdout).lines().map_while(io::Result::ok);
    if let Some(line) = lines.next() {
        // Nobody listens any more when the start was given up.
        let _ = first.send(line);
    }
    for _ in lines {
        said.lock().unwrap_or_else(PoisonError::into_inner).lines += 1;
    }
}

fn read_tail(mut stderr: impl Read, said: &Mutex<Said>) {
    let mut buffer = [0; KEPT];
    while let Ok(n @ 1..) = stderr.read(&mut buffer) {
        let kept = &mut said.lock().unwrap_or_else(PoisonError::into_inner).stderr;
        kept.extend_from_slice(&buffer[..n]);
        kept.drain(..kept.len().saturating_sub(KEPT));
    }
}
