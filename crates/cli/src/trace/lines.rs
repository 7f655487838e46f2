//! Our own form: one line for everything, for people and for `cargo xtask timeline`.
//!
//! ```text
//! trace 1 step-04-threadpool 1763733600000000
//! thread 0 main
//! 153 0 1 opened 127.0.0.1:40312
//! thread 1 worker-0
//! 187 1 1 wants-write 1
//! ```
//!
//! First the version of this form, who is traced, and when it began: microseconds since 1970. Then
//! the threads, each before it does something for the first time, and the events: microseconds since
//! the beginning, thread, client, what happened, and the peer or how many bytes where there are any.
//! The last line, if there is one, is `lost` and the number of events that are missing.
//!
//! Events of two threads may stand in the wrong order when they were close to each other in time.

use std::io::{self, Write};
use std::time::SystemTime;

use super::{Form, Record, What, since_1970};

pub struct Lines;

impl Form for Lines {
    fn begin(&mut self, file: &mut dyn Write, step: &str, began: SystemTime) -> io::Result<()> {
        writeln!(file, "trace 1 {step} {}", since_1970(began))
    }

    fn thread(&mut self, file: &mut dyn Write, thread: usize, name: &str) -> io::Result<()> {
        writeln!(file, "thread {thread} {name}")
    }

    fn record(&mut self, file: &mut dyn Write, thread: usize, record: &Record) -> io::Result<()> {
        let Record { time, client, what, .. } = record;
        write!(file, "{time} {thread} {client} {}", what.name())?;
        match what {
            What::Opened(peer) => writeln!(file, " {peer}"),
            _ => match what.bytes() {
                Some(bytes) => writeln!(file, " {bytes}"),
                None => writeln!(file),
            },
        }
    }

    fn end(&mut self, file: &mut dyn Write, lost: u64) -> io::Result<()> {
        if lost > 0 { writeln!(file, "lost {lost}") } else { Ok(()) }
    }
}
