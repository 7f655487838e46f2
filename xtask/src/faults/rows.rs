//! The faults, as data: what is injected, and what must hold then.

use anyhow::Result;
use conform::Protocol;

use super::server::Subject;
use super::{Outcome, accept, cases, crowd, start, system};

/// Both protocols.
const BOTH: &[Protocol] = &[Protocol::Frames, Protocol::Http];

/// One fault, injected in one way.
pub struct Row {
    /// Short and stable: the command line names rows by it.
    pub name: &'static str,
    /// What happens to the server. Rows of one fault stand together.
    pub fault: &'static str,
    /// How that is brought about.
    pub injected: &'static str,
    /// What must hold.
    pub expected: &'static str,
    pub protocols: &'static [Protocol],
    pub injection: Injection,
}

/// Who injects it.
pub enum Injection {
    /// These conformance cases do, as far as they speak the protocol.
    Cases(&'static [&'static str]),
    /// This does to a server that runs, and looks at that in Linux's /proc.
    Server(fn(&Subject, Protocol) -> Result<Outcome>),
    /// This starts one as it cannot be.
    Start(fn(&Subject, Protocol) -> Result<Outcome>),
    /// So many clients come.
    Crowd(usize),
    /// Nobody can, for this reason.
    Nobody(&'static str),
}

impl Row {
    /// Whether nothing should run beside it.
    pub fn is_alone(&self) -> bool {
        matches!(self.injection, Injection::Crowd(_))
    }

    /// Injects the fault. `clients` replaces the size of a crowd.
    pub fn inject(&self, subject: &Subject, protocol: Protocol, clients: Option<usize>) -> Outcome {
        let by_proc = matches!(self.injection, Injection::Server(_) | Injection::Crowd(_));
        if by_proc && !cfg!(target_os = "linux") {
            return Outcome::skipped("needs Linux's /proc");
        }
        let outcome = match self.injection {
            Injection::Cases(names) => {
                let mut cases = cases::named(names);
                cases.retain(|case| case.protocol == protocol);
                let names: Vec<&str> = cases.iter().map(|case| case.name).collect();
                return cases::play(subject, &names);
            }
            Injection::Server(inject) | Injection::Start(inject) => inject(subject, protocol),
            Injection::Crowd(n) => crowd::crowd(subject, protocol, clients.unwrap_or(n)),
            Injection::Nobody(reason) => return Outcome::skipped(reason),
        };
        outcome.unwrap_or_else(|error| Outcome::fails(format!("{error:#}")))
    }
}

pub const ROWS: [Row; 23] = [
    Row {
        name: "no-descriptors",
        fault: "out of descriptors",
        injected: "for more than a second no descriptor is free (`prlimit`); four clients come",
        expected: "A, who is there, is answered; it does not spin; then the others are answered",
        protocols: BOTH,
        injection: Injection::Server(accept::no_descriptors),
    },
    Row {
        name: "accept-fails",
        fault: "out of descriptors",
        injected: "`accept` fails three times (`strace -e inject=accept4:error=EMFILE`)",
        expected: "A, who is there, is answered, and whoever comes",
        protocols: BOTH,
        injection: Injection::Server(accept::injected),
    },
    Row {
        name: "few-descriptors",
        fault: "out of descriptors",
        injected: "64 descriptors: a hundred come at once, and 128 one after the other",
        expected: "those who are there do not notice; what is closed is given back",
        protocols: &[Protocol::Frames],
        injection: Injection::Cases(&["descriptors", "come-and-go"]),
    },
    Row {
        name: "resets",
        fault: "resets",
        injected: "clients leave or vanish in every state (`SO_LINGER` 0)",
        expected: "their connections end, and no other",
        protocols: BOTH,
        injection: Injection::Cases(&[
            "reset-fresh",
            "reset-mid-frame",
            "reset-unread",
            "reset-computing",
            "reset-half-closed",
            "leaves-mid-frame",
            "leaves-computing",
            "http-come-and-go",
            "http-reset",
            "http-reset-head",
            "http-reset-body",
            "http-reset-kept",
            "http-reset-pipelined",
            "http-reset-working",
        ]),
    },
    Row {
        name: "killed",
        fault: "resets",
        injected: "the system ends the connection of A (`ss -K`)",
        expected: "it ends, and no other",
        protocols: BOTH,
        injection: Injection::Server(system::connection_killed),
    },
    Row {
        name: "slow",
        fault: "slow clients",
        injected: "one sends byte by byte, reads late, is silent, or stops in the middle",
        expected: "others are served",
        protocols: BOTH,
        injection: Injection::Cases(&[
            "silent",
            "half-frame",
            "single-bytes",
            "reads-late",
            "http-single-bytes",
            "http-silent",
            "http-silent-head",
            "http-silent-body",
            "http-silent-kept",
            "http-never-leaves",
        ]),
    },
    Row {
        name: "many-slow",
        fault: "slow clients",
        injected: "sixteen are silent, or stop in the middle",
        expected: "others are served",
        protocols: BOTH,
        injection: Injection::Cases(&[
            "more-silent-than-workers",
            "more-half-frames-than-workers",
            "http-more-silent-than-workers",
            "http-many-half-heads",
            "http-many-kept",
        ]),
    },
    Row {
        name: "never-reads",
        fault: "never reads",
        injected: "one asks without end and reads nothing",
        expected: "it is not read from; others are served",
        protocols: BOTH,
        injection: Injection::Cases(&["never-reads", "http-never-reads"]),
    },
    Row {
        name: "half-close",
        fault: "half-close",
        injected: "`shutdown(WR)` after the last request, or in the middle of it",
        expected: "what is complete is answered, and nothing else",
        protocols: BOTH,
        injection: Injection::Cases(&[
            "half-close",
            "half-close-number",
            "half-close-computing",
            "http-half-close",
            "http-half-close-pipelined",
            "http-half-head",
            "http-half-body",
            "http-half-chunks",
        ]),
    },
    Row {
        name: "splits",
        fault: "every split",
        injected: "byte by byte, cut anywhere, all in one piece",
        expected: "the same bytes come back",
        protocols: BOTH,
        injection: Injection::Cases(&[
            "single-bytes",
            "every-split",
            "coalesced",
            "many-frames",
            "http-line-ends",
            "http-slices",
            "http-body-slices",
            "http-chunk-slices",
            "http-pipelined",
        ]),
    },
    Row {
        name: "panic",
        fault: "a job panics",
        injected: "twenty times, the page that panics",
        expected: "500 and the end of that connection; the next is served",
        protocols: &[Protocol::Http],
        injection: Injection::Cases(&["http-panic"]),
    },
    Row {
        name: "frozen",
        fault: "stopped and continued",
        injected: "SIGSTOP and SIGCONT before a question, ten times",
        expected: "everybody is answered",
        protocols: &[Protocol::Frames],
        injection: Injection::Cases(&["paused"]),
    },
    Row {
        name: "endless",
        fault: "without end",
        injected: "a number, noise, a frame, a head, trailers, chunks that do not end",
        expected: "bounded memory; an error where the protocol has one",
        protocols: BOTH,
        injection: Injection::Cases(&[
            "endless-digits",
            "endless-noise",
            "large-frame",
            "http-large-head",
            "http-large-extension",
            "http-large-trailers",
            "http-too-large-chunks",
        ]),
    },
    Row {
        name: "stop-under-load",
        fault: "a stop",
        injected: "SIGTERM when 64 clients have asked, one of them for long work; others come",
        expected: "all are answered, new ones refused at once; code 0",
        protocols: BOTH,
        injection: Injection::Cases(&[
            "stop-asked",
            "stop-crowd",
            "stop-refuses",
            "http-stop-crowd",
            "http-stop-refuses",
        ]),
    },
    Row {
        name: "stop-anywhere",
        fault: "a stop",
        injected: "SIGTERM in every other state",
        expected: "what has arrived is answered; code 0",
        protocols: BOTH,
        injection: Injection::Cases(&[
            "stop-idle",
            "stop-silent",
            "stop-mid-frame",
            "stop-after-reset",
            "stop-computing",
            "stop-pipelined",
            "http-stop-idle",
            "http-stop-silent",
            "http-stop-half-head",
            "http-stop-half-body",
            "http-stop-pipelined",
            "http-stop-computing",
        ]),
    },
    Row {
        name: "second-signal",
        fault: "a stop",
        injected: "SIGTERM while somebody waits for an answer that takes longer, and again",
        expected: "it ends at the second, and its code is not 0",
        protocols: &[Protocol::Http],
        injection: Injection::Cases(&["http-stop-twice"]),
    },
    Row {
        name: "out-of-time",
        fault: "a stop",
        injected: "SIGTERM while somebody waits for an answer that takes longer than `--grace`",
        expected: "it ends after that time, and its code is not 0",
        protocols: &[Protocol::Http],
        injection: Injection::Cases(&["http-stop-in-vain"]),
    },
    Row {
        name: "worker-dies",
        fault: "a worker process dies",
        injected: "SIGKILL of a child",
        expected: "it is replaced; only its connections are lost",
        protocols: &[Protocol::Frames],
        injection: Injection::Nobody("no step has worker processes yet"),
    },
    Row {
        name: "address-in-use",
        fault: "a start that cannot be",
        injected: "somebody else listens there",
        expected: "one line that says so; the code is not 0",
        protocols: &[Protocol::Frames],
        injection: Injection::Start(start::address_in_use),
    },
    Row {
        name: "wrong-flags",
        fault: "a start that cannot be",
        injected: "six wrong flags, one at a time",
        expected: "one line that names it; the code is not 0",
        protocols: &[Protocol::Frames],
        injection: Injection::Start(start::wrong_flags),
    },
    Row {
        name: "no-permission",
        fault: "a start that cannot be",
        injected: "port 1, as a user who may not",
        expected: "one line that says so; the code is not 0",
        protocols: &[Protocol::Frames],
        injection: Injection::Start(start::no_permission),
    },
    Row {
        name: "ten-thousand",
        fault: "a crowd",
        injected: "10,000 connections; then they ask 1,000 times a second",
        expected: "all are answered, p99 under 10 ms; at most 20 KiB each",
        protocols: BOTH,
        injection: Injection::Crowd(10_000),
    },
    Row {
        name: "nineteen-thousand",
        fault: "a crowd",
        injected: "19,000 connections, nearly all that descriptors allow; the same",
        expected: "the same",
        protocols: &[Protocol::Frames],
        injection: Injection::Crowd(19_000),
    },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use conform::Property;

    use super::*;

    #[test]
    fn names_are_unique() {
        let names: BTreeSet<&str> = ROWS.iter().map(|row| row.name).collect();
        assert_eq!(names.len(), ROWS.len());
    }

    #[test]
    fn every_case_about_rude_clients_and_stops_is_in_a_row() {
        let all: Vec<&str> = ROWS
            .iter()
            .filter_map(|row| match row.injection {
                Injection::Cases(names) => Some(names),
                _ => None,
            })
            .flatten()
            .copied()
            .collect();
        for case in conform::cases() {
            if matches!(case.property, Property::Rude | Property::Stop) {
                assert!(all.contains(&case.name), "{}", case.name);
            }
        }
    }

    #[test]
    fn every_row_that_is_no_case_can_be_failed() {
        let controls = include_str!("../../tests/commands/faults.rs");
        for row in &ROWS {
            // The larger crowd is the same row with another number.
            let is_own = matches!(
                row.injection,
                Injection::Server(_) | Injection::Start(_) | Injection::Crowd(10_000)
            );
            let control = format!("(\"{}\", ", row.name);
            assert!(!is_own || controls.contains(&control), "nothing can fail {}", row.name);
        }
    }

    #[test]
    fn every_case_that_a_row_names_is_there_and_speaks_what_the_row_says() {
        for row in &ROWS {
            let Injection::Cases(names) = row.injection else { continue };
            let cases = cases::named(names);
            assert_eq!(cases.len(), names.len(), "{}", row.name);
            for protocol in row.protocols {
                assert!(cases.iter().any(|case| case.protocol == *protocol), "{}", row.name);
            }
            let spoken = |case: &conform::Case| row.protocols.contains(&case.protocol);
            assert!(cases.iter().all(spoken), "{}", row.name);
        }
    }
}
