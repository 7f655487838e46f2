//! Every input that was worth keeping, without a fuzzer: the oracles find nothing.

mod common;

use allocation_counter::measure;
use common::corpus;
use oracle::{connection, frames, head};

#[track_caller]
fn repeat(target: &str, check: fn(&[u8]) -> Result<(), String>) {
    for (name, input) in corpus(target) {
        check(&input).unwrap_or_else(|why| panic!("fuzz/corpus/{target}/{name}: {why}"));
    }
}

#[test]
fn heads() {
    repeat("head", head::check);
}

#[test]
fn connections() {
    connection::ignore_panics_on_purpose();
    repeat("connection", connection::check);
}

#[test]
fn frames_agree_with_the_model() {
    repeat("frames", frames::check);
}

#[test]
fn connections_hold_little() {
    connection::ignore_panics_on_purpose();
    repeat("connection", |input| {
        let held = measure(|| connection::pass_through(input)).bytes_max;
        let most = connection::most_held(input);
        if held <= most { Ok(()) } else { Err(format!("{held} bytes are held, {most} may be")) }
    });
}
