//! Where a server bends: the offered load is swept upwards, and what a request takes is drawn against
//! it, beside what could be said beforehand.
//!
//! Beforehand, one figure is known: the processor time *S* of a request, measured where nothing waits.
//! While one thread does the work of all, at most 1/*S* requests a second can be served, however long
//! the queue; on *c* cores, at most *c*/*S*. Short of that, about *S*/(1 − *ρᶜ*) is to be expected, where
//! *ρ* = *λS*/*c* is how busy they are (the usual approximation for *c* servers with one queue). And
//! Little's law says how many are under way meanwhile: *L* = *λR*.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use load::report::Time;
use load::units::{count, three_digits, time};
use load::{Plan, Protocol, Report, Workload, limits};

use super::cell::{self, Kind, Method, Outcome};
use super::contender::Contender;
use super::machine::Machine;
use super::pin::Pinning;
use super::progress::Progress;
use super::{build, interrupt};
use crate::steps;

mod plot;

/// How many loads are offered, unless told otherwise.
const POINTS: usize = 12;

/// At the lowest load, the server has this share of the work that one core can do: so little that
/// nobody waits.
const QUIET: f64 = 0.05;

/// The highest load, in work for one core. Two cores, one of which also has the generator, bend
/// before it.
const HIGHEST: f64 = 2.2;

/// Flags of this command.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  cargo xtask knee 05 06 10
  cargo xtask knee --html knee.html

Each request is a computation of about 200 µs, so that the generator needs little of the machine;
server and generator run on any core. Without a step, all of them take part but 01 and 02.")]
pub struct Args {
    /// A step: 4, 04, threadpool or its whole name
    #[arg(value_name = "STEP")]
    steps: Vec<String>,
    /// frames or http
    #[arg(long, default_value = "frames")]
    protocol: Protocol,
    /// How many loads are offered, from a quiet server to one with too much to do
    #[arg(long, value_name = "N", default_value_t = POINTS)]
    points: usize,
    /// How long each is measured
    #[arg(long, default_value_t = 1.0)]
    seconds: f64,
    /// Write a page with the plot into this file
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write the points into this file, as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// What came of a sweep.
#[derive(Debug, serde::Serialize)]
pub struct Sweep {
    pub machine: Machine,
    /// Seconds of processor time that a request takes where nothing waits: the median of all.
    pub service: f64,
    pub cores: usize,
    pub curves: Vec<Curve>,
}

/// One server.
#[derive(Debug, serde::Serialize)]
pub struct Curve {
    pub name: String,
    pub points: Vec<Point>,
}

/// One load.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Point {
    /// Requests a second.
    pub offered: f64,
    pub answered: f64,
    /// The mean, from due to answered, in seconds.
    pub mean: f64,
    pub p99: Time,
}

pub fn run(args: Args) -> Result<()> {
    ensure!(args.points >= 3, "a curve needs points: pass --points 3 or more");
    ensure!(args.seconds > 0.0 && args.seconds <= 3600.0, "--seconds: above 0, at most 3600");
    ensure!(args.protocol != Protocol::Raw, "no step speaks raw");
    let nofile = limits::raise_descriptors();
    interrupt::listen()?;
    let chosen = match args.steps.as_slice() {
        // The first two serve one client after the other: their knee is the second client.
        [] => steps::all()?.into_iter().skip(2).collect(),
        wanted => wanted.iter().map(|name| steps::find(name)).collect::<Result<Vec<_>>>()?,
    };
    let mut packages: Vec<&str> = chosen.iter().map(|step| step.name.as_str()).collect();
    packages.push("load");
    let mut built = build::release(&packages)?;
    let load = built.remove("load").context("load has no binary")?;
    let servers: Vec<Contender> = chosen
        .iter()
        .filter_map(|step| Some(Contender::step(&step.name, built.get(&step.name)?.clone())))
        .collect();

    let pinning = Pinning::None("another core is what this is about");
    let machine = Machine::describe(nofile, pinning.describe());
    let method = |rate: Option<f64>| Method {
        rate,
        depth: None,
        seconds: args.seconds,
        warm_up: 0.3,
        pinning: pinning.clone(),
    };
    let nobody = std::net::SocketAddr::from(([127, 0, 0, 1], 1));
    let usual = Plan::new(nobody, Workload::Spread, args.protocol);
    let kind = Kind {
        workload: Workload::Spread,
        protocol: args.protocol,
        connections: usual.connections,
        silent: 0,
        payload: usual.payload,
    };
    let measure = |server: &Contender, rate| -> Result<Report> {
        match cell::run(server, kind, &method(Some(rate)), &load)? {
            Outcome::Measured(report) => Ok(*report),
            Outcome::Failed(reason) => anyhow::bail!("{}: {reason}", server.name),
            Outcome::Rested(_) => unreachable!("only a crowd comes to rest"),
        }
    };
    let mut progress = Progress::new((servers.len() * (args.points + 1)) as u64);

    // What is known beforehand.
    let usual = usual.rate.unwrap_or_default();
    let mut services = Vec::new();
    for server in &servers {
        progress.begin(&format!("{} at rest", server.name));
        let report = measure(server, usual * QUIET)?;
        let micros = report.server.and_then(|server| server.micros_per_request);
        let micros = micros.context("processor time can be read on Linux only")?;
        progress.end(&server.name, &format!("{} µs of CPU a request", three_digits(micros)));
        services.push(micros / 1e6);
    }
    services.sort_by(f64::total_cmp);
    let service = services[services.len() / 2];

    let mut curves: Vec<Curve> = servers
        .iter()
        .map(|server| Curve { name: server.name.clone(), points: Vec::new() })
        .collect();
    for point in 1..=args.points {
        let offered = HIGHEST / service * point as f64 / args.points as f64;
        for (server, curve) in servers.iter().zip(&mut curves) {
            let place = format!("{} at {} requests/s", server.name, count(offered as u64));
            progress.begin(&place);
            let report = measure(server, offered)?;
            let p99 = report.requests.response.p99;
            progress.end(&place, &format!("p99 {p99}"));
            curve.points.push(Point {
                offered,
                answered: report.requests.per_second,
                mean: mean(&report) / 1e9,
                p99,
            });
        }
    }
    drop(progress);
    let sweep = Sweep { cores: machine.cores, machine, service, curves };
    print!("{}", sweep.text());
    if let Some(path) = &args.json {
        let text = serde_json::to_string(&sweep).context("turning the sweep into JSON")?;
        fs::write(path, text).with_context(|| format!("writing {}", path.display()))?;
    }
    if let Some(path) = &args.html {
        let page = plot::page(&sweep);
        fs::write(path, page).with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(())
}

/// The mean response time, in nanoseconds.
fn mean(report: &Report) -> f64 {
    let histogram = &report.requests.response.histogram;
    let total: u64 = histogram.iter().map(|(_, n)| n).sum();
    let sum: f64 = histogram.iter().map(|&(nanos, n)| nanos as f64 * n as f64).sum();
    sum / total.max(1) as f64
}

impl Sweep {
    /// What `cores` can serve, in requests a second.
    pub fn capacity(&self, cores: usize) -> f64 {
        cores as f64 / self.service
    }

    /// What a request should take, in seconds; `None` from where the queue only grows.
    pub fn predicted(&self, offered: f64, cores: usize) -> Option<f64> {
        let busy = offered / self.capacity(cores);
        (busy < 1.0).then(|| self.service / (1.0 - busy.powi(cores as i32)))
    }

    /// Where a server bends: the highest load of which it still answered nearly all.
    fn knee(curve: &Curve) -> Option<f64> {
        let kept_up = |point: &&Point| point.answered >= 0.97 * point.offered;
        curve.points.iter().take_while(kept_up).last().map(|point| point.offered)
    }

    fn text(&self) -> String {
        let service = time(Duration::from_secs_f64(self.service));
        let mut text = format!("\nA request takes {service} of processor time. Beforehand:\n");
        for cores in 1..=self.cores.min(2) {
            let capacity = count(self.capacity(cores) as u64);
            let word = if cores == 1 { "core" } else { "cores" };
            text += &format!("  {cores} {word} can serve at most {capacity} requests/s\n");
        }
        text += "Measured:\n";
        for curve in &self.curves {
            let Some(knee) = Sweep::knee(curve) else {
                text += &format!("  {:24} bends before the lowest load\n", curve.name);
                continue;
            };
            let at = curve.points.iter().rfind(|point| point.offered <= knee);
            let busy = knee * self.service;
            let under_way = at.map_or(0.0, |point| point.mean * point.offered);
            text += &format!(
                "  {:24} keeps up until {} requests/s ({busy:.2} cores' worth), {under_way:.1} under way\n",
                curve.name,
                count(knee as u64),
            );
        }
        text + "Under way: by Little's law, the offered load times the mean response time.\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sweep() -> Sweep {
        Sweep {
            machine: crate::bench::record::tests::record().machine,
            service: 200e-6,
            cores: 2,
            curves: vec![
                curve("step-05-nonblocking", 5000.0),
                curve("step-10-multithread", 9000.0),
            ],
        }
    }

    /// Of a server that serves so many, and no more.
    fn curve(name: &str, most: f64) -> Curve {
        let point = |n: u32| {
            let offered = f64::from(n) * 1000.0;
            let p99 = Time { nanos: 1_000_000, at_least: offered > most };
            Point { offered, answered: offered.min(most), mean: 300e-6, p99 }
        };
        Curve { name: name.into(), points: (1..=11).map(point).collect() }
    }

    #[test]
    fn beforehand_is_what_cores_can_do() {
        let sweep = sweep();
        assert_eq!((sweep.capacity(1), sweep.capacity(2)), (5000.0, 10_000.0));
        assert!((sweep.predicted(2500.0, 1).unwrap() - 400e-6).abs() < 1e-12);
        assert!(sweep.predicted(2500.0, 2).unwrap() < 220e-6);
        assert_eq!(sweep.predicted(5000.0, 1), None);
    }

    #[test]
    fn a_server_bends_where_it_no_longer_answers_all() {
        let sweep = sweep();
        assert_eq!(Sweep::knee(&sweep.curves[0]), Some(5000.0));
        assert_eq!(Sweep::knee(&curve("none", 100.0)), None);
        let text = sweep.text();
        assert!(
            text.contains("until 5,000 requests/s (1.00 cores' worth), 1.5 under way"),
            "{text}"
        );
        assert!(text.contains("until 9,000 requests/s (1.80 cores' worth)"), "{text}");
    }

    #[test]
    fn the_plot_has_a_line_for_each_server_and_the_prediction() {
        let page = plot::page(&sweep());
        assert_eq!(page.matches("<polyline class=\"curve").count(), 2);
        assert_eq!(page.matches("<polyline class=\"expected").count(), 2);
        assert!(
            page.contains("05-nonblocking") && page.contains("<title>") && !page.contains("NaN")
        );
        assert!(!page.contains("http://") && !page.contains("https://"));
    }
}
