//! One conversation that is had again.

use std::fmt;
use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use proto::{Done, Job, Session, Want};

use super::service::SOME_DATE;
use crate::trace::{Event, What};

/// How many bytes are shown on either side of a difference.
const SHOWN: usize = 40;

/// A session that is told what another was told, and what both said.
pub struct Conversation {
    client: u64,
    peer: SocketAddr,
    session: Session,
    /// It was handed out and has not run.
    job: Option<Job>,
    /// It has run, and the session waits for it.
    done: Option<Done>,
    /// How many bytes were received.
    received: usize,
    /// Their end was.
    ended: bool,
    /// What was sent, then.
    then: Vec<u8>,
    /// What has been sent now, and behind it what was last offered.
    now: Vec<u8>,
    /// How much of that has been sent.
    sent: usize,
    /// What it wanted where it wanted something else, then and now. From there on it is told nothing.
    strayed: Option<(What, What)>,
    /// The trace has its end.
    closed: bool,
}

/// How what is said now compares with what was said.
#[derive(Debug, PartialEq)]
pub enum Verdict {
    Same,
    /// From this byte of what was sent. This was there then, and this is now.
    Differs {
        at: usize,
        then: String,
        now: String,
    },
}

impl Conversation {
    pub fn new(client: u64, peer: SocketAddr, session: Session) -> Conversation {
        Conversation {
            client,
            peer,
            session,
            job: None,
            done: None,
            received: 0,
            ended: false,
            then: Vec::new(),
            now: Vec::new(),
            sent: 0,
            strayed: None,
            closed: false,
        }
    }

    /// What the trace has next. An error: no server can have written that.
    pub fn take(&mut self, event: &Event) -> Result<()> {
        let bytes = || event.bytes.as_deref().context("what was said is missing");
        match event.what {
            What::Received(_) => self.received += bytes()?.len(),
            What::Sent(_) => self.then.extend_from_slice(bytes()?),
            What::Closed => self.closed = true,
            _ => {}
        }
        if self.strayed.is_some() {
            return Ok(());
        }
        match event.what {
            What::WantsRead | What::WantsWrite(_) | What::WantsRun | What::WantsClose => {
                self.wants(event.what);
            }
            What::Received(_) => {
                let bytes = bytes()?;
                ensure!(bytes.is_empty() || !self.ended, "these bytes came after the end");
                self.ended |= bytes.is_empty();
                self.session.received(bytes);
            }
            What::Sent(_) => {
                let n = bytes()?.len();
                ensure!(self.sent + n <= self.now.len(), "more was sent than it wanted to send");
                self.sent += n;
                self.session.sent(n);
            }
            What::JobStarted => {
                self.done = Some(self.job.take().context("there is no job to run")?.run());
            }
            What::Done => self.session.done(self.done.take().context("no job has run")?),
            What::Expired => self.session.expired(),
            What::Opened(_) | What::JobEnded | What::Closed => {}
        }
        Ok(())
    }

    /// Asks what it wants, where it wanted this.
    fn wants(&mut self, then: What) {
        let now = match self.session.want() {
            Want::Read => What::WantsRead,
            Want::Write(bytes) => {
                self.now.truncate(self.sent);
                self.now.extend_from_slice(bytes);
                What::WantsWrite(bytes.len() as u64)
            }
            Want::Run(job) => {
                self.job = Some(job);
                What::WantsRun
            }
            Want::Close => What::WantsClose,
        };
        if now != then {
            self.strayed = Some((then, now));
        }
    }

    pub fn verdict(&self) -> Verdict {
        if let Some(at) = difference(&self.then, &self.now) {
            let (then, now) = (around(at, &self.then), around(at, &self.now));
            return Verdict::Differs { at, then, now };
        }
        match self.strayed {
            Some((then, now)) => {
                Verdict::Differs { at: self.sent, then: in_words(then), now: in_words(now) }
            }
            None => Verdict::Same,
        }
    }
}

/// The first byte that both have and that differs. Where one has [`SOME_DATE`], the other may have
/// any.
fn difference(then: &[u8], now: &[u8]) -> Option<usize> {
    let mut at = 0;
    while at < then.len().min(now.len()) {
        if now[at..].starts_with(&SOME_DATE) && is_date(&then[at..]) {
            at += SOME_DATE.len();
        } else if then[at] == now[at] {
            at += 1;
        } else {
            return Some(at);
        }
    }
    None
}

/// Whether a date comes next, or what was sent of one.
fn is_date(bytes: &[u8]) -> bool {
    bytes.get(..SOME_DATE.len()).is_none_or(|date| {
        str::from_utf8(date).is_ok_and(|date| httpdate::parse_http_date(date).is_ok())
    })
}

/// What is before and after a byte, in a line.
fn around(at: usize, bytes: &[u8]) -> String {
    let (from, to) = (at.saturating_sub(SHOWN), bytes.len().min(at + SHOWN));
    let more = |is: bool| if is { "…" } else { "" };
    let shown = bytes[from..to].escape_ascii();
    format!("{}{shown}{}", more(from > 0), more(to < bytes.len()))
}

impl fmt::Display for Conversation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Conversation { client, peer, received, then, closed, .. } = self;
        write!(f, "client {client:<4} {peer:<21} {received:>8} in {:>8} out", then.len())?;
        if *closed { Ok(()) } else { write!(f, ", and then the trace was cut") }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Same => write!(f, "same"),
            Verdict::Differs { at, then, now } => {
                write!(f, "differs at byte {at}\n  then  {then}\n  now   {now}")
            }
        }
    }
}

/// What it wanted.
fn in_words(want: What) -> String {
    match want {
        What::WantsRead => "it wanted to read".to_owned(),
        What::WantsWrite(n) => format!("it wanted to write {n} bytes"),
        What::WantsRun => "it wanted a job run".to_owned(),
        What::WantsClose => "it wanted to close".to_owned(),
        told => format!("{told:?}"),
    }
}
