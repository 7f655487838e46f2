//! What every server must do, as data, and the runner that aims it at a server over real sockets.
//!
//! A [`Case`] is a script: what clients send, and what must come back. [`run`] starts a server on
//! a free port, plays the script against it and gives a [`Verdict`]. A case that fails *by
//! design* is not merely late: [its cause](Cause) was shown. Time alone never decides.
//!
//! * An answer does not come. Everybody else leaves; then it comes. So they were the cause.
//! * Of two answers, the one that was asked for first comes first, although it takes long and the
//!   other does not. So the one waited for the other.
//! * Ten thousand clients are there, and the system says how much memory the server has needed.
//! * The server hangs up in the middle of a conversation. A new client that says one thing is
//!   answered, and hung up on when it says another. So one read is all it ever does.
//!
//! Whatever is neither passing nor one of these is [`Verdict::Broken`], with a report of who sent
//! what and what came.

mod check;
mod client;
mod frames;
mod given;
mod http;
mod limits;
mod process;
mod rule;
mod runner;
mod script;
mod server;
mod suite;
mod tools;

use std::fmt;
use std::time::Duration;

pub use check::{Check, Finding, Outcome, Report, Story};
pub use given::{Given, Random, Stranger};
pub use process::end_servers;
pub use rule::{Level, Rule};
pub use runner::{Cause, Claim, PATIENCE, Verdict, run};
pub use script::{Action, Also, Body, Client, FLOOD, Field, Last, Reply, Response, Value};
pub use server::{Program, Target, free_address, shell};
pub use suite::{declared_failures, main};
pub use tools::{TOOLS, Tool};

/// How long a server is given to finish what it has when it is asked to stop.
const GRACE: Duration = Duration::from_secs(10);

/// The same, where it is not to finish.
const NO_GRACE: Duration = Duration::from_millis(200);

/// One thing that every server must do.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// Short and stable: manifests and the command line name cases by it.
    pub name: &'static str,
    /// What the server must speak.
    pub protocol: Protocol,
    /// The property that it is an instance of.
    pub property: Property,
    /// HTTP: where an RFC says so. `None`: the project's own protocol says so.
    pub rule: Option<Rule>,
    /// What it teaches, in one sentence.
    pub lesson: &'static str,
    /// What usually is wrong with a server that fails it, in a sentence. `None`: what usually is wrong
    /// with all that lack its property.
    pub mistake: Option<&'static str>,
    script: fn(&Given) -> Vec<Action>,
}

/// The protocols that every server speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Frames between `^` and `$`.
    Frames,
    /// HTTP/1.1.
    Http,
}

/// What a server can do. Every case belongs to one property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Property {
    /// Frames: what comes in one piece is answered.
    Speaks,
    /// HTTP: the same.
    Messages,
    /// HTTP: what is ambiguous or too much is refused.
    Refusals,
    /// Frames: a conversation goes on.
    Remembers,
    /// HTTP: a connection carries many requests.
    Persistence,
    /// HTTP: a request's body ends where it ends.
    Bodies,
    /// HTTP: clients that take their time.
    Slow,
    /// One silent client stops nobody.
    Silent,
    /// Many silent clients stop nobody.
    Silents,
    /// Nothing a client does ends the server.
    Rude,
    /// One client's long work stops nobody.
    Compute,
    /// A thousand clients are there at once.
    Thousand,
    /// Ten thousand are.
    TenThousand,
    /// It stops in good order.
    Stop,
}

/// Every case, grouped by property, in the order in which a series of servers learns to keep them.
pub fn cases() -> Vec<Case> {
    let mut cases = [frames::cases(), http::cases()].concat();
    cases.sort_by_key(|case| case.property as usize);
    cases
}

impl Case {
    /// What its clients do and expect, step by step.
    pub fn script(&self, given: &Given) -> Vec<Action> {
        given.aim((self.script)(given))
    }

    /// How strongly an RFC demands it of a server that is not ours. `None`: an RFC has not the last word.
    pub fn level(&self) -> Option<Level> {
        use Property::{Bodies, Messages, Persistence, Refusals};
        let by_rfc = matches!(self.property, Messages | Refusals | Persistence | Bodies);
        self.rule.filter(|_| by_rfc).map(|rule| rule.level)
    }

    /// Whether a server that is not ours must pass it: where an RFC has the last word, only what it
    /// says MUST be.
    pub fn is_required(&self) -> bool {
        self.level().is_none_or(|level| level == Level::Must)
    }

    /// How long a server of ours is given to finish what it has when it is asked to stop.
    pub(crate) fn grace(&self) -> Duration {
        let in_vain = |action: &Action| matches!(action, Action::StopInVain);
        if self.script(&Given::default()).iter().any(in_vain) { NO_GRACE } else { GRACE }
    }

    /// The same case, with what usually is wrong where it fails.
    #[must_use]
    pub(crate) const fn usually(self, mistake: &'static str) -> Case {
        Case { mistake: Some(mistake), ..self }
    }

    /// Why it cannot be played on this system, if it cannot.
    pub fn impossible_here(&self) -> Option<String> {
        let script = self.script(&Given::default());
        let needs = |test: fn(&Action) -> bool| script.iter().any(test);
        if needs(|action| matches!(action, Action::Stop | Action::StopInVain)) && !cfg!(unix) {
            return Some("needs SIGTERM".into());
        }
        if needs(|action| matches!(action, Action::Descriptors(_))) && !cfg!(target_os = "linux") {
            return Some("needs Linux's prlimit".into());
        }
        let in_proc =
            |action: &Action| matches!(action, Action::Light | Action::Accepted | Action::Pause);
        if needs(in_proc) && !cfg!(target_os = "linux") {
            return Some("needs Linux's /proc".into());
        }
        let (needed, allowed) = (limits::descriptors(&script), limits::raised());
        (needed > allowed).then(|| format!("needs {needed} descriptors (ulimit -n: {allowed})"))
    }
}

impl Property {
    /// All of them, in the order in which a learner meets them.
    pub const ALL: [Property; 14] = [
        Property::Speaks,
        Property::Messages,
        Property::Refusals,
        Property::Remembers,
        Property::Persistence,
        Property::Bodies,
        Property::Slow,
        Property::Silent,
        Property::Silents,
        Property::Rude,
        Property::Compute,
        Property::Thousand,
        Property::TenThousand,
        Property::Stop,
    ];

    /// Short and stable: the command line names properties by it.
    pub fn name(self) -> &'static str {
        match self {
            Property::Speaks => "speaks",
            Property::Messages => "messages",
            Property::Refusals => "refusals",
            Property::Remembers => "remembers",
            Property::Persistence => "persistence",
            Property::Bodies => "bodies",
            Property::Slow => "slow",
            Property::Silent => "silent",
            Property::Silents => "silents",
            Property::Rude => "rude",
            Property::Compute => "compute",
            Property::Thousand => "thousand",
            Property::TenThousand => "ten-thousand",
            Property::Stop => "stop",
        }
    }

    /// What a server does that has it; the sentence begins with `a server that`.
    pub fn does(self) -> &'static str {
        match self {
            Property::Speaks => "answers a request that comes in one piece",
            Property::Messages => "answers an HTTP request that comes in one piece",
            Property::Refusals => "refuses what is ambiguous or too much, and says why",
            Property::Remembers => "keeps up a conversation, in whatever pieces it comes",
            Property::Persistence => "answers many requests on one connection",
            Property::Bodies => "knows where a body ends, in whatever pieces it comes",
            Property::Slow => "bears clients that send, read or leave slowly",
            Property::Silent => "serves others while one client is silent",
            Property::Silents => "serves others while more are silent than it has workers",
            Property::Rude => "survives whatever a client does",
            Property::Compute => "serves others while it works for one",
            Property::Thousand => "holds a thousand clients at once",
            Property::TenThousand => "holds ten thousand, for 20 KiB each",
            Property::Stop => "stops when asked, and answers first what it was asked",
        }
    }

    /// What it teaches, in one sentence.
    pub fn lesson(self) -> &'static str {
        match self {
            Property::Speaks => "A protocol says what each byte means, and what is answered.",
            Property::Messages => "A request is a line, fields, and an empty line.",
            Property::Refusals => {
                "Whoever guesses what a client meant guesses differently from the proxy before him."
            }
            Property::Remembers => {
                "TCP carries bytes and not messages: a read may end anywhere, so the state of a \
                 conversation outlives each read."
            }
            Property::Persistence => {
                "A connection is more than one request; both ends say when it is over."
            }
            Property::Bodies => {
                "The length, or the last chunk, says where the next request begins."
            }
            Property::Slow => "A client may take its time; that is no reason to wait for it.",
            Property::Silent => "Whoever waits for one client must not keep the others waiting.",
            Property::Silents => "A client that says nothing must cost less than a worker.",
            Property::Rude => "Clients vanish at any moment; it is the end of one connection.",
            Property::Compute => "Whoever waits for sockets must not compute.",
            Property::Thousand => {
                "Waiting for a thousand must cost what waiting costs, and no more."
            }
            Property::TenThousand => "A client that waits is a few kilobytes and not a thread.",
            Property::Stop => "To stop is to take no more, finish what there is, and end.",
        }
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<Property> {
        Property::ALL.into_iter().find(|property| property.name() == name)
    }
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Protocol {
    /// The value of a server's flag `--protocol`.
    pub fn flag(self) -> &'static str {
        match self {
            Protocol::Frames => "frames",
            Protocol::Http => "http",
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
            assert!(!case.script(&Given::default()).is_empty(), "{} does nothing", case.name);
        }
    }

    #[test]
    fn every_http_case_has_its_place_in_an_rfc() {
        for case in cases() {
            let rule = case.rule.filter(|rule| rule.parts().is_some());
            assert_eq!(rule.is_some(), case.protocol == Protocol::Http, "{}", case.name);
        }
    }

    #[test]
    fn a_script_names_only_clients_that_are_connected() {
        for case in cases() {
            let mut here = BTreeSet::new();
            for action in case.script(&Given::default()) {
                let (comes, acts, leaves) = match &action {
                    Action::Connect(client) | Action::Flood(client, _) => {
                        (Some(*client), None, None)
                    }
                    Action::Send(client, _)
                    | Action::SendAhead(client, _)
                    | Action::Slices(client, ..)
                    | Action::Expect(client, _)
                    | Action::HalfClose(client) => (None, Some(*client), None),
                    Action::ReplyOrEnd { client, ours: Last::Reply, .. } => {
                        (None, Some(*client), None)
                    }
                    Action::ReplyOrEnd { client, ours: Last::End, .. }
                    | Action::EndsWith(client, _)
                    | Action::Closed(client)
                    | Action::Cut(client)
                    | Action::Leave(client)
                    | Action::Reset(client) => (None, Some(*client), Some(*client)),
                    Action::Overtake { first, second } => {
                        assert!(here.contains(&first.0), "{}: {action}", case.name);
                        (None, Some(second.0), None)
                    }
                    Action::Descriptors(_)
                    | Action::Exhausted
                    | Action::Light
                    | Action::Accepted
                    | Action::Pause
                    | Action::Stop
                    | Action::StopAgain
                    | Action::StopInVain
                    | Action::Refused(_) => (None, None, None),
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
    fn every_property_has_its_cases_and_its_name() {
        for property in Property::ALL {
            assert!(cases().iter().any(|case| case.property == property), "{property}: no case");
            assert!(property.lesson().ends_with('.'), "{property} lacks a sentence");
            assert_eq!(Property::named(property.name()), Some(property));
        }
        assert!(Property::ALL.is_sorted_by_key(|property| *property as usize));
    }
}
