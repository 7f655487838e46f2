//! A process that ends with its handle, together with all that it has started.

use std::io::{BufRead, BufReader, Read};
use std::process::{self, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::interrupt::{self, LOOK_EVERY};
use super::pin::Core;

/// How much of what a process says on stderr is kept, backtraces included.
const KEPT: usize = 8 << 10;

/// How much of that is told.
const TOLD: usize = 300;

/// A running process, in a process group of its own: Ctrl-C on the terminal reaches us and not
/// it, and ending the group ends its children, too. Dropping this does so, and waits.
pub struct Child {
    process: process::Child,
    lines: Receiver<String>,
    stderr: Arc<Mutex<Vec<u8>>>,
    /// Seen to have ended; its group is ended as well.
    ended: Option<ExitStatus>,
}

impl Child {
    /// Starts `command` on `core`. What it prints can be read by lines; stdin is open for as long
    /// as this handle lives.
    pub fn start(command: &mut Command, core: Option<Core>) -> Result<Child> {
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(command, 0);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = super::pin::spawn(command, core)
            .with_context(|| format!("starting {}", command.get_program().display()))?;
        let (sender, lines) = mpsc::channel();
        // Both pipes are read to their end, so that nobody ever waits for us to read.
        if let Some(stdout) = process.stdout.take() {
            thread::spawn(move || {
                for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                    // Nobody may want this line any more.
                    let _ = sender.send(line);
                }
            });
        }
        let stderr = Arc::new(Mutex::new(Vec::new()));
        if let Some(pipe) = process.stderr.take() {
            let stderr = Arc::clone(&stderr);
            thread::spawn(move || keep_tail(pipe, &stderr));
        }
        Ok(Child { process, lines, stderr, ended: None })
    }

    /// Also the id of its process group.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// The next line that it prints; `None` once it prints no more.
    pub fn line(&self, patience: Duration) -> Result<Option<String>> {
        let deadline = Instant::now() + patience;
        loop {
            interrupt::check()?;
            match self.lines.recv_timeout(LOOK_EVERY) {
                Ok(line) => return Ok(Some(line)),
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
                Err(RecvTimeoutError::Timeout) if Instant::now() >= deadline => {
                    bail!("it said nothing for {} s{}", patience.as_secs(), self.last_words())
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// How it ended; `None` while it runs.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        if self.ended.is_none()
            && let Ok(Some(status)) = self.process.try_wait()
        {
            self.ended = Some(status);
            end_group(self.id());
        }
        self.ended
    }

    /// Sends SIGINT, as Ctrl-C does.
    pub fn interrupt(&self) -> Result<()> {
        #[cfg(unix)]
        return self.send(nix::sys::signal::Signal::SIGINT);
        #[cfg(not(unix))]
        bail!("there is no SIGINT here")
    }

    /// Sends SIGTERM, by which a server is asked to stop.
    pub fn ask_to_stop(&self) -> Result<()> {
        #[cfg(unix)]
        return self.send(nix::sys::signal::Signal::SIGTERM);
        #[cfg(not(unix))]
        bail!("there is no SIGTERM here")
    }

    #[cfg(unix)]
    fn send(&self, signal: nix::sys::signal::Signal) -> Result<()> {
        let id = self.id().try_into().context("an id that is not one")?;
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(id), signal)
            .with_context(|| format!("sending {signal}"))
    }

    /// Waits until it has ended by itself.
    pub fn wait(&mut self, patience: Duration) -> Result<ExitStatus> {
        let ended = interrupt::wait_for(patience, || Ok(self.ended()))?;
        ended.with_context(|| format!("it did not end in {} s", patience.as_secs()))
    }

    /// The end of what it said on stderr, as the end of a message.
    pub fn last_words(&self) -> String {
        let stderr = self.stderr.lock().unwrap_or_else(PoisonError::into_inner);
        last_words(&String::from_utf8_lossy(&stderr))
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if self.ended().is_none() {
            end_group(self.id());
            // Both fail only when it has ended by itself meanwhile.
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
    }
}

/// Ends what is left of a group; that nothing is left is the rule.
fn end_group(leader: u32) {
    #[cfg(unix)]
    if let Ok(leader) = leader.try_into() {
        use nix::{sys::signal, unistd::Pid};
        let _ = signal::killpg(Pid::from_raw(leader), signal::Signal::SIGKILL);
    }
    #[cfg(not(unix))]
    let _ = leader;
}

fn last_words(stderr: &str) -> String {
    let message = stderr.split("tack backtrace:").next().unwrap_or_default();
    let message = message.trim_end_matches(['S', 's']);
    let words: Vec<&str> = message.split_whitespace().collect();
    let words = words.join(" ");
    let start = words.len().saturating_sub(TOLD);
    let start = (start..words.len()).find(|&i| words.is_char_boundary(i)).unwrap_or(0);
    if words.is_empty() { words } else { format!("; it said: {}", &words[start..]) }
}

fn keep_tail(mut pipe: impl Read, tail: &Mutex<Vec<u8>>) {
    let mut buffer = [0; KEPT];
    while let Ok(n @ 1..) = pipe.read(&mut buffer) {
        let mut tail = tail.lock().unwrap_or_else(PoisonError::into_inner);
        tail.extend_from_slice(&buffer[..n]);
        let surplus = tail.len().saturating_sub(KEPT);
        tail.drain(..surplus);
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn sh(script: &str) -> Child {
        let mut command = Command::new("sh");
        Child::start(command.args(["-c", script]).stderr(Stdio::piped()), None)
            .expect("sh is there")
    }

    fn is_gone(pid: &str) -> bool {
        let mut kill = Command::new("kill");
        !kill.args(["-0", pid]).stderr(Stdio::null()).status().expect("kill is there").success()
    }

    #[test]
    fn a_backtrace_is_not_a_word() {
        assert_eq!(last_words("  \n"), "");
        let error = "Error: no port\n\nStack backtrace:\n   0: main\n";
        assert_eq!(last_words(error), "; it said: Error: no port");
        let endless = "é".repeat(1000);
        assert!(last_words(&endless).len() < 2 * TOLD);
    }

    #[test]
    fn dropping_the_handle_ends_the_process_and_its_children() {
        let child = sh("sleep 600 & echo $!; wait");
        let patience = Duration::from_secs(10);
        let grandchild = child.line(patience).unwrap().unwrap();
        let pid = child.id().to_string();
        assert!(!is_gone(&pid) && !is_gone(&grandchild));
        drop(child);
        assert!(is_gone(&pid));
        // Nobody of ours reaps a grandchild, so its end is waited for.
        let gone = interrupt::wait_for(patience, || Ok(is_gone(&grandchild).then_some(())));
        assert!(gone.unwrap().is_some());
    }

    #[test]
    fn a_process_that_ends_has_last_words() {
        let mut child = sh("echo to be read; echo 'no such luck' >&2; exit 3");
        let patience = Duration::from_secs(10);
        assert_eq!(child.line(patience).unwrap().as_deref(), Some("to be read"));
        assert_eq!(child.line(patience).unwrap(), None);
        assert_eq!(child.wait(patience).unwrap().code(), Some(3));
        let heard = interrupt::wait_for(patience, || {
            Ok((child.last_words() == "; it said: no such luck").then_some(()))
        });
        assert!(heard.unwrap().is_some());
    }
}
