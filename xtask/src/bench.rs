//! Every step under the same load, and one table for each kind of it.
//!
//! `bench-all` only arranges: it builds, starts a server, has the generator (`crates/load`) drive
//! it, and ends it; one after the other, so that only one pair runs at a time.

mod answers;
pub mod build;
mod cell;
pub mod child;
mod compare;
pub mod contender;
mod csv;
mod headline;
pub mod interrupt;
pub mod kept;
pub mod knee;
pub mod machine;
mod note;
mod page;
mod percentile;
pub mod pin;
pub mod progress;
mod record;
pub mod report;
pub mod stats;
mod syscalls;
pub mod table;
mod unseen;

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use load::{Plan, Protocol, Workload, limits};

use crate::steps;
use cell::{Kind, Method};
use contender::Contender;
use machine::Machine;
use percentile::Percentile;
use pin::Pinning;
use progress::Progress;
use record::{MethodRecord, Record, Row, Table};
use unseen::Sight;

/// A plan needs a target; one that is only looked at, any.
const NOBODY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 1);

/// Flags of this command.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  cargo xtask bench-all
  cargo xtask bench-all --step 05 --step 06 --workload mixed
  cargo xtask bench-all --workload echo --rate 2000 --connections 1000
  cargo xtask bench-all --workload crowd --connections 10000 --step 05 --step 06

  cargo build --release -p step-05-nonblocking --example floor
  cargo xtask bench-all --workload echo --protocol frames --step 05 --rounds 9 \\
      --peer 'floor=target/release/examples/floor {port}' --peer-protocol raw --baseline floor

  cargo build --release --manifest-path bench/peers/Cargo.toml
  cargo xtask bench-all --workload pipeline --protocol http --step 05 --rounds 9 \\
      --peer 'hyper=bench/peers/target/release/hyper {port}' \\
      --peer 'floor=bench/peers/target/release/floor {port}' --baseline floor

The file that --json writes is described in xtask/src/bench/record.rs.")]
pub struct Args {
    /// One short round of echo and mixed, in less than a minute
    #[arg(long)]
    quick: bool,
    /// All workloads in both protocols, nine rounds of five seconds: hours, to claim something
    #[arg(long, conflicts_with = "quick")]
    full: bool,
    /// Only this step: 4, 04, threadpool or its whole name (repeatable)
    #[arg(long, value_name = "STEP")]
    step: Vec<String>,
    /// echo, pipeline, mixed, hoard, storm, spread or crowd (repeatable). Without it: echo and
    /// mixed, and, with frames, hoard, spread and crowd
    #[arg(long, value_name = "WORKLOAD")]
    workload: Vec<Workload>,
    /// frames or http (without it, with a workload that is named: both)
    #[arg(long)]
    protocol: Option<Protocol>,
    /// How many connections ask (64; hoard 8, spread 4, crowd 1000); several with commas between them
    #[arg(long, value_name = "N", value_delimiter = ',')]
    connections: Vec<usize>,
    /// Open loop: so many requests a second are due, whatever the server does
    #[arg(long, value_name = "PER SECOND", requires = "workload")]
    rate: Option<f64>,
    /// Bytes inside a frame (8; in a crowd 16384); several with commas between them
    #[arg(long, value_name = "BYTES", value_delimiter = ',')]
    payload: Vec<usize>,
    /// In a pipeline: how many requests are sent together (16)
    #[arg(long, value_name = "N")]
    depth: Option<usize>,
    /// In a hoard: how many connections say nothing (100); several with commas between them
    #[arg(long, value_name = "N", value_delimiter = ',')]
    silent: Vec<usize>,
    /// How long a round measures (1; quick 0.8, full 5; longer where so few requests a second are
    /// due that they would not do for a p99)
    #[arg(long)]
    seconds: Option<f64>,
    /// How many rounds, interleaved: A B C A B C (3; quick 1, full 9). Nine to claim something
    #[arg(long, value_name = "N")]
    rounds: Option<usize>,
    /// Write all results into this file, after each table, with the histograms of all its rounds
    /// together
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write the figures of each round into this file, for a spreadsheet
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Say what has changed since the run that --json has written into this file
    #[arg(long, value_name = "FILE")]
    compare: Option<PathBuf>,
    /// Fail if a figure is worse than then by more than this, and by more than the spread of both
    /// runs, which need six rounds; or if it is gone
    #[arg(long, value_name = "PERCENT", requires = "compare")]
    fail_on_regression: Option<f64>,
    /// Write a page with a picture of each table into this file
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Count also the system calls of a request, in a pass of its own (needs strace)
    #[arg(long)]
    syscalls: bool,
    /// Also measure a server that is not ours (repeatable)
    #[arg(long, value_name = "NAME=COMMAND {port}")]
    peer: Vec<String>,
    /// What the peers speak: frames, http or raw, which is compared with frames (without it: what
    /// the steps speak)
    #[arg(long, value_name = "PROTOCOL")]
    peer_protocol: Option<Protocol>,
    /// Give the CPU per request as a ratio to that of this step or peer, round by round
    #[arg(long, value_name = "NAME")]
    baseline: Option<String>,
    /// Let server and generator run on any core
    #[arg(long)]
    no_pin: bool,
}

pub fn run(args: Args) -> Result<()> {
    let kinds = kinds(&args)?;
    let old = args.compare.as_deref().map(Record::read).transpose()?;
    writable([&args.json, &args.csv, &args.html])?;
    // Every process that is started from here inherits the limit.
    let nofile = limits::raise_descriptors();
    let method = method(&args, &kinds)?;
    let rounds = args.rounds.unwrap_or(args.pick(1, 3, 9));
    ensure!(rounds > 0, "no rounds: pass --rounds 1 or more");

    interrupt::listen()?;
    let (contenders, load) = contenders(&args)?;
    let baseline = args.baseline.as_deref().map(|name| known(name, &contenders)).transpose()?;
    let mut record = Record {
        schema: record::SCHEMA,
        machine: Machine::describe(nofile, method.pinning.describe()),
        method: MethodRecord {
            rounds,
            seconds: method.seconds,
            warm_up_seconds: method.warm_up,
            pinned: method.pinning.server().is_some(),
        },
        tables: Vec::new(),
    };
    if let Some(old) = old.as_ref().filter(|_| args.fail_on_regression.is_some()) {
        compare::can_judge(old, &record)?;
    }
    let cells: usize = kinds.iter().map(|&kind| entrants(&contenders, kind).count()).sum();
    let mut progress = Progress::new((cells * rounds) as u64);
    for &kind in &kinds {
        let method = Method { seconds: seconds(&args, kind, rounds, &method), ..method.clone() };
        let table = fill(&contenders, kind, rounds, &method, &load, &mut progress)?;
        record.tables.push(table);
        // After each, so that whoever stops it after hours has what there is.
        args.json.as_deref().map(|path| record.write(path)).transpose()?;
        let (sight, table) = (Sight::of(&record), &record.tables[record.tables.len() - 1]);
        progress.print(&table::show(table, &sight, baseline.as_deref(), table::room()));
    }
    drop(progress);
    if args.syscalls {
        let protocols: Vec<Protocol> = kinds.iter().map(|kind| kind.protocol).collect();
        let both = [Protocol::Frames, Protocol::Http];
        let asked = both.into_iter().filter(|protocol| protocols.contains(protocol));
        print!("{}", syscalls::count(&contenders, &asked.collect::<Vec<_>>(), &method, &load)?);
    }
    println!("\n{}", report::footer(&record));
    report::write(&record, args.html.as_deref(), args.csv.as_deref())?;
    let mut regressions = Vec::new();
    if let Some(old) = &old {
        let mut comparison = compare::compare(old, &record);
        print!("{}", comparison.show());
        let percent = args.fail_on_regression;
        regressions = percent.map_or(Vec::new(), |percent| comparison.regressions(percent));
    }
    ensure!(regressions.is_empty(), "worse than before: {}", regressions.join(", "));
    let defects = record.defects();
    ensure!(defects.is_empty(), "not all is well:\n  {}", defects.join("\n  "));
    Ok(())
}

impl Args {
    /// One for a glance, one for every day, and one to claim something.
    fn pick<T>(&self, quick: T, usual: T, full: T) -> T {
        match (self.quick, self.full) {
            (true, _) => quick,
            (_, true) => full,
            _ => usual,
        }
    }
}

/// The tables, in their order: those that are asked for, or those that tell the story.
fn kinds(args: &Args) -> Result<Vec<Kind>> {
    let both = [Protocol::Frames, Protocol::Http];
    let protocols = match args.protocol {
        Some(Protocol::Raw) => bail!("no step speaks raw; a peer may: --peer-protocol raw"),
        Some(protocol) => vec![protocol],
        None => both.to_vec(),
    };
    let mut workloads = match (args.workload.as_slice(), args.quick, args.full) {
        ([], true, _) => vec![Workload::Echo, Workload::Mixed],
        ([], _, true) => Workload::ALL.to_vec(),
        ([], _, _) => {
            let story = [Workload::Echo, Workload::Mixed, Workload::Hoard, Workload::Spread];
            [&story[..], &[Workload::Crowd]].concat()
        }
        (asked, _, _) => asked.to_vec(),
    };
    // A crowd is about memory, which is read on Linux only.
    let asked = !args.workload.is_empty();
    workloads.retain(|&workload| asked || cfg!(target_os = "linux") || workload != Workload::Crowd);
    // First who uses several cores: where each has one, that cannot be seen, and is said.
    workloads.sort_by_key(|&workload| workload != Workload::Spread);
    // Who starves, and what a core brings, does not depend on what is spoken.
    let once = args.workload.is_empty() && args.protocol.is_none();
    let tells_enough = |&(workload, protocol): &(Workload, Protocol)| {
        let frames_say_it = match workload {
            Workload::Hoard | Workload::Spread => true,
            Workload::Crowd => !args.full,
            _ => false,
        };
        !once || !frames_say_it || protocol == Protocol::Frames
    };
    let pairs = workloads
        .iter()
        .flat_map(|&workload| protocols.iter().map(move |&protocol| (workload, protocol)));
    Ok(pairs.filter(tells_enough).flat_map(|pair| sizes(args, pair)).collect())
}

/// A workload with each number of connections and each payload that is asked for; or, where nothing is,
/// as it usually is, and in a full run with those that show how it grows.
fn sizes(args: &Args, (workload, protocol): (Workload, Protocol)) -> Vec<Kind> {
    let usual = Plan::new(NOBODY, workload, protocol);
    let or = |asked: &[usize], full: &[usize], usual| match (asked, args.full) {
        ([], true) if !full.is_empty() => full.to_vec(),
        ([], _) => vec![usual],
        (asked, _) => asked.to_vec(),
    };
    let (mut connections, mut payloads, mut silents): (&[usize], &[usize], &[usize]) =
        (&[], &[], &[]);
    match workload {
        Workload::Echo if protocol == Protocol::Frames => {
            (connections, payloads) = (&[1, 64, 512], &[8, 16 << 10]);
        }
        Workload::Echo => connections = &[1, 64, 512],
        Workload::Crowd if protocol == Protocol::Frames => connections = &[1000, 10_000],
        Workload::Hoard => silents = &[10, 100, 1000, 10_000],
        _ => {}
    }
    let silents = match workload {
        Workload::Hoard => or(&args.silent, silents, usual.silent),
        _ => vec![0],
    };
    // A page is as long as it is.
    let payloads = match protocol {
        Protocol::Http => vec![usual.payload],
        Protocol::Frames | Protocol::Raw => or(&args.payload, payloads, usual.payload),
    };
    let mut kinds = Vec::new();
    for payload in payloads {
        for &silent in &silents {
            for connections in or(&args.connections, connections, usual.connections) {
                kinds.push(Kind { workload, protocol, connections, silent, payload });
            }
        }
    }
    kinds
}

/// Nobody likes to hear after the run that its results cannot be kept.
fn writable<const N: usize>(paths: [&Option<PathBuf>; N]) -> Result<()> {
    for path in paths.into_iter().flatten() {
        let file = fs::OpenOptions::new().append(true).create(true).open(path);
        file.with_context(|| format!("{} cannot be written", path.display()))?;
    }
    Ok(())
}

/// How long a round measures: so long, unless it is told, that few requests a second are enough for
/// a p99, and in a full run for a p99.9.
fn seconds(args: &Args, kind: Kind, rounds: usize, method: &Method) -> f64 {
    let rate = method.rate.or(Plan::new(NOBODY, kind.workload, kind.protocol).rate);
    let (false, None, Some(rate)) = (args.quick, args.seconds, rate) else { return method.seconds };
    let needs = if args.full { Percentile::P999 } else { Percentile::P99 }.needs();
    // A little more: some end with the warm-up.
    method.seconds.max(1.05 * needs as f64 / (rate * rounds as f64))
}

/// Runs all rounds of a table, the servers taking turns.
fn fill(
    contenders: &[Contender],
    kind: Kind,
    rounds: usize,
    method: &Method,
    load: &Path,
    progress: &mut Progress,
) -> Result<Table> {
    let Kind { workload, protocol, connections, silent, payload } = kind;
    let entrants: Vec<_> = entrants(contenders, kind).collect();
    let mut rows: Vec<Row> = entrants.iter().map(|(one, _)| Row::new(&one.name)).collect();
    for _ in 0..rounds {
        for ((contender, speaks), row) in entrants.iter().zip(&mut rows) {
            let place = format!("{} {}", kind.name(), contender.name);
            progress.begin(&place);
            let outcome = cell::run(contender, Kind { protocol: *speaks, ..kind }, method, load)?;
            progress.end(&place, &table::brief(&outcome));
            row.push(outcome);
        }
    }
    Ok(Table { workload, protocol, connections, silent, payload, rows })
}

/// Who takes part in a table, and what each speaks there.
fn entrants(
    contenders: &[Contender],
    Kind { workload, protocol, .. }: Kind,
) -> impl Iterator<Item = (&Contender, Protocol)> {
    contenders
        .iter()
        .filter_map(move |contender| Some((contender, contender.speaks(workload, protocol)?)))
}

/// How cells are measured; what makes no sense is said before anything is built.
fn method(args: &Args, kinds: &[Kind]) -> Result<Method> {
    if args.syscalls {
        syscalls::available()?;
    }
    let asked = |workload| kinds.iter().any(|kind| kind.workload == workload);
    let seconds = args.seconds.unwrap_or(args.pick(0.8, 1.0, 5.0));
    ensure!(seconds > 0.0 && seconds <= 3600.0, "--seconds must be above 0 and at most 3600");
    let deep = |workload| args.depth.filter(|_| workload == Workload::Pipeline);
    ensure!(
        args.depth.is_none() || asked(Workload::Pipeline),
        "only a pipeline has a depth: pass --workload pipeline"
    );
    ensure!(
        args.silent.is_empty() || asked(Workload::Hoard),
        "only a hoard has silent connections: pass --workload hoard"
    );
    for &Kind { workload, protocol, connections, silent, payload } in kinds {
        let default = Plan::new(NOBODY, workload, protocol);
        let plan = Plan {
            connections,
            silent,
            payload,
            rate: args.rate.or(default.rate),
            depth: deep(workload).unwrap_or(default.depth),
            ..default
        };
        plan.check()?;
        limits::make_room(plan.sockets())?;
    }
    Ok(Method {
        rate: args.rate,
        depth: args.depth,
        seconds,
        warm_up: args.pick(0.2, 0.3, 1.0),
        pinning: Pinning::choose(!args.no_pin),
    })
}

/// Builds the steps and the generator; where the generator is comes second.
fn contenders(args: &Args) -> Result<(Vec<Contender>, PathBuf)> {
    let steps = match args.step.as_slice() {
        [] => steps::all()?,
        wanted => wanted.iter().map(|wanted| steps::find(wanted)).collect::<Result<_>>()?,
    };
    let peers = args.peer.iter().map(|peer| Contender::peer(peer, args.peer_protocol));
    let peers = peers.collect::<Result<Vec<Contender>>>()?;
    let mut packages: Vec<&str> = steps.iter().map(|step| step.name.as_str()).collect();
    packages.push("load");
    let mut built = build::release(&packages)?;
    let load = built.remove("load").context("load has no binary")?;
    let steps = steps
        .iter()
        .filter_map(|step| Some(Contender::step(&step.name, built.get(&step.name)?.clone())));
    Ok((steps.chain(peers).collect(), load))
}

/// The contender of this name; a step may be named by its number.
fn known(name: &str, contenders: &[Contender]) -> Result<String> {
    let step = steps::find(name).map(|step| step.name);
    let found = contenders.iter().find(|contender| {
        contender.name == name || step.as_ref().is_ok_and(|n| *n == contender.name)
    });
    let found = found.with_context(|| format!("--baseline {name}: it does not take part"))?;
    Ok(found.name.clone())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Flags {
        #[command(flatten)]
        args: Args,
    }

    #[test]
    fn a_page_is_asked_for_once_whatever_the_payloads() {
        let flags = ["bench-all", "--workload", "echo", "--payload", "8,16384"];
        let kinds = kinds(&Flags::parse_from(flags).args).unwrap();
        let names: Vec<String> = kinds.iter().map(Kind::name).collect();
        let frames = |bytes| format!("echo frames (64 connections, {bytes} bytes)");
        assert_eq!(names, [frames(8), frames(16384), "echo http (64 connections)".into()]);
    }

    #[test]
    fn no_two_tables_have_the_same_name() {
        let mut names: Vec<String> = kinds(&Flags::parse_from(["bench-all", "--full"]).args)
            .unwrap()
            .iter()
            .map(Kind::name)
            .collect();
        let all = names.len();
        names.sort();
        names.dedup();
        assert!(all > 20 && names.len() == all, "{names:?}");
    }
}
