//! What a picture shows: which thread had whom at what time, and how that was for the clients.
//!
//! Pure: from what the server wrote and what the clients saw to lanes, rows and bars.

use std::collections::BTreeMap;

use super::scenario::{Asked, Client, End, Played, Scenario, Seen};
use crate::trace::{Event, Trace, What};

/// How many microseconds a picture shows. The same for all, so that they can be compared.
pub const SPAN: u64 = 2_000_000;

/// The grain of a picture, in microseconds. No two runs take equally long: what takes less than this
/// is a moment, and times are rounded down to it, so that a picture drawn again is the same again.
pub const QUANTUM: u64 = 25_000;

/// A wait of less than so many microseconds is part of the turn in which it happened.
const SHORT: u64 = 1_000;

/// One scenario against one server. Times are microseconds from the beginning of the scenario.
#[derive(Debug)]
pub struct Panel {
    pub title: &'static str,
    pub lanes: Vec<Lane>,
    pub rows: Vec<Row>,
}

/// A thread that did something.
#[derive(Debug, PartialEq)]
pub struct Lane {
    pub label: String,
    /// One for each client that it had, in the order in which they came to it.
    pub rows: Vec<Vec<Bar>>,
}

/// What a thread did with a client for some time.
#[derive(Debug, PartialEq)]
pub struct Bar {
    /// The client's name.
    pub client: &'static str,
    pub kind: Kind,
    pub from: u64,
    pub to: u64,
    /// What happened meanwhile, in words.
    pub says: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Waits for the client, or for its job elsewhere.
    Waits,
    /// Works for it.
    Works,
    /// Has handed it over, and nobody has taken it yet.
    Queued,
}

/// How it was for a client.
#[derive(Debug)]
pub struct Row {
    pub client: &'static str,
    pub does: &'static str,
    pub came: u64,
    pub left: u64,
    pub asked: Vec<Asked>,
}

impl Bar {
    /// Too short to be seen as long as it was.
    pub fn is_moment(&self) -> bool {
        self.to - self.from < QUANTUM
    }
}

impl Panel {
    /// When the last client left.
    pub fn end(&self) -> u64 {
        self.rows.iter().map(|row| row.left).max().unwrap_or(0)
    }
}

/// Lays out what happened.
pub fn lay_out(scenario: &Scenario, played: &Played, trace: &Trace) -> Panel {
    let mut by_thread: BTreeMap<usize, Vec<Vec<Bar>>> = BTreeMap::new();
    for (client, seen) in scenario.clients.iter().zip(&played.clients) {
        let mut rows: BTreeMap<usize, Vec<Bar>> = BTreeMap::new();
        for (thread, bar) in bars(client.name, &conversation(seen, played.began, trace)) {
            rows.entry(thread).or_default().push(bar);
        }
        for (thread, row) in rows {
            by_thread.entry(thread).or_default().push(row);
        }
    }
    let row = |(client, seen): (&Client, &Seen)| Row {
        client: client.name,
        does: client.does,
        came: seen.came,
        left: seen.left,
        asked: seen.asked.clone(),
    };
    let rows = scenario.clients.iter().zip(&played.clients).map(row).collect();
    Panel { title: scenario.title, lanes: lanes(by_thread, &trace.threads), rows }
}

/// All that a server did for one client, on the clock of the scenario.
fn conversation(seen: &Seen, began: u64, trace: &Trace) -> Vec<Event> {
    let is_opening = |event: &&Event| event.what == What::Opened(seen.addr);
    let Some(opening) = trace.events.iter().find(is_opening) else { return Vec::new() };
    let here = |event: &Event| Event {
        time: (trace.began + event.time).saturating_sub(began),
        ..event.clone()
    };
    trace.events.iter().filter(|event| event.client == opening.client).map(here).collect()
}

/// A conversation as bars, each with its thread.
fn bars(client: &'static str, events: &[Event]) -> Vec<(usize, Bar)> {
    let mut bars: Vec<(usize, Bar)> = Vec::new();
    for (i, this) in events.iter().enumerate() {
        let Some((kind, to)) = stretch(&events[i..]) else { continue };
        let says = says(this, kind);
        match bars.last_mut() {
            Some((thread, bar))
                if (*thread, bar.kind, bar.to) == (this.thread, kind, this.time) =>
            {
                bar.to = to;
                bar.says.extend(says.filter(|says| bar.says.last() != Some(says)));
            }
            _ => {
                let says = says.into_iter().collect();
                bars.push((this.thread, Bar { client, kind, from: this.time, to, says }));
            }
        }
    }
    // To be handed over takes a moment, always; it is worth a mark only where it takes longer.
    bars.retain(|(_, bar)| bar.kind != Kind::Queued || !bar.is_moment());
    bars
}

/// What its thread does for a client after the first of these events, and until when.
fn stretch(events: &[Event]) -> Option<(Kind, u64)> {
    let [this, next, ..] = events else { return None };
    let stays = next.thread == this.thread;
    let waits = |to: u64| if to - this.time < SHORT { Kind::Works } else { Kind::Waits };
    Some(match this.what {
        What::WantsRead | What::WantsWrite(_) => (waits(next.time), next.time),
        What::WantsRun => match home_again(events) {
            Some(to) => (waits(to), to),
            None if stays => (waits(next.time), next.time),
            None => (Kind::Queued, next.time),
        },
        What::Opened(_) if stays => (waits(next.time), next.time),
        What::JobEnded if !stays => return None,
        _ if !stays => (Kind::Queued, next.time),
        _ => (Kind::Works, next.time),
    })
}

/// When the result of a job that ran elsewhere came back; `None` where the connection went along.
fn home_again(events: &[Event]) -> Option<u64> {
    let find = |what| events.iter().find(|event| event.what == what);
    let (ran, done) = (find(What::JobEnded)?, find(What::Done)?);
    (ran.thread != done.thread).then_some(done.time)
}

/// An event in words, if there is something to say about it.
fn says(event: &Event, kind: Kind) -> Option<String> {
    let bytes = |n| if n == 1 { "1 byte".to_owned() } else { format!("{n} bytes") };
    let words = match (event.what, kind) {
        (What::Opened(_), Kind::Works) => "accepted".into(),
        (What::Opened(_), Kind::Waits) => "accepted, waits for its turn".into(),
        (What::Opened(_), Kind::Queued) => "accepted, in the queue for a thread".into(),
        (What::WantsRead, Kind::Waits) => "waits for bytes".into(),
        (What::WantsWrite(n), Kind::Waits) => format!("waits for room to send {}", bytes(n)),
        (What::WantsRun, Kind::Waits) => "waits for its job".into(),
        (What::WantsRun, Kind::Queued) => "its job is in the queue for a thread".into(),
        (What::Done, Kind::Queued) => "its job is done, it comes home".into(),
        (What::Received(0), _) => "received the end".into(),
        (What::Received(n), _) => format!("received {}", bytes(n)),
        (What::Sent(n), _) => format!("sent {}", bytes(n)),
        (What::JobStarted, _) => "ran a job".into(),
        (What::Expired, _) => "took too long".into(),
        (What::WantsClose, _) => "closed".into(),
        _ => return None,
    };
    Some(words)
}

/// The threads that did something: the one that began, then the others as they came in.
fn lanes(by_thread: BTreeMap<usize, Vec<Vec<Bar>>>, names: &[String]) -> Vec<Lane> {
    let mut threads: Vec<(&str, Vec<Vec<Bar>>)> =
        by_thread.into_iter().map(|(thread, rows)| (names[thread].as_str(), rows)).collect();
    for (_, rows) in &mut threads {
        rows.sort_by_key(|row| row[0].from / QUANTUM);
    }
    threads
        .sort_by_key(|(name, rows)| (*name != MAIN, rows[0][0].from / QUANTUM, rows[0][0].client));
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    let label = |(name, rows)| {
        let kind = kind_of(name);
        let number = count.entry(kind).or_default();
        *number += 1;
        let label = if name == MAIN { name.to_owned() } else { format!("{kind} {number}") };
        Lane { label, rows }
    };
    threads.into_iter().map(label).collect()
}

/// The name of the thread that runs `main`.
const MAIN: &str = "main";

/// Threads of one kind are alike, and which of them is the first to do something is chance: they are
/// numbered as they come in, whatever number is in their names.
fn kind_of(name: &str) -> &str {
    let kind = name.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches(['-', ' ']);
    if kind.is_empty() || kind == "unnamed" { "thread" } else { kind }
}

impl Row {
    /// What became of its questions, in words; nothing, if it had none.
    pub fn says(&self) -> String {
        let ended = |asked: &Asked| {
            let waited = quantised(asked.end.at()) - quantised(asked.at);
            let after =
                if waited == 0 { "at once".into() } else { format!("after {}", seconds(waited)) };
            match asked.end {
                End::Answered(_) => format!("answered {after}"),
                End::HungUp(_) => format!("hung up on {after}"),
                End::GaveUp(_) => format!("not answered in {}", seconds(waited)),
            }
        };
        let ends: Vec<String> = self.asked.iter().map(ended).collect();
        if ends.is_empty() {
            ends.concat()
        } else {
            format!("{} was {}.", self.client, ends.join(", then "))
        }
    }
}

/// Rounded down to the grain of the picture.
pub fn quantised(time: u64) -> u64 {
    time - time % QUANTUM
}

/// Microseconds as seconds, with two digits.
pub fn seconds(time: u64) -> String {
    format!("{:.2} s", time as f64 / 1e6)
}

#[cfg(test)]
mod tests;
