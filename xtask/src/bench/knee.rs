//! Where a server bends: the offered load is swept upwards, and what a request takes is drawn against
//! it, beside what could be said beforehand.
//!
//! Before the sweep, one figure is measured: the processor time *S* of a request of this server, where
//! nothing waits. By Little's law, *λS* cores are busy while *λ* requests a second are served. While one
//! thread does the work of all, that is at most one core; so the load is told in cores' worth. If requests
//! came at random, about *S*/(1 − *ρᶜ*) would be expected on *c* cores, where *ρ* = *λS*/*c* (the usual
//! approximation for *c* servers with one queue). Ours come evenly and cost the same, so they wait less,
//! until the cores are full. *S* contains a wake-up, which a busy server is spared: so a server may do a
//! little more than that says.

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
use super::percentile::Percentile;
use super::pin::Pinning;
use super::progress::Progress;
use super::unseen::{AT_LIMIT, cores_used};
use super::{NOBODY, build, interrupt, writable};
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

Each request has a short prime computed, so that the generator needs little of the machine; server
and generator run on any core, and a curve ends where they have used up the machine. Without a step,
all of them take part but 01 and 02. Each load is offered once: repeat it to see how far that can be
trusted. Behind its knee, what is not answered piles up, so the mean grows with --seconds.")]
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
    pub cores: usize,
    pub curves: Vec<Curve>,
}

/// One server.
#[derive(Debug, serde::Serialize)]
pub struct Curve {
    pub name: String,
    /// Seconds of processor time that a request takes it where nothing waits.
    pub service: f64,
    pub points: Vec<Point>,
}

/// One load.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Point {
    /// Requests a second.
    pub offered: f64,
    pub answered: f64,
    /// The mean, from due to answered, in seconds.
    pub mean: f64,
    /// `null` if there were too few requests to speak of it.
    pub p99: Option<Time>,
    /// What was at its limit beside the server, if anything was.
    pub unseen: Option<Unseen>,
}

/// Why a point says nothing about the server.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unseen {
    /// Server and generator together used up the machine.
    Full,
    /// The generator was at its limit, or sent late.
    Generator,
    /// Others, or the server itself, had the generator's core.
    Disturbed,
}

impl Unseen {
    fn of(report: &Report, cores: usize) -> Option<Unseen> {
        let generator = &report.generator;
        let used = generator.busy.zip(cores_used(report)).map(|(own, server)| own + server);
        if used.is_some_and(|used| used >= AT_LIMIT * cores as f64) {
            Some(Unseen::Full)
        } else if generator.saturated {
            Some(Unseen::Generator)
        } else {
            generator.disturbed().map(|_| Unseen::Disturbed)
        }
    }

    fn in_words(self) -> &'static str {
        match self {
            Unseen::Full => "the machine is full",
            Unseen::Generator => "the generator is late or at its limit",
            Unseen::Disturbed => "the generator had to wait for a core",
        }
    }
}

pub fn run(args: Args) -> Result<()> {
    ensure!(args.points >= 3, "a curve needs points: pass --points 3 or more");
    ensure!(args.seconds > 0.0 && args.seconds <= 3600.0, "--seconds: above 0, at most 3600");
    ensure!(args.protocol != Protocol::Raw, "no step speaks raw");
    writable([&args.json, &args.html])?;
    let nofile = limits::raise_descriptors();
    interrupt::listen()?;
    let chosen = match args.steps.as_slice() {
        // The first two serve one client after the other: their knee is the second client.
        [] => {
            steps::all()?.into_iter().filter(|step| !matches!(step.number(), "01" | "02")).collect()
        }
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
    let usual = Plan::new(NOBODY, Workload::Spread, args.protocol);
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

    // What is known before the sweep.
    let usual = usual.rate.unwrap_or_default();
    let mut curves = Vec::new();
    for server in &servers {
        progress.begin(&format!("{} at rest", server.name));
        let report = measure(server, usual * QUIET)?;
        let micros = report.server.and_then(|server| server.micros_per_request);
        let micros = micros.context("processor time can be read on Linux only")?;
        progress.end(&server.name, &format!("{} µs of CPU a request", three_digits(micros)));
        curves.push(Curve { name: server.name.clone(), service: micros / 1e6, points: Vec::new() });
    }
    // The same for all, and as much as the quickest of them takes.
    let quickest = curves.iter().map(|curve| curve.service).fold(f64::INFINITY, f64::min);

    for point in 1..=args.points {
        let offered = HIGHEST / quickest * point as f64 / args.points as f64;
        for (server, curve) in servers.iter().zip(&mut curves) {
            let place = format!("{} at {} requests/s", server.name, count(offered as u64));
            progress.begin(&place);
            let report = measure(server, offered)?;
            let point = Point::of(&report, offered, machine.cores);
            progress.end(&place, &point.times());
            curve.points.push(point);
        }
    }
    drop(progress);
    let sweep = Sweep { cores: machine.cores, machine, curves };
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

impl Point {
    fn of(report: &Report, offered: f64, cores: usize) -> Point {
        Point {
            offered,
            answered: report.requests.per_second,
            mean: report.requests.response.mean() / 1e9,
            p99: Percentile::P99.of_round(report),
            unseen: Unseen::of(report, cores),
        }
    }

    /// The mean, and p99 if it has one.
    fn times(&self) -> String {
        let p99 = self.p99.map(|p99| format!(", p99 {p99}")).unwrap_or_default();
        let unseen = self.unseen.map(|why| format!(" ({})", why.in_words())).unwrap_or_default();
        format!("mean {}{p99}{unseen}", time(Duration::from_secs_f64(self.mean)))
    }
}

/// What a request should take if requests came at random, in multiples of the processor time that it
/// needs; `None` from where the queue only grows. The load is in cores' worth.
fn predicted(load: f64, cores: usize) -> Option<f64> {
    let busy = load / cores as f64;
    (busy < 1.0).then(|| 1.0 / (1.0 - busy.powi(cores as i32)))
}

/// How far a server was seen to keep up.
#[derive(Debug, PartialEq)]
enum Knee<'a> {
    /// It did not, at the lowest load.
    Never,
    /// It did until this load, and then no longer.
    Bends(&'a Point),
    /// It did until this load, and of more nothing is known, for this reason.
    Unseen(Option<&'a Point>, Unseen),
    /// It did with all that was offered, this being the most.
    Not(&'a Point),
}

impl Curve {
    /// Where it bends: the highest load of which it still answered nearly all.
    fn knee(&self) -> Knee<'_> {
        let kept_up = |point: &Point| point.answered >= 0.97 * point.offered;
        let end = self.points.iter().position(|point| point.unseen.is_some() || !kept_up(point));
        let last = self.points[..end.unwrap_or(self.points.len())].last();
        match (end.and_then(|end| self.points[end].unseen), end, last) {
            (Some(why), _, last) => Knee::Unseen(last, why),
            (None, Some(_), Some(last)) => Knee::Bends(last),
            (None, None, Some(last)) => Knee::Not(last),
            (None, _, None) => Knee::Never,
        }
    }

    /// The same, in words.
    fn keeps_up(&self) -> String {
        let until = |point: &Point| {
            let cores = point.offered * self.service;
            format!("{} requests/s ({cores:.2} cores' worth)", count(point.offered as u64))
        };
        match self.knee() {
            Knee::Never => "does not keep up with the lowest load".into(),
            Knee::Bends(last) => format!("keeps up until {}", until(last)),
            Knee::Not(last) => format!("keeps up with all that was offered, {}", until(last)),
            Knee::Unseen(Some(last), why) => {
                format!("keeps up until {} at least: then {}", until(last), why.in_words())
            }
            Knee::Unseen(None, why) => format!("cannot be seen: {}", why.in_words()),
        }
    }

    fn service(&self) -> String {
        time(Duration::from_secs_f64(self.service))
    }
}

impl Sweep {
    fn text(&self) -> String {
        let mut text = "\nBefore the sweep:\n".to_owned();
        for curve in &self.curves {
            text += &format!("  {:24} {} of CPU a request, so", curve.name, curve.service());
            text += &format!(
                " about {} requests/s for each core\n",
                count((1.0 / curve.service) as u64)
            );
        }
        text += "Measured:\n";
        for curve in &self.curves {
            text += &format!("  {:24} {}", curve.name, curve.keeps_up());
            if let Knee::Bends(last) | Knee::Not(last) | Knee::Unseen(Some(last), _) = curve.knee()
            {
                text += &format!(", {:.1} under way", last.mean * last.offered);
            }
            text += "\n";
        }
        text + "Under way: by Little's law, the offered load times the mean response time.\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::cell::Outcome;
    use crate::bench::table::tests::report;
    use serde_json::{Value, json};

    fn sweep() -> Sweep {
        Sweep {
            machine: crate::bench::record::tests::record().machine,
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
            let p99 = Some(Time { nanos: 1_000_000, at_least: offered > most });
            let answered = offered.min(most);
            Point { offered, answered, mean: 300e-6, p99, unseen: None }
        };
        Curve { name: name.into(), service: 200e-6, points: (1..=11).map(point).collect() }
    }

    /// The point of a round, on two cores.
    fn point(change: impl Fn(&mut Value)) -> Point {
        let Outcome::Measured(report) = report(change) else { panic!("it is measured") };
        Point::of(&report, 1000.0, 2)
    }

    #[test]
    fn beforehand_is_what_cores_can_do() {
        assert_eq!(predicted(0.5, 1), Some(2.0));
        assert!(predicted(0.5, 2).unwrap() < 1.1);
        assert_eq!((predicted(1.0, 1), predicted(2.0, 2)), (None, None));
    }

    #[test]
    fn a_server_bends_where_it_no_longer_answers_all() {
        let sweep = sweep();
        assert!(matches!(sweep.curves[0].knee(), Knee::Bends(last) if last.offered == 5000.0));
        assert_eq!(curve("none", 100.0).knee(), Knee::Never);
        let text = sweep.text();
        assert!(
            text.contains("until 5,000 requests/s (1.00 cores' worth), 1.5 under way"),
            "{text}"
        );
        assert!(text.contains("until 9,000 requests/s (1.80 cores' worth)"), "{text}");
    }

    #[test]
    fn a_server_that_never_bent_has_no_knee() {
        let all = curve("all", 20_000.0);
        assert!(matches!(all.knee(), Knee::Not(last) if last.offered == 11_000.0));
        assert!(all.keeps_up().starts_with("keeps up with all that was offered, 11,000"));
    }

    #[test]
    fn each_server_is_told_in_its_own_processor_time() {
        let mut sweep = sweep();
        sweep.curves[0].service = 400e-6;
        let text = sweep.text();
        assert!(text.contains("400 µs of CPU a request, so about 2,500 requests/s"), "{text}");
        assert!(text.contains("200 µs of CPU a request, so about 5,000 requests/s"), "{text}");
        assert!(text.contains("until 5,000 requests/s (2.00 cores' worth)"), "{text}");
    }

    #[test]
    fn a_curve_ends_where_another_than_the_server_was_at_its_limit() {
        let mut full = curve("full", 6000.0);
        full.points[3].unseen = Some(Unseen::Full);
        let said = full.keeps_up();
        assert!(said.starts_with("keeps up until 3,000") && said.contains("at least"), "{said}");
        assert!(said.ends_with("the machine is full"), "{said}");
        full.points[0].unseen = Some(Unseen::Generator);
        assert!(full.keeps_up().starts_with("cannot be seen"));
        let page = plot::page(&Sweep { curves: vec![full], ..sweep() });
        assert_eq!(page.matches("<circle class=\"dot\"").count(), 0, "{page}");
        assert_eq!(page.matches("<circle class=\"dot hollow\"").count(), 1);
        assert!(page.contains(">2<"), "the axis reaches to what two cores can do: {page}");
    }

    #[test]
    fn whose_limit_it_was_is_known_from_the_round() {
        assert_eq!(point(|_| ()).unseen, None);
        let busy = |generator: f64, server: u64| {
            point(move |report| {
                report["generator"]["busy"] = json!(generator);
                report["server"]["processor_time"] = json!(server);
            })
            .unseen
        };
        assert_eq!(busy(0.6, 1_350_000_000), Some(Unseen::Full));
        assert_eq!(busy(0.4, 1_350_000_000), None);
        let saturated = point(|report| report["generator"]["saturated"] = json!(true));
        assert_eq!(saturated.unseen, Some(Unseen::Generator));
        let disturbed = point(|report| report["generator"]["waited"] = json!(0.2));
        assert_eq!(disturbed.unseen, Some(Unseen::Disturbed));
    }

    #[test]
    fn of_too_few_requests_there_is_no_p99() {
        let answered = |n: u64| point(move |report| report["requests"]["answered"] = json!(n));
        assert_eq!(answered(917).p99, None);
        assert!(!answered(917).times().contains("p99"));
        assert!(answered(1000).p99.is_some());
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
