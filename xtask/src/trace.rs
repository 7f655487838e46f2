//! Reads what `--trace` writes: the form of one line for everything, described in
//! `crates/cli/src/trace/lines.rs`.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

/// What happened in a server.
#[derive(Debug, PartialEq)]
pub struct Trace {
    /// Whose it is.
    pub step: String,
    /// What was served, if the trace holds what was said.
    pub serves: Option<Serves>,
    /// When it began: microseconds since 1970.
    pub began: u64,
    /// The threads' names, by their numbers.
    pub threads: Vec<String>,
    /// In the order of their times.
    pub events: Vec<Event>,
}

/// What a server serves.
#[derive(Debug, Clone, PartialEq)]
pub enum Serves {
    Frames,
    /// The site, with the files in this directory.
    Http(PathBuf),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Microseconds since the trace began.
    pub time: u64,
    /// The number of the thread that did it.
    pub thread: usize,
    /// The number of the client that it was done for.
    pub client: u64,
    pub what: What,
    /// What was received or sent, if the trace holds that.
    pub bytes: Option<Vec<u8>>,
}

/// What happened, as `proto::Event` has it; the numbers are bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum What {
    Opened(SocketAddr),
    WantsRead,
    WantsWrite(u64),
    WantsRun,
    WantsClose,
    Received(u64),
    Sent(u64),
    JobStarted,
    JobEnded,
    Done,
    Expired,
    Closed,
}

/// Reads a whole trace.
pub fn parse(text: &str) -> Result<Trace> {
    let mut lines = (1..).zip(text.lines());
    let (_, first) = lines.next().context("the trace is empty")?;
    let (step, began) = match first.split(' ').collect::<Vec<_>>()[..] {
        ["trace", "1", step, began] => {
            (step.to_owned(), began.parse().context("line 1 of the trace")?)
        }
        _ => bail!("the trace begins with `{first}`, and not with `trace 1`"),
    };
    let mut trace = Trace { step, serves: None, began, threads: Vec::new(), events: Vec::new() };
    for (number, line) in lines {
        take(line, &mut trace).with_context(|| format!("line {number} of the trace, `{line}`"))?;
    }
    // Two threads hand in what they did at nearly the same time in any order; but of one client, whatever
    // follows from something else comes after it, and stays there if it was in the same microsecond.
    trace.events.sort_by_key(|event| event.time);
    Ok(trace)
}

fn take(line: &str, trace: &mut Trace) -> Result<()> {
    match line.splitn(3, ' ').collect::<Vec<_>>()[..] {
        ["thread", number, name] => {
            if number.parse() != Ok(trace.threads.len()) {
                bail!("threads are numbered as they come");
            }
            trace.threads.push(name.to_owned());
        }
        ["serves", "frames"] => trace.serves = Some(Serves::Frames),
        ["serves", "http", public] => {
            let public = String::from_utf8(unquoted(public)?).context("a name that is no text")?;
            trace.serves = Some(Serves::Http(public.into()));
        }
        ["lost", n] => bail!("{n} events are missing: the disk was too slow for them"),
        [time, thread, rest] => {
            let mut words = rest.splitn(4, ' ');
            let client = words.next().context("no client")?.parse()?;
            let what = what(words.next().context("no event")?, words.next())?;
            let bytes = words.next().map(unquoted).transpose()?;
            let event = Event { time: time.parse()?, thread: thread.parse()?, client, what, bytes };
            if let (What::Received(n) | What::Sent(n), Some(bytes)) = (what, &event.bytes)
                && bytes.len() as u64 != n
            {
                bail!("these are {} bytes, and not {n}", bytes.len());
            }
            if event.thread >= trace.threads.len() {
                bail!("nobody introduced this thread");
            }
            trace.events.push(event);
        }
        _ => bail!("there are too few words"),
    }
    Ok(())
}

fn what(name: &str, more: Option<&str>) -> Result<What> {
    let bytes = || -> Result<u64> { Ok(more.context("no number of bytes")?.parse()?) };
    Ok(match name {
        "opened" => What::Opened(more.context("no peer")?.parse()?),
        "wants-read" => What::WantsRead,
        "wants-write" => What::WantsWrite(bytes()?),
        "wants-run" => What::WantsRun,
        "wants-close" => What::WantsClose,
        "received" => What::Received(bytes()?),
        "sent" => What::Sent(bytes()?),
        "job-started" => What::JobStarted,
        "job-ended" => What::JobEnded,
        "done" => What::Done,
        "expired" => What::Expired,
        "closed" => What::Closed,
        _ => bail!("no event is called `{name}`"),
    })
}

/// Reads what `escape_ascii` wrote between quotes.
fn unquoted(text: &str) -> Result<Vec<u8>> {
    let inside = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let mut escaped = inside.context("the bytes are not between quotes")?.bytes();
    let mut bytes = Vec::new();
    while let Some(byte) = escaped.next() {
        bytes.push(match byte {
            b'\\' => escape(&mut escaped).context("a \\ that stands for no byte")?,
            byte => byte,
        });
    }
    Ok(bytes)
}

/// The byte for which stands what comes after a `\`.
fn escape(rest: &mut impl Iterator<Item = u8>) -> Option<u8> {
    Some(match rest.next()? {
        b't' => b'\t',
        b'r' => b'\r',
        b'n' => b'\n',
        byte @ (b'\\' | b'\'' | b'"') => byte,
        b'x' => {
            let mut digit = || char::from(rest.next()?).to_digit(16);
            u8::try_from(digit()? << 4 | digit()?).ok()?
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_in_the_order_of_their_times() {
        let text = "trace 1 step 1700\nthread 0 main\n7 0 1 opened 127.0.0.1:9\n\
                    thread 1 a worker\n9 1 1 received 6\n8 0 1 wants-read\n";
        let trace = parse(text).unwrap();
        assert_eq!((trace.began, trace.threads), (1700, vec!["main".into(), "a worker".into()]));
        let peer = SocketAddr::from(([127, 0, 0, 1], 9));
        let event = |time, thread, what| Event { time, thread, client: 1, what, bytes: None };
        assert_eq!(
            trace.events,
            [
                event(7, 0, What::Opened(peer)),
                event(8, 0, What::WantsRead),
                event(9, 1, What::Received(6)),
            ]
        );
    }

    #[test]
    fn what_came_in_the_same_microsecond_keeps_its_order() {
        let text = "trace 1 step 1\nthread 0 main\nthread 1 a worker\n8 0 1 wants-run\n\
                    8 1 1 job-started\n8 1 1 job-ended\n7 0 2 wants-read\n8 0 1 done\n";
        let what: Vec<What> = parse(text).unwrap().events.iter().map(|event| event.what).collect();
        use What::*;
        assert_eq!(what, [WantsRead, WantsRun, JobStarted, JobEnded, Done]);
    }

    #[test]
    fn what_was_said_is_read_as_it_was_written() {
        let every: Vec<u8> = (0..=u8::MAX).collect();
        let text = format!(
            "trace 1 step 1\nserves http \"a \\\"b\\\"\"\nthread 0 main\n\
             5 0 1 received 256 \"{}\"\n6 0 1 sent 0 \"\"\n",
            every.escape_ascii()
        );
        let trace = parse(&text).unwrap();
        assert_eq!(trace.serves, Some(Serves::Http("a \"b\"".into())));
        assert_eq!(trace.events[0].bytes, Some(every));
        assert_eq!(trace.events[1].bytes, Some(Vec::new()));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for (text, says) in [
            ("", "empty"),
            ("trace 2 step 1\n", "not with `trace 1`"),
            ("trace 1 step 1\nthread 1 main", "line 2"),
            ("trace 1 step 1\n5 0 1 done", "introduced"),
            ("trace 1 step 1\nthread 0 main\n5 0 1 sent", "no number of bytes"),
            ("trace 1 step 1\nthread 0 main\n5 0 1 sang", "`sang`"),
            ("trace 1 step 1\nthread 0 main\n5 0", "too few words"),
            ("trace 1 step 1\nthread 0 main\n5 0 1 sent 1 ab", "not between quotes"),
            ("trace 1 step 1\nthread 0 main\n5 0 1 sent 1 \"ab\"", "2 bytes, and not 1"),
            ("trace 1 step 1\nthread 0 main\n5 0 1 sent 1 \"\\y\"", "stands for no byte"),
            ("trace 1 step 1\nthread 0 main\n5 0 1 sent 1 \"\\x0\"", "stands for no byte"),
            ("trace 1 step 1\nlost 3", "3 events are missing"),
        ] {
            let error = format!("{:#}", parse(text).unwrap_err());
            assert!(error.contains(says), "{text:?}: {error}");
        }
    }
}
