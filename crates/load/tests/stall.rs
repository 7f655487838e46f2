//! A server that stops, whatever the reason, makes those wait who ask meanwhile. A closed loop asks
//! less then, and hardly sees it; an open loop must.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test may")]

mod servers;

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use load::{Plan, Protocol, Workload};

/// For so long the server does nothing.
const STALL: Duration = Duration::from_millis(300);

/// Requests a second: a hundred fall due during the stall, so that it is more than one in a thousand.
const RATE: f64 = 300.0;

/// A process of its own, so that it can be stopped. Started by the test below, and by nobody else.
#[test]
#[ignore = "the server of the test below"]
fn serves_until_its_input_closes() {
    // After what the test harness has printed on this line.
    println!("\nlistening on {}", servers::frames());
    let _ = std::io::stdin().lock().lines().next();
}

struct Server {
    child: Child,
    addr: SocketAddr,
}

impl Server {
    fn start() -> Server {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "serves_until_its_input_closes", "--ignored", "--nocapture"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut lines = lines.map_while(Result::ok);
        let addr = lines.find_map(|line| line.strip_prefix("listening on ")?.parse().ok()).unwrap();
        // It may go on talking: nobody listens, and nothing must be in its way.
        thread::spawn(move || lines.for_each(drop));
        Server { child, addr }
    }

    fn signal(&self, signal: &str) {
        let kill = Command::new("kill").args([signal, &self.child.id().to_string()]).status();
        assert!(kill.unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.stdin.take().map(|mut stdin| stdin.write_all(b"\n"));
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn an_open_loop_sees_a_stall_in_its_percentiles() {
    let server = Server::start();
    let plan = Plan {
        connections: 8,
        rate: Some(RATE),
        warm_up: Duration::from_millis(200),
        measured: Duration::from_secs(2),
        ..Plan::new(server.addr, Workload::Echo, Protocol::Frames)
    };
    let report = thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_secs(1));
            server.signal("-STOP");
            thread::sleep(STALL);
            server.signal("-CONT");
        });
        load::measure(&plan).unwrap()
    });
    assert_eq!(report.errors.total(), 0, "{report}");
    // Whoever fell due at its beginning waited for all of it; of a hundred, the longest ten for most.
    let most = STALL.as_nanos() as u64 * 9 / 10;
    let response = &report.requests.response;
    assert!(response.p999.nanos >= most && response.max.nanos >= most, "{report}");
    // All that fell due are there: as many as the rate says, stall or not.
    let fell_due = report.requests.answered + report.requests.censored;
    let moment = (RATE * 0.05) as u64;
    assert!(fell_due.abs_diff((RATE * report.seconds) as u64) <= moment, "{report}");
}
