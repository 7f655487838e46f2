//! What the system does to a server: it ends its connections.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use conform::Protocol;

use super::client::Client;
use super::server::Subject;
use super::{Outcome, missing};

/// A, who is served, is cut off by the system, from outside; B comes afterwards, or was there.
pub fn connection_killed(subject: &Subject, protocol: Protocol) -> Result<Outcome> {
    if let Some(skipped) = missing("ss", "-V") {
        return Ok(skipped);
    }
    let (others, _) = subject.side_by_side(1 + 1);
    let mut server = subject.start(protocol, &[])?;
    let mut b = (others > 1).then(|| Client::connect(server.addr, protocol)).transpose()?;
    let mut a = Client::connect(server.addr, protocol)?;
    server.has_accepted(others)?;
    let port = format!("127.0.0.1:{}", a.port()?);
    let killed = Command::new("ss")
        .args(["-K", "-tnH", "state", "established"])
        .args(["src", &server.addr.to_string(), "dst", &port])
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
