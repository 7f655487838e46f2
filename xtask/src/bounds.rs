//! Memory under attack: what does a server keep of what comes without end, or of answers that nobody
//! reads?
//!
//! For each input a server is started anew, and many clients send it at the same time. By how much its
//! resident memory grows at most is compared with what the limits allow, which all have names.

mod attack;
mod input;
mod table;

use anyhow::{Context, Result, ensure};
use conform::Protocol;
use load::cost::{Footprint, Server};

use crate::bench::contender::{Contender, Running};
use crate::bench::{build, interrupt};
use crate::{check, reliability, steps};
use input::{INPUTS, Input};

/// How many clients do it at once.
const CONNECTIONS: usize = 64;

/// What a thread makes resident beside what its connection holds, in bytes: the pages of its stack that
/// calls touch, its thread-locals, and what the allocator keeps for it. A thread that was there before the
/// clients touches them now.
const THREAD: u64 = 64 * 1024;

/// What a server may need for all together, in bytes: code that runs for the first time, the tables that
/// connections are found by, and pieces between what was allocated and freed.
const SPARE: u64 = 2 * 1024 * 1024;

/// Flags of this command.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  cargo xtask bounds
  cargo xtask bounds 05 06 --input unread-frames
  cargo xtask bounds --cmd './my-server {port}' --protocol frames

Memory is read on Linux only.")]
pub struct Args {
    /// 4, 04, threadpool or a whole name (all by default)
    #[arg(value_name = "STEP", conflicts_with = "cmd")]
    step: Vec<String>,
    /// A server of your own: the command that starts it, where `{port}` stands for its port
    #[arg(long, value_name = "COMMAND")]
    cmd: Option<String>,
    /// Only this input (repeatable): number, frame, noise, unread-frames, field, fields, largest-body,
    /// chunks, extension, trailers or unread-responses
    #[arg(long, value_name = "NAME", value_parser = named)]
    input: Vec<Input>,
    /// Only the inputs of this protocol (both by default)
    #[arg(long, value_parser = check::protocol)]
    protocol: Option<Protocol>,
    /// How many clients do it at once
    #[arg(long, default_value_t = CONNECTIONS)]
    connections: usize,
    /// Write the table into docs/reliability.md
    #[arg(long, conflicts_with_all = ["cmd", "step", "input", "protocol", "connections"])]
    write: bool,
}

/// A server under attack.
struct Subject {
    contender: Contender,
    /// How many of the clients it serves at once: what the others send, it does not read.
    served: usize,
}

/// What an attack has cost a server.
#[derive(Debug, Clone, Copy)]
struct Cost {
    /// By how much its resident memory was larger at most, in bytes.
    grown: u64,
    /// By how much it may be.
    allowed: u64,
    /// By how much the kernel's buffers for all TCP sockets here were larger, both ends', in bytes.
    kernel: u64,
    /// Of so many clients that never read, the server took all there was: somebody keeps the answers.
    taken: usize,
}

impl Cost {
    fn holds(&self) -> bool {
        self.grown <= self.allowed && self.taken == 0
    }
}

pub fn run(args: Args) -> Result<()> {
    let subjects = subjects(&args)?;
    interrupt::listen()?;
    let mut inputs = if args.input.is_empty() { INPUTS.to_vec() } else { args.input };
    inputs.retain(|input| args.protocol.is_none_or(|protocol| input.protocol == protocol));
    ensure!(!inputs.is_empty(), "no --input is of this --protocol");
    let mut rows = Vec::new();
    for input in inputs {
        let mut row = Vec::new();
        for subject in &subjects {
            let name = &subject.contender.name;
            let cost = measure(subject, &input, args.connections)
                .with_context(|| format!("{name}, {}", input.is))?;
            println!("{}", table::line(name, &input, cost));
            row.push(cost);
        }
        rows.push((input, row));
    }
    if args.write {
        let table = table::markdown(&subjects, &rows, args.connections);
        reliability::write("bounds", |_| table)?;
    }
    let over = rows.iter().flat_map(|(_, row)| row).filter(|cost| !cost.holds()).count();
    ensure!(over == 0, "more is kept than the limits allow in {over} cases (FAILS above)");
    Ok(())
}

fn subjects(args: &Args) -> Result<Vec<Subject>> {
    if let Some(command) = &args.cmd {
        let contender = Contender::command("server", command, None)?;
        return Ok(vec![Subject { contender, served: args.connections }]);
    }
    let steps = match args.step.as_slice() {
        [] => steps::all()?,
        wanted => wanted.iter().map(|name| steps::find(name)).collect::<Result<_>>()?,
    };
    let names: Vec<&str> = steps.iter().map(|step| step.name.as_str()).collect();
    let built = build::release(&names)?;
    let subject = |step: &steps::Step| {
        let (served, flags) = steps::side_by_side(&step.fails, args.connections);
        let contender = Contender::step(&step.name, built[&step.name].clone()).with(flags);
        Subject { contender, served }
    };
    Ok(steps.iter().map(subject).collect())
}

/// Attacks a server that was started for this.
fn measure(subject: &Subject, input: &Input, connections: usize) -> Result<Cost> {
    interrupt::check()?;
    let protocol = match input.protocol {
        Protocol::Frames => load::Protocol::Frames,
        Protocol::Http => load::Protocol::Http,
    };
    let Running { mut child, address } = subject.contender.start(protocol, None)?;
    let server = Server::new(child.id());
    let footprint = || -> Result<Footprint> {
        server.footprint().context("memory can be read on Linux only, and of a server that runs")
    };
    attack::greet(address, input.protocol)?;
    let before = footprint()?;
    let ((after, peak), met) = attack::attack(address, input, connections, || {
        Ok((footprint()?, server.peak().context("the most memory that was ever resident")?))
    })?;
    if let Some(status) = child.ended() {
        anyhow::bail!("it ended with {status}{}", child.last_words());
    }
    ensure!(
        met.connected == connections && met.sent > 0,
        "nothing is shown: of {connections} clients, {} could connect, and they sent {} bytes in all",
        met.connected,
        met.sent
    );
    Ok(Cost {
        grown: peak.saturating_sub(before.resident),
        allowed: allowed(input, subject.served, after.threads),
        kernel: after.sockets.saturating_sub(before.sockets),
        taken: if input.reads { 0 } else { met.taken },
    })
}

/// What a server with so many threads may need, that serves so many clients at once, in bytes.
fn allowed(input: &Input, served: usize, threads: u64) -> u64 {
    input.bound() * served as u64 + threads * THREAD + SPARE
}

fn named(name: &str) -> Result<Input, String> {
    let input = INPUTS.into_iter().find(|input| input.name == name);
    input.ok_or_else(|| {
        let names: Vec<&str> = INPUTS.iter().map(|input| input.name).collect();
        format!("it takes one of {}", names.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// More threads than a step has that serves one client at a time.
    const THREADS: u64 = 8;

    #[test]
    fn who_keeps_everything_keeps_too_much_also_of_one_client_alone() {
        for input in INPUTS.iter().filter(|input| input.name != "largest-body") {
            let (kept, most) = (input.amount as u64, allowed(input, 1, THREADS));
            assert!(kept > most, "{}: {most}", input.name);
        }
    }
}
