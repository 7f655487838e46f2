//! One connection's turn: as much as it can do without waiting.

#[cfg(test)]
mod tests;

use std::io::{self, Read, Write};
use std::net::SocketAddr;

use cli::later;
use mio::Registry;
use mio::net::TcpStream;
use proto::{Session, Want};

/// Whether a short read may be taken for the last: epoll tells of whatever comes after it. The
/// others are read until they say "later"; on Windows, only that makes the next event come.
const EDGES_OUTLAST_SHORT_READS: bool = cfg!(target_os = "linux");

/// How many reads, writes and jobs make a turn, so that the others have theirs.
const BUDGET: usize = 32;

pub struct Connection {
    pub stream: TcpStream,
    pub peer: SocketAddr,
    pub session: Session,
}

/// Why a turn ended.
pub enum Turn {
    /// The kernel says "later", and will tell us when that is.
    Waits,
    /// The budget is used up, and there may be more to do.
    Ready,
    /// The conversation is over.
    Over,
}

impl Connection {
    /// The loop of `serve`, except that where `serve` would wait, this returns.
    ///
    /// `drain`: read until the kernel says "later", because the end of input may lie behind the
    /// data. Otherwise a short read is taken for the last one, which spares a system call.
    pub fn drive(&mut self, buffer: &mut [u8], drain: bool, stopping: bool) -> io::Result<Turn> {
        let mut dry = false;
        for _ in 0..BUDGET {
            match self.session.want() {
                Want::Read if dry => return Ok(Turn::Waits),
                Want::Read => match later(self.stream.read(buffer))? {
                    Some(n) => {
                        self.session.received(&buffer[..n]);
                        dry = n < buffer.len() && !drain && EDGES_OUTLAST_SHORT_READS;
                    }
                    None if stopping => self.session.received(&[]),
                    None => return Ok(Turn::Waits),
                },
                Want::Write(bytes) => match later(self.stream.write(bytes))? {
                    Some(n) => self.session.sent(n),
                    None => return Ok(Turn::Waits),
                },
                Want::Run(job) => self.session.done(job.run()),
                Want::Close => return Ok(Turn::Over),
            }
        }
        Ok(Turn::Ready)
    }

    /// After its last turn. If that has failed, this says why.
    pub fn part(mut self, last: io::Result<Turn>, registry: &Registry) -> io::Result<()> {
        last?;
        // The socket may outlive us, and the loop should hear no more of it.
        registry.deregister(&mut self.stream)?;
        cli::goodbye(&self.stream)
    }
}
