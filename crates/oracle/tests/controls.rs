//! That the oracles would find something: each is aimed at protocols with a fault, and some input
//! of the corpus must show it.

mod common;

use std::sync::Arc;

use allocation_counter::measure;
use common::corpus;
use http_lite::{App, Connection};
use oracle::head::{Outcome, Parsed, ours};
use oracle::{connection, frames, head};
use proto::{Frames, Protocol, Step};

/// A parser with a fault.
type Parser = fn(&[u8]) -> Outcome;

/// Heads that are parsed a little differently.
const PARSERS: [(&str, Parser); 11] = [
    ("forgives white space before a colon", |input| ours(&replace(input, b" :", b": "))),
    ("forgives a CR in a value", |input| ours(&replace(input, b"b\rc", b"b c"))),
    ("forgives a NUL in a value", |input| ours(&replace(input, b"\0", b" "))),
    ("forgives a folded field", |input| ours(&replace(input, b"\r\n c", b"   c"))),
    ("takes another method for GET", |input| ours(&replace(input, b"BREW", b"PUT "))),
    ("counts a byte too many", |input| changed(input, |parsed| parsed.length += 1)),
    ("drops empty fields", |input| {
        changed(input, |parsed| parsed.fields.retain(|field| !field.1.is_empty()))
    }),
    ("loses the query", |input| changed(input, |parsed| parsed.query = None)),
    ("does not know when a head is whole", |input| match ours(input) {
        Outcome::Parsed(_) => Outcome::Incomplete,
        other => other,
    }),
    ("judges a head before it is whole", |input| match ours(input) {
        Outcome::Incomplete => Outcome::Refused("the Host is missing".to_string()),
        other => other,
    }),
    ("refuses a Host that is right", |input| match ours(input) {
        Outcome::Parsed(Parsed { host: Some(host), .. }) if host.contains('[') => {
            Outcome::Refused("the Host is not a host and a port".to_string())
        }
        other => other,
    }),
];

fn changed(input: &[u8], change: fn(&mut Parsed)) -> Outcome {
    let mut outcome = ours(input);
    if let Outcome::Parsed(parsed) = &mut outcome {
        change(parsed);
    }
    outcome
}

/// One step of a protocol with a fault.
type FaultyStep = fn(&mut dyn Protocol, &[u8], &mut Vec<u8>) -> Step;

/// What a client hears that waits with its body.
const GO_ON: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// HTTP connections that do a little differently.
const CONNECTIONS: [(&str, FaultyStep); 12] = [
    ("does not know Content-Length", |inner, input, output| {
        inner.step(&replace(input, b"Content-Length", b"Content-Lenght"), output)
    }),
    ("does not know Transfer-Encoding", |inner, input, output| {
        inner.step(&replace(input, b"Transfer-Encoding", b"Transfer_Encoding"), output)
    }),
    ("takes the last chunk for a larger one", |inner, input, output| {
        inner.step(&replace(input, b"\r\n0\r\n", b"\r\n5\r\n"), output)
    }),
    ("forgets a byte where the network cuts", |inner, input, output| {
        match inner.step(input, output) {
            Step::Incomplete if input == b"\r" => Step::Advance(1),
            other => other,
        }
    }),
    ("does not use the end of a request", |inner, input, output| match inner.step(input, output) {
        Step::Advance(n) if n > 20 => Step::Advance(n - 2),
        other => other,
    }),
    ("answers once more after a refusal", |inner, input, output| {
        let step = inner.step(input, output);
        if output.starts_with(b"HTTP/1.1 4") {
            output.extend_from_slice(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        }
        step
    }),
    ("answers twice", |inner, input, output| {
        let step = inner.step(input, output);
        output.extend_from_within(..);
        step
    }),
    ("drops the end of an answer", |inner, input, output| {
        let step = inner.step(input, output);
        output.pop();
        step
    }),
    ("tells nobody to go on", |inner, input, output| {
        let step = inner.step(input, output);
        if output.starts_with(GO_ON) {
            output.drain(..GO_ON.len());
        }
        step
    }),
    ("tells everybody to go on", |inner, input, output| {
        let step = inner.step(input, output);
        if output.starts_with(b"HTTP/1.1 200") {
            output.splice(..0, GO_ON.iter().copied());
        }
        step
    }),
    ("tells a refused client to go on", |inner, input, output| {
        let step = inner.step(input, output);
        if output.starts_with(b"HTTP/1.1 4") {
            output.splice(..0, GO_ON.iter().copied());
        }
        step
    }),
    ("says nothing to a refused client", |inner, input, output| {
        let step = inner.step(input, output);
        if output.starts_with(b"HTTP/1.1 4") {
            output.clear();
        }
        step
    }),
];

/// Frames that are answered a little differently.
const FRAMES: [(&str, FaultyStep); 4] = [
    ("forgets a byte where the network cuts", |inner, input, output| match input {
        b"e" => Step::Advance(1),
        _ => inner.step(input, output),
    }),
    ("adds 2 to a byte", |inner, input, output| {
        let step = inner.step(input, output);
        output.iter_mut().for_each(|byte| *byte += u8::from(*byte == b'f'));
        step
    }),
    ("wants no job", |inner, input, output| match inner.step(input, output) {
        Step::Defer(n, _) => Step::Advance(n),
        other => other,
    }),
    ("takes a letter for a digit", |inner, input, output| {
        inner.step(&replace(input, b"x", b"0"), output)
    }),
];

#[test]
fn a_faulty_parser_of_heads_is_noticed() {
    for (fault, parser) in PARSERS {
        noticed("head", fault, |input| head::check_of(&parser, input));
    }
}

#[test]
fn a_faulty_connection_is_noticed() {
    for (fault, step) in CONNECTIONS {
        let make = |app: Arc<dyn App>| faulty(Connection::new(app), step);
        noticed("connection", fault, |input| connection::check_of(&make, input));
    }
}

#[test]
fn faulty_frames_are_noticed() {
    for (fault, step) in FRAMES {
        noticed("frames", fault, |input| frames::check_of(&|| faulty(Frames::new(), step), input));
    }
}

/// A connection that believes every length it is told makes room for it.
#[test]
fn memory_for_a_length_that_was_only_declared_is_noticed() {
    let make = |app: Arc<dyn App>| -> Box<dyn Protocol + Send> {
        faulty(Connection::new(app), |inner, input, output| {
            let declares = input.windows(7).any(|seven| seven == b"1048576");
            let room = Vec::<u8>::with_capacity(if declares { 1_048_576 } else { 0 });
            std::hint::black_box(&room);
            inner.step(input, output)
        })
    };
    noticed("connection", "makes room for a declared length", |input| {
        let held = measure(|| connection::pass_through_of(&make, input)).bytes_max;
        if held <= connection::most_held(input) { Ok(()) } else { Err(held.to_string()) }
    });
}

/// Some input of the corpus must show the fault.
#[track_caller]
fn noticed(target: &str, fault: &str, check: impl Fn(&[u8]) -> Result<(), String>) {
    connection::ignore_panics_on_purpose();
    // Longer ones are there for a limit, and take a faulty parser long.
    let short = corpus(target).into_iter().filter(|(_, input)| input.len() < 2000);
    let count = short.filter(|(_, input)| check(input).is_err()).count();
    println!("{target} that {fault}: {count} inputs show it");
    assert!(count > 0, "no input shows {target} that {fault}");
}

/// A protocol with a fault in its steps.
struct Faulty<P> {
    inner: P,
    step: FaultyStep,
}

fn faulty<P: Protocol + Send + 'static>(inner: P, step: FaultyStep) -> Box<dyn Protocol + Send> {
    Box::new(Faulty { inner, step })
}

impl<P: Protocol> Protocol for Faulty<P> {
    fn step(&mut self, input: &[u8], output: &mut Vec<u8>) -> Step {
        // What was in the output before is not the fault's business.
        let mut said = Vec::new();
        let step = (self.step)(&mut self.inner, input, &mut said);
        output.append(&mut said);
        step
    }

    fn failed(&mut self, output: &mut Vec<u8>) {
        self.inner.failed(output);
    }
}

/// The same bytes with one thing replaced by another of the same length.
fn replace(bytes: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    assert_eq!(old.len(), new.len());
    let mut bytes = bytes.to_vec();
    for at in 0..bytes.len() {
        if bytes[at..].starts_with(old) {
            bytes[at..at + old.len()].copy_from_slice(new);
        }
    }
    bytes
}
