//! `load ADDR [flags]`: many clients on one thread, who check every reply.

use std::error::Error;
use std::fmt::Display;
use std::io::{self, Write};
use std::net::{SocketAddr, ToSocketAddrs};
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;

use lexopt::prelude::*;
use load::{Plan, Protocol, Workload};
use serde::Serialize;

const HELP: &str = "\
Many clients on one thread, who check every reply byte for byte.

load ADDR [flags]

  --workload W     echo (default): small requests
                   pipeline: the same, many sent together and then all answers awaited
                   mixed: small requests at a fixed rate, while others ask for long primes
                   hoard: small requests at a fixed rate, beside many silent connections
                   storm: a connection for each request
                   spread: short computations, more than one core can do
                   crowd: one request each, then silence until standard input closes
  --protocol P     frames (default), http, or raw (the same bytes come back)
  --connections N  how many connections ask (64; hoard 8, spread 4, crowd 1000)
  --rate R         open loop: so many requests a second are due, whatever the server does
                   (mixed and hoard 200, spread 6000); without it, each connection asks when it has been answered
  --seconds S      how long to measure (5)
  --warmup S       how long to run before that (1)
  --depth N        pipeline: so many requests are sent together (16)
  --silent N       hoard: so many connections say nothing (100)
  --path PATH      http: ask for this (/plain)
  --body TEXT      http: and check that this is what comes back (Hello, World!)
  --payload BYTES  the size of a frame's content or of a raw message (8; crowd 16384)
  --server-pid PID report what this process and its group spend, too (Linux)
  --json           the report as JSON
  -h, --help       this text

Times are counted from when a request was due, so a server that stalls cannot hide it.";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("load: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let Some(Flags { plan, json }) = Flags::parse()? else {
        println!("{HELP}");
        return Ok(());
    };
    if plan.workload == Workload::Crowd {
        return load::crowd(&plan, |crowd| {
            say(crowd, json)?;
            // Whoever started this looks at the server now, and closes our input when done.
            io::copy(&mut io::stdin(), &mut io::sink())?;
            Ok(())
        })?;
    }
    say(&load::measure(&plan)?, json)
}

/// Prints a result, for programs or for people.
fn say(result: &(impl Display + Serialize), json: bool) -> Result<(), Box<dyn Error>> {
    let text = if json { serde_json::to_string(result)? } else { result.to_string() };
    writeln!(io::stdout(), "{text}")?;
    Ok(())
}

/// A flag that replaces one of the workload's defaults.
type Override = Box<dyn FnOnce(&mut Plan)>;

struct Flags {
    plan: Plan,
    json: bool,
}

impl Flags {
    /// `None` if help is wanted.
    fn parse() -> Result<Option<Flags>, lexopt::Error> {
        let mut target = None;
        let mut workload = Workload::Echo;
        let mut protocol = Protocol::Frames;
        let mut json = false;
        // The workload decides the defaults, so what overrides them waits until it is known.
        let mut overrides: Vec<Override> = Vec::new();
        let mut parser = lexopt::Parser::from_env();
        while let Some(argument) = parser.next()? {
            match argument {
                Short('h') | Long("help") => return Ok(None),
                Long("json") => json = true,
                Long("workload") => workload = parse(&mut parser, Workload::from_str)?,
                Long("protocol") => protocol = parse(&mut parser, Protocol::from_str)?,
                Long("connections") => {
                    let n = parser.value()?.parse()?;
                    overrides.push(Box::new(move |plan| plan.connections = n));
                }
                Long("rate") => {
                    let rate = parser.value()?.parse()?;
                    overrides.push(Box::new(move |plan| plan.rate = Some(rate)));
                }
                Long("payload") => {
                    let payload = parser.value()?.parse()?;
                    overrides.push(Box::new(move |plan| plan.payload = payload));
                }
                Long("path") => {
                    let path = parser.value()?.string()?;
                    overrides.push(Box::new(move |plan| plan.page.path = path));
                }
                Long("body") => {
                    let body = parser.value()?.string()?;
                    overrides.push(Box::new(move |plan| plan.page.body = body));
                }
                Long("depth") => {
                    let depth = parser.value()?.parse()?;
                    overrides.push(Box::new(move |plan| plan.depth = depth));
                }
                Long("silent") => {
                    let silent = parser.value()?.parse()?;
                    overrides.push(Box::new(move |plan| plan.silent = silent));
                }
                Long("server-pid") => {
                    let pid = parser.value()?.parse()?;
                    overrides.push(Box::new(move |plan| plan.server = Some(pid)));
                }
                Long("seconds") => {
                    let time = seconds(&mut parser)?;
                    overrides.push(Box::new(move |plan| plan.measured = time));
                }
                Long("warmup") => {
                    let time = seconds(&mut parser)?;
                    overrides.push(Box::new(move |plan| plan.warm_up = time));
                }
                Value(address) if target.is_none() => target = Some(resolve(address.string()?)?),
                _ => return Err(argument.unexpected()),
            }
        }
        let target = target.ok_or("where to? Pass the server's address: load 127.0.0.1:7878")?;
        let mut plan = Plan::new(target, workload, protocol);
        for change in overrides {
            change(&mut plan);
        }
        Ok(Some(Flags { plan, json }))
    }
}

fn parse<T>(
    parser: &mut lexopt::Parser,
    from: impl Fn(&str) -> Result<T, String>,
) -> Result<T, lexopt::Error> {
    from(&parser.value()?.string()?).map_err(lexopt::Error::from)
}

fn seconds(parser: &mut lexopt::Parser) -> Result<Duration, lexopt::Error> {
    let seconds: f64 = parser.value()?.parse()?;
    Duration::try_from_secs_f64(seconds)
        .ok()
        .filter(|time| time.as_secs() <= 24 * 3600)
        .ok_or_else(|| format!("{seconds} seconds: pass 0 to {}", 24 * 3600).into())
}

fn resolve(address: String) -> Result<SocketAddr, lexopt::Error> {
    let found = address.to_socket_addrs().ok().and_then(|mut all| all.next());
    found.ok_or_else(|| format!("`{address}` is not an address such as 127.0.0.1:7878").into())
}
