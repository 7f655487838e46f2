//! Ten thousand clients, and more.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use conform::Protocol;
use load::report::{Latency, Time};
use load::{Plan, Report, Workload, cost, limits, units};

use super::server::{Server, Subject};
use super::{Outcome, cases};

/// What each may cost, in bytes: a read buffer of 16 KiB, and what it takes to wait.
const EACH: f64 = 20.0 * 1024.0;

/// 99 in 100 answers come sooner.
const P99: Duration = Duration::from_millis(10);

/// How often clients ask, all together: one server in ten could do it at the side.
const RATE: f64 = 1000.0;

/// How long they ask before it counts, and then.
const WARM_UP: Duration = Duration::from_millis(500);
const MEASURED: Duration = Duration::from_secs(1);

/// What one measures in so short a time may be somebody else's doing: then the median of so many counts.
const TRIES: usize = 3;

/// Descriptors that a server needs besides its connections, and we.
const SPARE: u64 = 64;

/// So many are there at once; each is answered, and then all ask at a modest rate.
pub fn crowd(subject: &Subject, protocol: Protocol, clients: usize) -> Result<Outcome> {
    if subject.fails("ten-thousand") {
        if protocol == Protocol::Http {
            return Ok(Outcome::skipped("tried with frames: it does not hold ten thousand"));
        }
        if clients != 10_000 {
            return Ok(Outcome::skipped("it does not hold ten thousand"));
        }
        return Ok(cases::play(subject, &["ten-thousand"]));
    }
    let allowed = limits::raise_descriptors();
    let needed = clients as u64 + SPARE;
    if needed > allowed {
        let limit = format!("needs {needed} descriptors (ulimit -Hn: {allowed})");
        return Ok(Outcome::skipped(limit));
    }
    let each = rest(&subject.start(protocol, &[])?, protocol, clients)?;
    let each_shown = units::bytes(each as u64);
    ensure!(each <= EACH, "each of {clients} costs {each_shown}");
    let measure = || ask(&subject.start(protocol, &[])?, protocol, clients);
    let mut reports = vec![measure()?];
    if nanos(reports[0].requests.response.p99) >= P99 {
        for _ in 1..TRIES {
            reports.push(measure()?);
        }
        reports.sort_by_key(|report| report.requests.response.p99.nanos);
    }
    let report = &reports[reports.len() / 2];
    let Latency { p50, p99, .. } = report.requests.response;
    let seen = format!("all answered, p99 {p99}; {each_shown} each");
    if nanos(p99) < P99 {
        return Ok(Outcome::holds(seen));
    }
    let busy = report.generator.disturbed().filter(|_| nanos(p50) < P99);
    let waited = 100.0 * busy.with_context(|| format!("{seen}, and p50 {p50}"))?;
    Ok(Outcome::skipped(format!(
        "{seen}; not judged: others had our core {waited:.0} % of the time"
    )))
}

fn nanos(time: Time) -> Duration {
    Duration::from_nanos(time.nanos)
}

/// What each costs the server, in bytes, once all were answered and are silent.
fn rest(server: &Server, protocol: Protocol, clients: usize) -> Result<f64> {
    let watched = cost::Server::new(server.id());
    let resident = || -> Result<u64> {
        Ok(watched.footprint().context("memory can be read on Linux only")?.resident)
    };
    // One alone first: what a server touches for the very first client is not the crowd's.
    let gather = |connections| -> Result<u64> {
        let plan = Plan { connections, ..plan(server, Workload::Crowd, protocol) };
        load::crowd(&plan, |crowd| {
            ensure!(crowd.at_rest == connections, "{crowd}");
            resident()
        })?
    };
    let (before, after) = (gather(1)?, gather(clients)?);
    Ok(after.saturating_sub(before) as f64 / clients as f64)
}

/// How soon they are answered.
fn ask(server: &Server, protocol: Protocol, clients: usize) -> Result<Report> {
    let plan = Plan {
        connections: clients,
        rate: Some(RATE),
        warm_up: WARM_UP,
        measured: MEASURED,
        ..plan(server, Workload::Echo, protocol)
    };
    let report = load::measure(&plan)?;
    let lost = report.errors.total() + report.requests.lost;
    ensure!(lost == 0 && report.connected == clients, "{report}");
    Ok(report)
}

fn plan(server: &Server, workload: Workload, protocol: Protocol) -> Plan {
    let protocol = match protocol {
        Protocol::Frames => load::Protocol::Frames,
        Protocol::Http => load::Protocol::Http,
    };
    Plan::new(server.addr, workload, protocol)
}
