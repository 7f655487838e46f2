//! A client that asks little, and reads every byte of what comes.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use conform::Protocol;

use super::server::PATIENCE;

/// How long one look for something lasts.
const LOOK: Duration = Duration::from_millis(1);

/// A connection, seen from the client's end.
pub struct Client {
    stream: TcpStream,
    protocol: Protocol,
    /// What has come and was not taken yet.
    seen: Vec<u8>,
    /// Whether the greeting is still to come.
    ungreeted: bool,
}

impl Client {
    pub fn connect(addr: SocketAddr, protocol: Protocol) -> Result<Client> {
        let stream = TcpStream::connect_timeout(&addr, PATIENCE).context("connecting")?;
        stream.set_nodelay(true)?;
        let ungreeted = protocol == Protocol::Frames;
        Ok(Client { stream, protocol, seen: Vec::new(), ungreeted })
    }

    /// The port at our end.
    pub fn port(&self) -> Result<u16> {
        Ok(self.stream.local_addr()?.port())
    }

    /// Asks for something short.
    pub fn ask(&mut self) -> Result<()> {
        let request: &[u8] = match self.protocol {
            Protocol::Frames => b"^abc$",
            Protocol::Http => b"GET /plain HTTP/1.1\r\nHost: localhost\r\n\r\n",
        };
        self.stream.write_all(request).context("asking")
    }

    /// Waits for the answer.
    pub fn answer(&mut self) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while !self.take()? {
            ensure!(Instant::now() < deadline, "no answer in {} s", PATIENCE.as_secs());
            ensure!(self.read(PATIENCE)?, "the connection was closed before the answer");
        }
        Ok(())
    }

    /// Asks, and waits for the answer.
    pub fn talk(&mut self) -> Result<()> {
        self.ask()?;
        self.answer()
    }

    /// Whether the answer is there now.
    pub fn is_answered(&mut self) -> Result<bool> {
        self.read(LOOK)?;
        self.take()
    }

    /// Says that nothing more will come, and waits for the end of the connection.
    pub fn leave(mut self) -> Result<()> {
        self.stream.shutdown(Shutdown::Write).context("leaving")?;
        let deadline = Instant::now() + PATIENCE;
        while self.read(PATIENCE)? {
            ensure!(Instant::now() < deadline, "it was not closed in {} s", PATIENCE.as_secs());
        }
        Ok(())
    }

    /// Takes the answer, if it has come. An error if something else has.
    fn take(&mut self) -> Result<bool> {
        if self.ungreeted && self.seen.first() == Some(&b'*') {
            self.ungreeted = false;
            self.seen.remove(0);
        }
        let answer: &[u8] = match self.protocol {
            Protocol::Frames => b"bcd",
            Protocol::Http => b"Hello, World!",
        };
        let head = match self.protocol {
            Protocol::Frames => 0,
            Protocol::Http => {
                let status = b"HTTP/1.1 200 ";
                let n = status.len().min(self.seen.len());
                ensure!(self.seen[..n] == status[..n], "another answer: {}", self.shown());
                match self.seen.windows(4).position(|end| end == b"\r\n\r\n") {
                    Some(at) => at + 4,
                    None => return Ok(false),
                }
            }
        };
        let body = &self.seen[head..];
        let n = answer.len().min(body.len());
        ensure!(body[..n] == answer[..n], "another answer: {}", self.shown());
        if n < answer.len() {
            return Ok(false);
        }
        self.seen.drain(..head + n);
        Ok(true)
    }

    /// Reads once, for at most so long. `false`: the server has ended the connection.
    fn read(&mut self, wait: Duration) -> Result<bool> {
        self.stream.set_read_timeout(Some(wait))?;
        let mut buffer = [0; 4 * 1024];
        match self.stream.read(&mut buffer) {
            Ok(n) => {
                self.seen.extend_from_slice(&buffer[..n]);
                Ok(n > 0)
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                Ok(true)
            }
            Err(error) => bail!("the connection broke: {error}"),
        }
    }

    fn shown(&self) -> String {
        let seen = &self.seen[..self.seen.len().min(60)];
        seen.escape_ascii().to_string()
    }
}
