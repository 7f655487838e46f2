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
//! With `--trace-bytes`, what was received or sent stands behind the number, as Rust writes it in the
//! literal of a byte string, and the second line says what is served: the protocol, and for HTTP the
//! directory of the files. So `cargo xtask replay` can have the same conversations again.
//!
//! ```text
//! trace 1 step-04-threadpool 1763733600000000
//! serves http "public"
//! thread 0 main
//! 153 0 1 opened 127.0.0.1:40312
//! thread 1 worker-0
//! 210 1 1 received 32 "GET /plain HTTP/1.1\r\nHost: a\r\n\r\n"
//! ```
//!
//! Events of two threads may stand in the wrong order when they were close to each other in time.

use std::io::{self, Write};

use super::{Form, Head, Record, What, since_1970};

pub struct Lines;

impl Form for Lines {
    fn begin(&mut self, file: &mut dyn Write, head: &Head<'_>) -> io::Result<()> {
        writeln!(file, "trace 1 {} {}", head.step, since_1970(head.began))?;
        match &head.serves {
            Some(serves) => writeln!(file, "serves {serves}"),
            None => Ok(()),
        }
    }

    fn thread(&mut self, file: &mut dyn Write, thread: usize, name: &str) -> io::Result<()> {
        writeln!(file, "thread {thread} {name}")
    }

    fn record(&mut self, file: &mut dyn Write, thread: usize, record: &Record) -> io::Result<()> {
        let Record { time, client, what, said, .. } = record;
        write!(file, "{time} {thread} {client} {}", what.name())?;
        if let What::Opened(peer) = what {
            write!(file, " {peer}")?;
        }
        if let Some(bytes) = what.bytes() {
            write!(file, " {bytes}")?;
        }
        if let Some(said) = said {
            write!(file, " \"{}\"", said.bytes.escape_ascii())?;
        }
        writeln!(file)
    }

    fn end(&mut self, file: &mut dyn Write, lost: u64) -> io::Result<()> {
        if lost > 0 { writeln!(file, "lost {lost}") } else { Ok(()) }
    }
}
