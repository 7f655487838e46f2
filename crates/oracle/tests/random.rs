//! The inputs that are kept, changed at random: a little of what a fuzzer does, in every run of
//! the tests.

mod common;

use common::corpus;
use oracle::{connection, frames, head};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::TestRunner;

/// How one byte is changed.
#[derive(Debug, Clone, Copy)]
enum Change {
    Insert(u8),
    Set(u8),
    Remove,
    Repeat,
}

/// Bytes that mean something, and their neighbours.
const BYTES: &[u8] = b"\0\t\n\r !\"#$%&'()*+,-./0159:;<=>?@AFGPTZ[]^_`afgz{|}~\x7f\x80\xfc\xff";

#[track_caller]
fn try_changed(target: &str, check: fn(&[u8]) -> Result<(), String>) {
    // The long ones are there for a limit, which a changed byte hardly moves.
    let inputs: Vec<_> = corpus(target)
        .into_iter()
        .map(|input| input.1)
        .filter(|input| input.len() < 1000)
        .collect();
    let change = prop_oneof![
        select(BYTES).prop_map(Change::Insert),
        select(BYTES).prop_map(Change::Set),
        Just(Change::Remove),
        Just(Change::Repeat),
    ];
    let changes = prop::collection::vec((any::<Index>(), change), 1..5);
    let config = ProptestConfig { cases: 5000, failure_persistence: None, ..Default::default() };
    let outcome = TestRunner::new(config).run(&(select(inputs), changes), |(input, changes)| {
        check(&changed(input, &changes)).map_err(TestCaseError::fail)
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

fn changed(mut input: Vec<u8>, changes: &[(Index, Change)]) -> Vec<u8> {
    for (at, change) in changes {
        if input.is_empty() {
            break;
        }
        let at = at.index(input.len());
        match *change {
            Change::Insert(byte) => input.insert(at, byte),
            Change::Set(byte) => input[at] = byte,
            Change::Remove => drop(input.remove(at)),
            Change::Repeat => input.insert(at, input[at]),
        }
    }
    input
}

#[test]
fn heads() {
    try_changed("head", head::check);
}

#[test]
fn connections() {
    connection::ignore_panics_on_purpose();
    try_changed("connection", connection::check);
}

#[test]
fn frames_agree_with_the_model() {
    try_changed("frames", frames::check);
}
