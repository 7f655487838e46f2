//! What ends a server that cannot end in good order: the grace period, and a second signal.
//!
//! All steps have this from the same place, `cli`; here it is tried with one of them.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "in a test, that is how it fails")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// The largest prime in a `u64`: its check takes many seconds.
const LONGEST: &[u8] = b"^P18446744073709551557$";

/// A server that is busy for longer than anybody wants to wait.
struct Busy {
    server: Child,
    _client: TcpStream,
}

impl Busy {
    fn new(grace: &str) -> Busy {
        let mut server = Command::new(env!("CARGO_BIN_EXE_step-03-threads"))
            .args(["--addr", "127.0.0.1:0", "--grace", grace])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let mut client = TcpStream::connect(line.trim().rsplit(' ').next().unwrap()).unwrap();
        // Greeted, so there is a thread that reads what comes next.
        client.read_exact(&mut [0]).unwrap();
        client.write_all(LONGEST).unwrap();
        Busy { server, _client: client }
    }

    fn signal(&self) {
        kill(Pid::from_raw(self.server.id().try_into().unwrap()), Signal::SIGTERM).unwrap();
    }

    /// Its exit code, and what it said.
    fn end(&mut self) -> (Option<i32>, String) {
        let mut said = String::new();
        self.server.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        (self.server.wait().unwrap().code(), said)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

#[test]
fn after_the_grace_period_the_rest_is_cut() {
    let mut busy = Busy::new("0.2");
    busy.signal();
    assert_eq!(busy.end(), (Some(1), "200ms are over: what was not finished is cut\n".into()));
}

#[test]
fn a_second_signal_cuts_at_once() {
    let mut busy = Busy::new("1000");
    // Two signals that come before the first is looked at are one: so they are sent until it ends.
    while busy.server.try_wait().unwrap().is_none() {
        busy.signal();
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(busy.end(), (Some(1), "stopped at once: what was not finished is cut\n".into()));
}
