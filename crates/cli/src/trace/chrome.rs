//! Chrome's *Trace Event Format*, as a JSON array: <https://ui.perfetto.dev> opens it.
//!
//! A job is a slice of the thread that runs it, a client's stay a slice of its own track, and
//! everything else an instant. The format lets the closing bracket be missing, so that a program that
//! was cut has written a trace, too.

use std::fmt;
use std::io::{self, Write};
use std::process;

use proto::Event;

use super::{Form, Head, Record, What, since_1970};

pub struct Chrome;

impl Form for Chrome {
    fn begin(&mut self, file: &mut dyn Write, head: &Head<'_>) -> io::Result<()> {
        write!(
            file,
            "[\n{{\"name\":\"process_name\",\"ph\":\"M\",\"pid\":{},\"tid\":0,\"args\":\
             {{\"name\":{},\"microseconds since 1970\":{}}}}}",
            process::id(),
            Text(head.step),
            since_1970(head.began)
        )
    }

    fn thread(&mut self, file: &mut dyn Write, thread: usize, name: &str) -> io::Result<()> {
        write!(
            file,
            ",\n{{\"name\":\"thread_name\",\"ph\":\"M\",\"pid\":{},\"tid\":{thread},\"args\":\
             {{\"name\":{}}}}}",
            process::id(),
            Text(name)
        )
    }

    fn record(&mut self, file: &mut dyn Write, thread: usize, record: &Record) -> io::Result<()> {
        let Record { time, client, what, said, .. } = record;
        write!(file, ",\n{{\"pid\":{},\"tid\":{thread},\"ts\":{time},", process::id())?;
        match what {
            What::Opened(peer) => write!(
                file,
                "\"ph\":\"b\",\"cat\":\"client\",\"id\":{client},\"name\":\"client {client}\",\
                 \"args\":{{\"client\":{client},\"peer\":\"{peer}\"}}}}"
            ),
            What::Closed => write!(
                file,
                "\"ph\":\"e\",\"cat\":\"client\",\"id\":{client},\"name\":\"client {client}\",\
                 \"args\":{{\"client\":{client}}}}}"
            ),
            What::Session(Event::JobStarted) => write!(
                file,
                "\"ph\":\"B\",\"cat\":\"job\",\"name\":\"job for client {client}\",\
                 \"args\":{{\"client\":{client}}}}}"
            ),
            What::Session(Event::JobEnded) => {
                write!(file, "\"ph\":\"E\",\"args\":{{\"client\":{client}}}}}")
            }
            What::Session(_) => {
                let name = what.name();
                write!(file, "\"ph\":\"i\",\"s\":\"t\",\"cat\":\"session\",\"name\":\"{name}\",")?;
                write!(file, "\"args\":{{\"client\":{client}")?;
                if let Some(bytes) = what.bytes() {
                    write!(file, ",\"bytes\":{bytes}")?;
                }
                if let Some(said) = said {
                    let text = said.bytes.escape_ascii().to_string();
                    write!(file, ",\"said\":{}", Text(&text))?;
                }
                write!(file, "}}}}")
            }
        }
    }

    fn end(&mut self, file: &mut dyn Write, lost: u64) -> io::Result<()> {
        if lost > 0 {
            write!(
                file,
                ",\n{{\"name\":\"{lost} events were lost\",\"ph\":\"M\",\"pid\":{},\"args\":{{}}}}",
                process::id()
            )?;
        }
        writeln!(file, "\n]")
    }
}

/// A string of JSON (RFC 8259, §7), with its quotes.
struct Text<'a>(&'a str);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for c in self.0.chars() {
            match c {
                '"' | '\\' => write!(f, "\\{c}")?,
                '\0'..='\x1f' => write!(f, "\\u{:04x}", u32::from(c))?,
                _ => write!(f, "{c}")?,
            }
        }
        f.write_str("\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_thread_is_called_it_is_a_string() {
        assert_eq!(Text("main").to_string(), r#""main""#);
        assert_eq!(Text("a \"b\" \\ é\n\u{1}").to_string(), r#""a \"b\" \\ é\u000a\u0001""#);
    }
}
