//! One cell: one server, started for this, under one load, for one round.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use load::cost::{Footprint, Server};
use load::{Crowd, Protocol, Report, Workload};
use serde::{Deserialize, Serialize};

use super::child::Child;
use super::contender::{Contender, Running};
use super::interrupt::{self, Interrupted};
use super::pin::Pinning;

/// What the generator may take beyond the time that it measures: opening connections (two seconds
/// when they do not open, and a little for each), and saying what it saw.
const SLACK: Duration = Duration::from_secs(10);

/// What a crowd may take to come to rest: ten thousand need two seconds with a server that serves
/// them; the generator gives up on one that does not by itself.
const CROWD_LIMIT: Duration = Duration::from_secs(60);

/// Over this time a crowd at rest is watched: what does it cost to have it?
const AT_REST: Duration = Duration::from_millis(500);

/// Memory has settled when it is the same after this time.
const SETTLING: Duration = Duration::from_millis(100);

/// What a table is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    pub workload: Workload,
    pub protocol: Protocol,
    /// How many connections ask.
    pub connections: usize,
    /// How many say nothing, in a hoard; 0 in the others.
    pub silent: usize,
    /// Bytes inside a frame.
    pub payload: usize,
}

impl Kind {
    /// Such that no other table of a run has the same.
    pub fn name(&self) -> String {
        let Kind { workload, protocol, connections, silent, payload } = *self;
        let mut sizes = format!("{connections} connections");
        if silent > 0 {
            sizes += &format!(", {silent} silent");
        }
        if protocol != Protocol::Http {
            sizes += &format!(", {payload} bytes");
        }
        format!("{} {} ({sizes})", workload.name(), protocol.name())
    }
}

/// How cells are measured.
#[derive(Debug, Clone)]
pub struct Method {
    /// What overrides the generator's default.
    pub rate: Option<f64>,
    /// Of pipelines; the other workloads have none.
    pub depth: Option<usize>,
    pub seconds: f64,
    pub warm_up: f64,
    pub pinning: Pinning,
}

/// What came of a cell.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The generator's report.
    Measured(Box<Report>),
    /// A crowd came to rest.
    Rested(Rested),
    /// There is no result, for this reason.
    Failed(String),
}

/// What a crowd costs a server.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Rested {
    /// Who came to rest.
    pub crowd: Crowd,
    /// Before it came, one connection having been served.
    pub before: Footprint,
    /// All being at rest.
    pub after: Footprint,
    /// Resident memory for each connection, in bytes.
    pub bytes_per_connection: f64,
    /// Share of one core that the server uses while nobody says anything.
    pub busy_at_rest: f64,
}

/// Measures one cell. Whatever goes wrong there is its outcome; only Ctrl-C is an error.
pub fn run(
    contender: &Contender,
    kind: Kind,
    method: &Method,
    load: &Path,
) -> Result<Outcome, Interrupted> {
    // Whether another core helps is seen only by who may use it.
    let everywhere = kind.workload == Workload::Spread;
    let core = method.pinning.server().filter(|_| !everywhere);
    let outcome = contender.start(kind.protocol, core).and_then(|mut running| {
        let generator = Generator { load, target: running.address, kind, method };
        let outcome = match kind.workload {
            Workload::Crowd => generator.crowd(&running).map(Outcome::Rested),
            _ => generator.measure(&running).map(|report| Outcome::Measured(Box::new(report))),
        };
        if let Some(status) = running.child.ended() {
            bail!("the server ended with {status}{}", running.child.last_words());
        }
        outcome
    });
    outcome.or_else(|error| {
        let error = interrupt::unless_interrupted(error)?;
        Ok(Outcome::Failed(format!("{error:#}")))
    })
}

/// Puts a server that runs already under a load.
pub fn measure(running: &Running, kind: Kind, method: &Method, load: &Path) -> Result<Report> {
    Generator { load, target: running.address, kind, method }.measure(running)
}

/// How the generator is called for this cell.
struct Generator<'a> {
    load: &'a Path,
    target: SocketAddr,
    kind: Kind,
    method: &'a Method,
}

impl Generator<'_> {
    fn command(&self) -> Command {
        let Kind { workload, protocol, payload, .. } = self.kind;
        let mut command = Command::new(self.load);
        command.arg(self.target.to_string());
        command.args(["--workload", workload.name(), "--protocol", protocol.name()]);
        command.args(["--payload", &payload.to_string()]);
        if let Some(depth) = self.method.depth.filter(|_| workload == Workload::Pipeline) {
            command.args(["--depth", &depth.to_string()]);
        }
        command.stderr(Stdio::piped());
        command
    }

    fn measure(&self, server: &Running) -> Result<Report> {
        let Method { rate, seconds, warm_up, ref pinning, .. } = *self.method;
        let Kind { workload, connections, silent, .. } = self.kind;
        let mut command = self.command();
        command.args(["--json", "--server-pid", &server.child.id().to_string()]);
        command.args(["--seconds", &seconds.to_string(), "--warmup", &warm_up.to_string()]);
        command.args(["--connections", &connections.to_string()]);
        if let Some(rate) = rate {
            command.args(["--rate", &rate.to_string()]);
        }
        if workload == Workload::Hoard {
            command.args(["--silent", &silent.to_string()]);
        }
        let core = pinning.generator().filter(|_| workload != Workload::Spread);
        let generator = Child::start(&mut command, core)?;
        let line = generator.line(Duration::from_secs_f64(seconds + warm_up) + SLACK)?;
        let line = line.with_context(|| no_report(&generator))?;
        serde_json::from_str(&line).context("reading the generator's report")
    }

    fn crowd(&self, server: &Running) -> Result<Rested> {
        let watched = Server::new(server.child.id());
        // One alone first: what a server touches for the very first client is not the crowd's.
        drop(self.gather(1)?);
        let before = settled(&watched)?;
        let (_there, crowd) = self.gather(self.kind.connections)?;
        let after = settled(&watched)?;
        let spent = || watched.processor_time().context("the server's processor time");
        let (start, spent_before) = (Instant::now(), spent()?);
        interrupt::wait_for(AT_REST, || Ok(None::<()>))?;
        let busy =
            spent()?.saturating_sub(spent_before).as_secs_f64() / start.elapsed().as_secs_f64();
        let grown = after.resident as f64 - before.resident as f64;
        let bytes_per_connection = grown / crowd.at_rest.max(1) as f64;
        Ok(Rested { crowd, before, after, bytes_per_connection, busy_at_rest: busy })
    }

    /// Has so many connections served once; they stay for as long as the handle does.
    fn gather(&self, connections: usize) -> Result<(Child, Crowd)> {
        let mut command = self.command();
        command.args(["--json", "--connections", &connections.to_string()]);
        let generator = Child::start(&mut command, self.method.pinning.generator())?;
        let line = generator.line(CROWD_LIMIT)?.with_context(|| no_report(&generator))?;
        let crowd = serde_json::from_str(&line).context("reading the generator's report")?;
        Ok((generator, crowd))
    }
}

fn no_report(generator: &Child) -> String {
    format!("the generator told nothing{}", generator.last_words())
}

/// What a server occupies once that no longer changes; at the latest after two seconds.
fn settled(server: &Server) -> Result<Footprint> {
    let now = || server.footprint().context("memory and threads can be read on Linux only");
    let mut last = now()?;
    for _ in 0..20 {
        interrupt::check()?;
        thread::sleep(SETTLING);
        let next = now()?;
        if next == last {
            break;
        }
        last = next;
    }
    ensure!(last.resident > 0, "the server has no memory");
    Ok(last)
}
