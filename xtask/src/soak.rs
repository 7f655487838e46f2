//! A soak: one server, for minutes, with guests of all manners, and stops and starts.
//!
//! It goes by rounds. In the first quarter of them the server is stopped by SIGTERM in the middle of
//! everything, and started again on the same port: whatever had arrived whole before the stop must have
//! been answered. Then it runs on to the end. After each of these rounds all guests leave, and what it
//! occupies at rest is written down: it must not grow.

mod book;
mod conversation;
mod guests;
mod level;
mod question;
mod record;

use std::process::ExitStatus;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use conform::{Protocol, Random};
use load::cost::Server;

use crate::bench::contender::{Contender, Running};
use crate::bench::{build, interrupt};
use crate::{check, reliability, steps};
use book::{Phase, Tally};
use guests::{Able, Host};
use level::Rest;
use record::Record;

/// A round in a long soak. In one so short that there would be fewer than [`ROUNDS`], they are shorter.
const ROUND: Duration = Duration::from_secs(10);

/// The fewest rounds: four stops, and twelve rests, so that each third has four.
const ROUNDS: u32 = 16;

/// Of so many rounds, one ends with a stop.
const STOPS: u32 = 4;

/// How long a server may take to stop: the steps cut off what is left after five seconds, and say so by
/// their exit code.
const STOPPING: Duration = Duration::from_secs(15);

/// How long the last who have left may be parting: a server need not wait for longer than two seconds.
const PARTING: Duration = Duration::from_secs(3);

/// Memory has settled when it is the same after this time.
const SETTLING: Duration = Duration::from_millis(50);

/// Flags of this command.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  cargo xtask soak 05
  cargo xtask soak 04 --minutes 10 --write
  cargo xtask soak --cmd './my-server {port}' --protocol frames --minutes 1

Memory, threads and descriptors are read on Linux only.")]
pub struct Args {
    /// 4, 04, threadpool or a whole name
    #[arg(value_name = "STEP", required_unless_present = "cmd", conflicts_with = "cmd")]
    step: Option<String>,
    /// A server of your own: the command that starts it, where `{port}` stands for its port
    #[arg(long, value_name = "COMMAND")]
    cmd: Option<String>,
    /// How long, for all protocols together
    #[arg(long, default_value_t = 1.0, value_parser = minutes)]
    minutes: f64,
    /// Only this protocol (both by default)
    #[arg(long, value_parser = check::protocol)]
    protocol: Option<Protocol>,
    /// Repeat the guests of an earlier run
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Write the result into docs/reliability.md
    #[arg(long, conflicts_with = "cmd")]
    write: bool,
}

/// A soak under way.
struct Soak<'a> {
    contender: &'a Contender,
    host: Host,
    random: Random,
    tally: Tally,
    /// What it occupied whenever all had left.
    rests: Vec<Rest>,
    /// How each stop ended, and how long it took.
    stops: Vec<(ExitStatus, Duration)>,
}

pub fn run(args: Args) -> Result<()> {
    let (contender, able) = subject(&args)?;
    interrupt::listen()?;
    let protocols = args.protocol.map_or(vec![Protocol::Frames, Protocol::Http], |one| vec![one]);
    let time = Duration::from_secs_f64(args.minutes * 60.0) / protocols.len() as u32;
    let mut all_hold = true;
    for protocol in protocols {
        let name = &contender.name;
        println!(
            "{name}, {}, {:.2} minutes, seed {}",
            protocol.flag(),
            minutes_of(time),
            args.seed
        );
        if let Some(left_out) = able.left_out() {
            println!("  left out, as the step cannot do it by design: {left_out}");
        }
        let host = Host { address: conform::free_address()?, protocol, able };
        let (tally, rests, stops) = (Tally::default(), Vec::new(), Vec::new());
        let random = Random::new(args.seed);
        let soak = Soak { contender: &contender, host, random, tally, rests, stops };
        let record = soak.run(time)?;
        print!("{}", record.verdicts());
        all_hold &= record.holds();
        if args.write {
            reliability::write("soak", |rows| record::renewed(rows, &record))?;
        }
    }
    ensure!(all_hold, "not all holds (FAILS above)");
    Ok(())
}

/// What is soaked, built if it is ours, and what it bears.
fn subject(args: &Args) -> Result<(Contender, Able)> {
    if let Some(command) = &args.cmd {
        return Ok((Contender::command("server", command, None)?, Able::without(&[])));
    }
    let step = steps::find(args.step.as_deref().context("no step is named")?)?;
    let built = build::release(&[&step.name])?;
    let contender = Contender::step(&step.name, built[&step.name].clone());
    Ok((contender, Able::without(&step.fails)))
}

impl Soak<'_> {
    fn run(mut self, time: Duration) -> Result<Record> {
        let rounds = ROUNDS.max((time.as_secs_f64() / ROUND.as_secs_f64()) as u32);
        let (round, stops) = (time / rounds, rounds / STOPS);
        for n in 0..stops {
            let server = self.start()?;
            self.until_stopped(server, round)?;
            self.say(n + 1, rounds, "stopped", None);
        }
        let mut server = self.start()?;
        let before_all = self.occupied(&server)?;
        for n in stops..rounds {
            let rest = self.until_rest(&mut server, round, before_all.descriptors)?;
            self.rests.push(rest);
            self.say(n + 1, rounds, "at rest", Some(rest));
        }
        Ok(Record {
            name: self.contender.name.clone(),
            protocol: self.host.protocol,
            time,
            tally: self.tally,
            descriptors: before_all.descriptors,
            rests: self.rests,
            stops: self.stops,
        })
    }

    fn start(&self) -> Result<Running> {
        let protocol = match self.host.protocol {
            Protocol::Frames => load::Protocol::Frames,
            Protocol::Http => load::Protocol::Http,
        };
        self.contender.start_at(self.host.address, protocol, None)
    }

    /// A round that ends with a stop under load.
    fn until_stopped(&mut self, mut server: Running, round: Duration) -> Result<()> {
        let (tally, stopped) = self.host.entertain(&mut self.random, |book| {
            while_it_runs(&mut server, round)?;
            // First this: whoever sees it later has not come too late.
            book.enter(Phase::Stopping);
            let start = Instant::now();
            server.child.ask_to_stop()?;
            let status = server.child.wait(STOPPING)?;
            Ok::<(ExitStatus, Duration), anyhow::Error>((status, start.elapsed()))
        });
        self.tally.add(&tally);
        self.stops.push(stopped.with_context(|| self.tally.complaints.join("\n"))?);
        Ok(())
    }

    /// A round at whose end all guests leave.
    fn until_rest(
        &mut self,
        server: &mut Running,
        round: Duration,
        descriptors: u64,
    ) -> Result<Rest> {
        let (tally, ran) = self.host.entertain(&mut self.random, |_| while_it_runs(server, round));
        self.tally.add(&tally);
        ran?;
        let watched = Server::new(server.child.id());
        // If they do not come back, that is written down below, and judged in the end; one proof will do.
        let come_back = self.rests.iter().all(|rest| rest.descriptors <= descriptors);
        interrupt::wait_for(if come_back { PARTING } else { Duration::ZERO }, || {
            Ok(watched.descriptors().filter(|&open| open <= descriptors))
        })?;
        self.occupied(server)
    }

    /// What it occupies, when that no longer changes; at the latest after a second.
    fn occupied(&self, server: &Running) -> Result<Rest> {
        let watched = Server::new(server.child.id());
        let now = || -> Result<Rest> {
            let footprint = watched.footprint();
            let descriptors = watched.descriptors();
            let (footprint, descriptors) = footprint.zip(descriptors).context(
                "what a server occupies cannot be read: that takes Linux, and a server that runs",
            )?;
            Ok(Rest { footprint, descriptors })
        };
        let mut last = now()?;
        for _ in 0..20 {
            interrupt::wait_for(SETTLING, || Ok(None::<()>))?;
            let next = now()?;
            if next.footprint.resident == last.footprint.resident {
                break;
            }
            last = next;
        }
        Ok(last)
    }

    fn say(&self, round: u32, rounds: u32, how: &str, rest: Option<Rest>) {
        use load::units::{bytes, count};
        let Tally { guests, asked, answered, .. } = self.tally;
        let occupied = rest.map_or(String::new(), |Rest { footprint, descriptors }| {
            let (memory, threads) = (bytes(footprint.resident), count(footprint.threads));
            format!("; {memory}, {threads} threads, {descriptors} descriptors")
        });
        println!(
            "  {round:>3}/{rounds} {how}: {} guests, {} asked, {} answered{occupied}",
            count(guests),
            count(asked),
            count(answered)
        );
    }
}

/// Waits for so long; a server that ends meanwhile has failed.
fn while_it_runs(server: &mut Running, time: Duration) -> Result<()> {
    let ended = interrupt::wait_for(time, || Ok(server.child.ended()))?;
    match ended {
        Some(status) => bail!("it ended with {status}{}", server.child.last_words()),
        None => Ok(()),
    }
}

fn minutes_of(time: Duration) -> f64 {
    time.as_secs_f64() / 60.0
}

fn minutes(text: &str) -> Result<f64, &'static str> {
    let minutes = text.parse().ok().filter(|minutes| (0.01..=10_000.0).contains(minutes));
    minutes.ok_or("it takes a number of minutes, such as 10 or 0.5")
}
