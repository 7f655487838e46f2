//! The project's own commands. `cargo xtask help` lists them.

mod bench;
mod bounds;
mod browser;
mod check;
mod diff;
mod faults;
mod fuzz;
mod generators;
mod loom;
mod matrix;
mod new;
mod reliability;
mod replay;
#[cfg(test)]
mod scratch;
mod soak;
mod source;
mod steps;
mod strangers;
mod tidy;
mod timeline;
mod trace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The project's own commands.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Put every step under the same load and print one table
    BenchAll(bench::Args),
    /// Measure what servers keep of what comes without end, or is never read
    Bounds(bounds::Args),
    /// Try the site in a browser
    Browser(browser::Args),
    /// Aim the conformance cases at any server: one that runs, a command, or a step
    Check(check::Args),
    /// Show what a step changes in the step it grew from
    Diff(diff::Args),
    /// Inject faults into every step: what must hold, and what was seen
    Faults(faults::Args),
    /// Look for inputs that the protocols answer wrongly
    Fuzz(fuzz::Args),
    /// Compare our load generator with those that others wrote
    Generators(generators::Args),
    /// Offer more and more, and draw where each step bends
    Knee(bench::knee::Args),
    /// Run the steps' concurrency in every order that its threads can run in
    Loom(loom::Args),
    /// Print which step passes which conformance case
    Matrix(matrix::Args),
    /// Make a step of your own, in which only the waiting is left to write
    New(new::Args),
    /// Have the conversations of a trace again, and compare what is answered
    Replay(replay::Args),
    /// Show a run again that bench-all has kept: its tables, and its page
    Report(bench::report::Args),
    /// Have guests of all manners at a server for minutes, stop and start it, and see that nothing grows
    Soak(soak::Args),
    /// Aim the conformance cases at servers that we did not write
    Strangers(strangers::Args),
    /// Check the invariants that keep the project simple
    Tidy(tidy::Args),
    /// Draw who waits and who works, from a run of a step
    Timeline(timeline::Args),
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::BenchAll(args) => bench::run(args),
        Command::Bounds(args) => bounds::run(args),
        Command::Browser(args) => browser::run(args),
        Command::Check(args) => check::run(args),
        Command::Diff(args) => diff::run(args),
        Command::Faults(args) => faults::run(args),
        Command::Fuzz(args) => fuzz::run(args),
        Command::Generators(args) => generators::run(args),
        Command::Knee(args) => bench::knee::run(args),
        Command::Loom(args) => loom::run(args),
        Command::Matrix(args) => matrix::run(args),
        Command::New(args) => new::run(args),
        Command::Replay(args) => replay::run(args),
        Command::Report(args) => bench::report::run(args),
        Command::Soak(args) => soak::run(args),
        Command::Strangers(args) => strangers::run(args),
        Command::Tidy(args) => tidy::run(args),
        Command::Timeline(args) => timeline::run(args),
    };
    // Said here and not by the runtime, which would print a backtrace too where one is asked for.
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
