//! What the system does to a server: it ends its connections, and stops it for a while.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use conform::Protocol;

use super::client::{Client, Question};
use super::server::{Signal, Subject};
use super::{Outcome, missing};

/// How often a server is stopped and continued.
const ROUNDS: usize = 20;

/// How many clients ask meanwhile.
const CLIENTS: usize = 8;

/// A, who is served, is cut off by the system, from outside; B comes afterwards, or was there.
pub fn connection_killed(subject: &Subject, protocol: Protocol) -> Result<Outcome> {
    if let Some(skipped) = missing("ss", "-V") {
        return Ok(skipped);
    }
    let (others, _) = subject.side_by_side(1 + 1);
    let mut server = subject.start(protocol, &[])?;
    let before = server.descriptors()?;
    let mut b = (others > 1).then(|| Client::connect(server.addr, protocol)).transpose()?;
    let mut a = Client::connect(server.addr, protocol)?;
    server.has_accepted(others, &before)?;
    let port = format!("= :{}", a.port()?);
    let killed = Command::new("ss")
        .args(["-K", "-tnH", "state", "established", "dport", &port])
        .output()
        .context("running ss")?;
    if killed.stdout.is_empty() {
        let said = String::from_utf8_lossy(&killed.stderr);
        let why = if said.is_empty() { "not as root, or not in this kernel" } else { said.trim() };
        return Ok(Outcome::skipped(format!("ss -K ended nothing: {why}")));
    }
    ensure!(a.talk().is_err(), "the fault was not felt: A was answered");
    if let Some(b) = &mut b {
        b.talk().context("B, who was there")?;
    }
    drop(b);
    Client::connect(server.addr, protocol)?.talk().context("C, who came then")?;
    server.still_runs()?;
    Ok(Outcome::holds("A's connection ended, and no other"))
}

/// A server is stopped and continued between a question and its answer, again and again.
pub fn stopped_and_continued(subject: &Subject, protocol: Protocol) -> Result<Outcome> {
    let (clients, workers) = subject.side_by_side(CLIENTS);
    let mut server = subject.start(protocol, workers)?;
    let alone = server.descriptors()?;
    for round in 1..=ROUNDS {
        let mut askers = Vec::new();
        for _ in 0..clients {
            askers.push(Client::connect(server.addr, protocol)?);
        }
        // Half of the time they are waited for when it stops, and half of the time on their way.
        if round % 2 == 0 {
            server.has_accepted(clients, &alone)?;
            server.all_threads_are('S')?;
        }
        server.signal(Signal::Freeze)?;
        server.all_threads_are('T')?;
        askers.iter_mut().try_for_each(|asker| asker.ask(&[Question::Short]))?;
        server.signal(Signal::Continue)?;
        for asker in &mut askers {
            asker.answer(Question::Short).with_context(|| format!("in round {round}"))?;
        }
        server.still_runs()?;
    }
    Ok(Outcome::holds(format!("{ROUNDS} times, and whoever asked was answered")))
}
