//! What every server must do, as data, and the runner that aims it at a server over real sockets.
//!
//! A [`Case`] is a script: what clients send, and what must come back. [`run`] starts a server on
//! a free port, plays the script against it and gives a [`Verdict`]. A case that fails *by
//! design* is not merely late: [its cause](Cause) was shown. Time alone never decides.
//!
//! * An answer does not come. Everybody else leaves; then it comes. So they were the cause.
//! * Of two answers, the one that was asked for first comes first, although it takes long and the
//!   other does not. So the one waited for the other.
//! * The server hangs up in the middle of a conversation. A new client that says one thing and
//!   keeps the line open is answered, and hung up on. So one read is all it ever does.
//!
//! Whatever is neither passing nor one of these is [`Verdict::Broken`], with a report of who sent
//! what and what came.

mod client;
mod frames;
mod http;
mod runner;
mod script;
mod server;
mod suite;
mod tools;

use std::fmt;

pub use runner::{Cause, Claim, PATIENCE, Verdict, run};
pub use script::{Action, Body, Client, Reply, Response};
pub use server::Program;
pub use suite::{declared_failures, main};
pub use tools::{TOOLS, Tool};

/// One thing that every server must do.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// Short and stable: manifests and the command line name cases by it.
    pub name: &'static str,
    /// What the server must speak.
    pub protocol: Protocol,
    /// The property that it is an instance of.
    pub promise: Promise,
    /// What it teaches, in one sentence.
    pub lesson: &'static str,
    script: fn() -> Vec<Action>,
}

/// The protocols that every server speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Frames between `^` and `$`.
    Frames,
    /// HTTP/1.1.
    Http,
}

/// What a server is good for. Every case belongs to one promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Promise {
    /// One request in one piece is answered.
    Answers,
    /// A conversation goes on.
    Converses,
    /// One silent client stops nobody.
    Silence,
    /// Many silent clients stop nobody.
    Crowd,
    /// One client's long work stops nobody.
    Work,
    /// Nothing a client does ends the server.
    Survives,
    /// It stops in good order.
    Stops,
}

/// Every case, grouped by promise, in the order in which a series of servers learns to keep them.
pub fn cases() -> Vec<Case> {
    let mut cases = [frames::CASES.to_vec(), http::cases()].concat();
    cases.sort_by_key(|case| case.promise as usize);
    cases
}

impl Case {
    /// What its clients do and expect, step by step.
    pub fn script(&self) -> Vec<Action> {
        (self.script)()
    }

    /// Why it cannot be played on this system, if it cannot.
    pub fn impossible_here(&self) -> Option<&'static str> {
        let needs = |test: fn(&Action) -> bool| self.script().iter().any(test);
        if needs(|action| matches!(action, Action::Stop)) && !cfg!(unix) {
            return Some("needs SIGTERM");
        }
        if needs(|action| matches!(action, Action::Descriptors(_))) && !cfg!(target_os = "linux") {
            return Some("needs Linux's prlimit");
        }
        None
    }
}

impl Promise {
    /// All of them, in order.
    pub const ALL: [Promise; 7] = [
        Promise::Answers,
        Promise::Converses,
        Promise::Silence,
        Promise::Crowd,
        Promise::Work,
        Promise::Survives,
        Promise::Stops,
    ];
}

impl fmt::Display for Promise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Promise::Answers => "answers a request that comes in one piece",
            Promise::Converses => "keeps up a conversation, in whatever pieces it comes",
            Promise::Silence => "serves others while one client is silent",
            Promise::Crowd => "serves others while more are silent than it has workers",
            Promise::Work => "serves others while it computes for one",
            Promise::Survives => "survives whatever a client does",
            Promise::Stops => "stops when asked, and answers first what it was asked",
        })
    }
}

impl Protocol {
    /// The value of a server's flag `--protocol`.
    fn flag(self) -> &'static str {
        match self {
            Protocol::Frames => "frames",
            Protocol::Http => "http",
        }
    }

    /// What any server answers, whatever it fails: a request that comes in one piece.
    fn one_thing(self) -> (Vec<u8>, Reply) {
        match self {
            Protocol::Frames => (b"^abc$".to_vec(), Reply::Bytes(b"*bcd".to_vec())),
            Protocol::Http => {
                let body = Body::Is(b"Hello, World!".into());
                let plain = Response { status: 200, fields: &[], body };
                (http::get("/plain").into_bytes(), Reply::Http(plain))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_can_be_typed() {
        let mut names: Vec<&str> = cases().iter().map(|case| case.name).collect();
        for name in &names {
            assert!(name.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-')), "{name}");
        }
        let total = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), total);
    }

    #[test]
    fn every_case_teaches_something() {
        for case in cases() {
            assert!(case.lesson.ends_with('.'), "{} lacks a sentence", case.name);
            assert!(!case.script().is_empty(), "{} does nothing", case.name);
        }
    }

    #[test]
    fn a_script_names_only_clients_that_are_connected() {
        for case in cases() {
            let mut here = BTreeSet::new();
            for action in case.script() {
                let (comes, acts, leaves) = match &action {
                    Action::Connect(client) | Action::Flood(client, _) => {
                        (Some(*client), None, None)
                    }
                    Action::Send(client, _)
                    | Action::Expect(client, _)
                    | Action::HalfClose(client) => (None, Some(*client), None),
                    Action::Closed(client)
                    | Action::Cut(client)
                    | Action::Leave(client)
                    | Action::Reset(client) => (None, Some(*client), Some(*client)),
                    Action::Overtake { first, second } => {
                        assert!(here.contains(&first.0), "{}: {action}", case.name);
                        (None, Some(second.0), None)
                    }
                    Action::Descriptors(_) | Action::Exhausted | Action::Stop => (None, None, None),
                };
                assert!(comes.is_none_or(|client| here.insert(client)), "{}: {action}", case.name);
                assert!(
                    acts.is_none_or(|client| here.contains(&client)),
                    "{}: {action}",
                    case.name
                );
                leaves.map(|client| here.remove(&client));
            }
        }
    }

    #[test]
    fn every_promise_has_its_cases() {
        for promise in Promise::ALL {
            assert!(cases().iter().any(|case| case.promise == promise), "{promise}: no case");
        }
    }
}
