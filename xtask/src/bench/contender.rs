//! What is measured: our steps, and servers that are not ours.

use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use conform::{free_address, shell};
use load::{Protocol, Workload};

use super::child::Child;
use super::interrupt;
use super::pin::Core;

/// How long one of our servers may take to listen.
const STEP_STARTS: Duration = Duration::from_secs(10);

/// The same for a stranger, which has been built before.
const PEER_STARTS: Duration = Duration::from_secs(10);

/// A server that takes part.
#[derive(Debug, Clone)]
pub struct Contender {
    /// Its name in the tables.
    pub name: String,
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    Step { binary: PathBuf, flags: Vec<String> },
    Peer { command: String, speaks: Option<Protocol> },
}

/// A server that listens, and ends with this handle.
pub struct Running {
    /// Its process.
    pub child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Contender {
    /// One of the steps.
    pub fn step(name: &str, binary: PathBuf) -> Contender {
        Contender { name: name.into(), kind: Kind::Step { binary, flags: Vec::new() } }
    }

    /// With these flags, if it is a step.
    pub fn with(mut self, more: Vec<String>) -> Contender {
        if let Kind::Step { flags, .. } = &mut self.kind {
            flags.extend(more);
        }
        self
    }

    /// A server that is not ours: `NAME=COMMAND {port}`.
    pub fn peer(text: &str, speaks: Option<Protocol>) -> Result<Contender> {
        let parts = text.split_once('=').map(|(name, command)| (name.trim(), command.trim()));
        let (name, command) = parts
            .filter(|(name, command)| !name.is_empty() && !command.is_empty())
            .with_context(|| format!("--peer '{text}': expected 'NAME=COMMAND {{port}}'"))?;
        Contender::command(name, command, speaks).with_context(|| format!("--peer '{text}'"))
    }

    /// The same, named already.
    pub fn command(name: &str, command: &str, speaks: Option<Protocol>) -> Result<Contender> {
        ensure!(
            command.contains("{port}"),
            "`{command}`: the command must say where its port goes: {{port}}"
        );
        Ok(Contender { name: name.into(), kind: Kind::Peer { command: command.into(), speaks } })
    }

    /// What it speaks in a table about `protocol`; `None` if it has no place there. A raw echo is
    /// the floor below the frames.
    pub fn speaks(&self, workload: Workload, protocol: Protocol) -> Option<Protocol> {
        match &self.kind {
            Kind::Step { .. } | Kind::Peer { speaks: None, .. } => Some(protocol),
            Kind::Peer { speaks: Some(Protocol::Raw), .. } => {
                let knows = !matches!(workload, Workload::Mixed | Workload::Spread);
                let fits = protocol == Protocol::Frames && knows;
                fits.then_some(Protocol::Raw)
            }
            Kind::Peer { speaks: Some(own), .. } => (*own == protocol).then_some(*own),
        }
    }

    /// Starts it where there is room, and waits until it listens.
    pub fn start(&self, protocol: Protocol, core: Option<Core>) -> Result<Running> {
        self.start_at(free_address()?, protocol, core)
    }

    /// Starts it on this address, and waits until it listens.
    pub fn start_at(
        &self,
        address: SocketAddr,
        protocol: Protocol,
        core: Option<Core>,
    ) -> Result<Running> {
        match &self.kind {
            Kind::Step { binary, flags } => {
                let mut command = Command::new(binary);
                command.args(["--addr", &address.to_string(), "--protocol", protocol.name()]);
                command.args(flags);
                // To print a backtrace it would read its symbols: more than a server needs.
                command.env("RUST_BACKTRACE", "0");
                let child = Child::start(command.stderr(Stdio::piped()), core)?;
                let line = child.line(STEP_STARTS)?;
                let address = line.as_deref().and_then(|line| line.strip_prefix("listening on "));
                match address.and_then(|address| address.parse().ok()) {
                    Some(address) => Ok(Running { child, address }),
                    None => bail!("it did not say `listening on ADDRESS`{}", child.last_words()),
                }
            }
            Kind::Peer { command, .. } => {
                let command = command.replace("{port}", &address.port().to_string());
                let mut child = Child::start(shell(&command).stderr(Stdio::piped()), core)?;
                let answers = interrupt::wait_for(PEER_STARTS, || {
                    if let Some(status) = child.ended() {
                        bail!("it ended with {status}{}", child.last_words());
                    }
                    Ok(TcpStream::connect(address).ok())
                })?;
                ensure!(answers.is_some(), "nobody came to listen on {address}");
                Ok(Running { child, address })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_says_its_name_its_command_and_where_the_port_goes() {
        assert!(Contender::peer("floor=./floor {port}", None).is_ok());
        for wrong in ["floor", "=./floor {port}", "floor=", "floor=./floor 80"] {
            assert!(Contender::peer(wrong, None).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_raw_echo_is_compared_with_frames_only() {
        let floor = Contender::peer("floor=./floor {port}", Some(Protocol::Raw)).unwrap();
        let speaks = |workload, protocol| floor.speaks(workload, protocol);
        assert_eq!(speaks(Workload::Echo, Protocol::Frames), Some(Protocol::Raw));
        assert_eq!(speaks(Workload::Echo, Protocol::Http), None);
        assert_eq!(speaks(Workload::Mixed, Protocol::Frames), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_peer_that_ends_at_once_is_reported_with_its_reason() {
        let peer = Contender::peer("sad=sh -c 'echo no licence >&2; exit 7' {port}", None).unwrap();
        let error = peer.start(Protocol::Raw, None).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("exit status: 7"), "{error}");
    }
}
