//! The commands, run as anyone would run them: each says what is there, and finds what is wrong.
//!
//! This program is the servers, too, that are broken in one way each.

mod endurance;
mod faults;
mod replay;
mod your_own_server;

use std::env;
use std::process::ExitCode;

use libtest_mimic::Arguments;

fn main() -> ExitCode {
    if let Some(flaw) = env::var_os(endurance::FLAW) {
        return endurance::serve(&flaw);
    }
    let mut arguments = env::args().skip(1);
    if arguments.next().as_deref() == Some("--flaw") {
        return faults::serve(arguments);
    }
    let mut arguments = Arguments::from_args();
    // They wait more than they work.
    arguments.test_threads.get_or_insert(12);
    // Who waits longest begins first.
    let trials =
        [your_own_server::trials(), endurance::trials(), replay::trials(), faults::trials()];
    libtest_mimic::run(&arguments, trials.into_iter().flatten().collect()).exit_code()
}
