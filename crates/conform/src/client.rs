//! One client's socket: it reads and writes with a deadline, and remembers how the server left.

use std::cell::RefCell;
use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use socket2::{Domain, SockRef, Socket, Type};

use crate::script::{FLOOD, Reply};

/// How long one turn waits when there are two things to wait for.
pub(crate) const TURN: Duration = Duration::from_millis(5);

/// After this long without taking a byte, a server is said to take no more. Nothing is judged by
/// it: the script just goes on.
const STALLED: Duration = Duration::from_millis(600);

/// A server that keeps sending is not silent. But it is not listened to for longer than so many times
/// the patience with one that is.
const TALKATIVE: u32 = 6;

/// How much more is taken of a server than anything that is asked of it.
const MOST: usize = 16 * 1024 * 1024;

thread_local! {
    /// Where bytes are read to. Ten thousand connections could not have one each.
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; 64 * 1024]);
}

/// After this long without taking a byte, a server seems to wait for its client to read. Nothing is
/// judged by it either.
const HESITATION: Duration = Duration::from_millis(100);

/// How late a client reads that reads late: meanwhile the server should come to where its socket takes
/// no more. Nothing is judged by this either: a slower server has it easier.
const LATE: Duration = Duration::from_millis(300);

/// The receive buffer of a client that reads late: small, but not so small that the rest takes long.
const WINDOW: usize = 256 * 1024;

/// How much is sent in one write by a client that does not read.
const PIECE: usize = 64 * 1024;

/// A connection, seen from the client's end.
pub(crate) struct Connection {
    stream: TcpStream,
    /// What has come and was not expected yet.
    pub seen: Vec<u8>,
    /// The last that was expected and has come.
    pub reply: Vec<u8>,
    /// How the server ended it; `None` while it has not.
    pub end: Option<End>,
    /// How sending failed. The kernel says so once: the next read may look like an end in good order.
    cut: Option<ErrorKind>,
    /// Whether it sent without end and never read.
    pub flooded: bool,
}

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum End {
    /// In good order: the end of the stream.
    Closed,
    /// With an error.
    Broken(ErrorKind),
}

/// How waiting for a reply ended.
pub(crate) enum Waited {
    /// The reply is there, and taken.
    Arrived,
    /// The server ended the connection before the reply was complete.
    Ended(End),
    /// Nothing further came until the deadline.
    Silence,
    /// Something else came: what is wrong with it.
    Wrong(String),
}

impl Connection {
    /// Connects; `window` is the size of the receive buffer, `None` what the system finds best.
    pub fn open(addr: SocketAddr, window: Option<usize>, patience: Duration) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(addr), Type::STREAM, None)?;
        if let Some(window) = window {
            socket.set_recv_buffer_size(window)?;
        }
        socket.connect_timeout(&addr.into(), patience)?;
        // A request that was sent in pieces must not wait for the reply to the first piece.
        socket.set_tcp_nodelay(true)?;
        Ok(Connection {
            stream: socket.into(),
            seen: Vec::new(),
            reply: Vec::new(),
            end: None,
            cut: None,
            flooded: false,
        })
    }

    /// Sends all of `bytes`, reading along when the server takes no more until somebody reads.
    /// Whether the server left meanwhile is for the next one who waits for it to say.
    /// `false`: the server took nothing and sent nothing until the deadline.
    pub fn send(&mut self, mut bytes: &[u8], patience: Duration) -> bool {
        let mut deadline = Instant::now() + patience;
        while !bytes.is_empty() {
            let before = (bytes.len(), self.seen.len());
            match self.write(bytes, TURN) {
                Ok(n) => bytes = &bytes[n..],
                Err(error) if is_timeout(&error) => self.read(TURN),
                Err(_) => return true,
            }
            if before != (bytes.len(), self.seen.len()) {
                deadline = Instant::now() + patience;
            }
            if self.end.is_some() {
                return true;
            }
            if Instant::now() > deadline {
                return false;
            }
        }
        true
    }

    /// Sends all of `bytes`, and reads only when the server takes no more, or after a while. `false`: as
    /// for `send`.
    pub fn send_ahead(&mut self, bytes: &[u8], patience: Duration) -> bool {
        // Else the kernel would keep 32 MiB for us, where its limits are highest. Without the limit,
        // the server just has it easier.
        let _ = SockRef::from(&self.stream).set_recv_buffer_size(WINDOW);
        let mut rest = bytes;
        // In pieces, so that a server is not called hesitant for all of them together.
        while let Some(piece) = rest.chunks(PIECE).next()
            && let Ok(n) = self.write(piece, HESITATION)
        {
            rest = &rest[n..];
        }
        if rest.is_empty() {
            thread::sleep(LATE);
        }
        self.send(rest, patience)
    }

    /// Sends `bytes` again and again without reading, until the server takes no more or leaves.
    /// `false`: it took all there was.
    pub fn flood(&mut self, bytes: &[u8]) -> bool {
        self.flooded = true;
        let mut sent = 0;
        while sent < FLOOD {
            // Who takes nothing may only have had no core to run on: it is asked once more.
            let rest = &bytes[sent % bytes.len()..];
            match self.write(rest, STALLED).or_else(|_| self.write(rest, STALLED)) {
                Ok(n) => sent += n,
                Err(_) => return true,
            }
        }
        false
    }

    /// Waits for `reply`, as long as something comes or `patience` lasts.
    pub fn wait(&mut self, reply: &Reply, patience: Duration) -> Waited {
        let last = Instant::now() + patience * TALKATIVE;
        let mut deadline = Instant::now() + patience;
        let mut matched = 0;
        loop {
            if !self.goes_on(reply, &mut matched)
                && let Some(waited) = self.look(reply)
            {
                return waited;
            }
            if self.seen.len() > MOST {
                return Waited::Wrong(format!("more than {} MiB", MOST >> 20));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Waited::Silence;
            }
            let before = self.seen.len();
            self.read(left);
            if self.seen.len() > before {
                deadline = last.min(Instant::now() + patience);
            }
        }
    }

    /// Whether what has come is a part of these bytes, and the rest may come. Of what came in many
    /// pieces, each is compared once.
    fn goes_on(&self, reply: &Reply, matched: &mut usize) -> bool {
        let Reply::Bytes(bytes) = reply else { return false };
        let n = self.seen.len();
        let fits = n < bytes.len() && bytes[*matched..n] == self.seen[*matched..];
        *matched = if fits { n } else { 0 };
        fits && self.end.is_none()
    }

    /// Waits for the server to end the connection. `None`: it did not; see `seen` for what came.
    pub fn wait_for_end(&mut self, patience: Duration) -> Option<End> {
        let deadline = Instant::now() + patience;
        while self.end.is_none() && Instant::now() < deadline {
            self.read(deadline.saturating_duration_since(Instant::now()));
            if !self.seen.is_empty() {
                return None;
            }
        }
        self.end
    }

    /// Sends a byte now and then, until there is nobody to take it. `false`: somebody took them
    /// all until the deadline.
    pub fn send_until_cut(&mut self, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        while self.cut.is_none() && Instant::now() < deadline {
            // What went wrong is kept.
            let _ = self.write(b"x", TURN);
            thread::sleep(TURN);
        }
        self.cut.is_some()
    }

    /// Says that nothing more will be sent.
    pub fn half_close(&mut self) {
        // It fails only when the server has left, and that is noticed by whoever reads next.
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Vanishes: whatever the server sends from now on is answered with a reset.
    pub fn reset(self) -> io::Result<()> {
        SockRef::from(&self.stream).set_linger(Some(Duration::ZERO))
    }

    /// What can be said now of `reply`, which is taken when it is there.
    pub fn look(&mut self, reply: &Reply) -> Option<Waited> {
        // What a stranger says may end with the connection, and not every stranger waits until its last
        // word was heard: a reset ends it, too.
        let ended = match reply {
            Reply::Http(response) if response.until_close => self.end.is_some(),
            _ => self.end == Some(End::Closed),
        };
        match reply.take(&self.seen, ended) {
            Ok(Some(n)) => {
                self.reply = self.seen.drain(..n).collect();
                Some(Waited::Arrived)
            }
            Ok(None) => self.end.map(Waited::Ended),
            Err(wrong) => Some(Waited::Wrong(wrong)),
        }
    }

    /// Reads once, for at most `wait`.
    pub fn read(&mut self, wait: Duration) {
        if self.end.is_some() {
            return;
        }
        BUFFER.with_borrow_mut(|buffer| {
            let result = self
                .stream
                .set_read_timeout(Some(wait.max(Duration::from_millis(1))))
                .and_then(|()| self.stream.read(buffer));
            match result {
                Ok(0) => self.end = Some(self.cut.map_or(End::Closed, End::Broken)),
                Ok(n) => self.seen.extend_from_slice(&buffer[..n]),
                Err(error) if is_timeout(&error) => {}
                Err(error) => self.end = Some(End::Broken(error.kind())),
            }
        });
    }

    /// Reads and forgets what comes, until nothing does for so long; returns how much it was.
    pub fn drain(&mut self, patience: Duration, most: usize) -> usize {
        let mut came = 0;
        while self.end.is_none() && came < most {
            self.read(patience);
            if self.seen.is_empty() {
                break;
            }
            came += self.seen.len();
            self.seen.clear();
        }
        came
    }

    /// Writes once, for at most `wait`.
    fn write(&mut self, bytes: &[u8], wait: Duration) -> io::Result<usize> {
        self.stream.set_write_timeout(Some(wait))?;
        let result = self.stream.write(bytes);
        if let Err(error) = &result
            && !is_timeout(error)
        {
            self.cut = Some(error.kind());
        }
        result
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            End::Closed => f.write_str("closed"),
            End::Broken(kind) => write!(f, "{kind}"),
        }
    }
}

/// Whether nothing happened but the passing of time.
fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}
