//! One client: a socket, and what it has under way: one request, or several that it sent together.
//! It knows nothing of the others.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::Instant;

use mio::event::Event;
use mio::net::TcpStream;
use socket2::{Domain, Protocol, Socket, Type};

use crate::exchange::{Exchange, Progress, Script};

/// Requests that have been sent together. They share their times, and are answered one by one.
#[derive(Debug, Clone, Copy)]
pub struct Flight {
    /// When they should have been sent.
    pub due: Instant,
    /// When they were.
    pub sent: Instant,
    /// How many they are.
    pub requests: usize,
}

/// How a connection was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// Nobody listens.
    Refused,
    /// The server, or its kernel, broke it off.
    Reset,
    /// The server ended it in good order.
    Closed,
    /// A reply was not what it had to be.
    Wrong,
    /// It could not be opened in time.
    Timeout,
    /// Anything else.
    Other,
}

/// What came of one turn. Both may be true at once: answers, and then the end.
#[derive(Debug, Default)]
pub struct Turn {
    /// These requests have been answered, and rightly.
    pub answered: Option<Flight>,
    /// The connection is lost.
    pub lost: Option<Loss>,
}

/// A client's end of a connection.
#[derive(Debug)]
pub struct Connection {
    /// Registered for readiness by the generator.
    pub stream: TcpStream,
    script: Rc<Script>,
    /// Among the others; says with which exchange it begins.
    number: usize,
    /// The kernel has said that it is open.
    connected: bool,
    /// What is still missing of the server's greeting.
    greeting: &'static [u8],
    /// Exchanges begun so far; with the number it says which is under way.
    turn: usize,
    /// Bytes of the requests that the kernel has taken.
    written: usize,
    /// How much of the replies has come.
    progress: Progress,
    /// What has not been answered yet.
    flight: Option<Flight>,
}

impl Connection {
    pub fn new(stream: TcpStream, script: &Rc<Script>, number: usize) -> Connection {
        Connection {
            stream,
            script: Rc::clone(script),
            number,
            connected: false,
            greeting: script.greeting,
            turn: 0,
            written: 0,
            progress: Progress::default(),
            flight: None,
        }
    }

    pub fn is_connected(&self) -> bool {
        self.connected
    }

    /// Could ask now.
    pub fn is_free(&self) -> bool {
        self.connected && self.flight.is_none()
    }

    pub fn flight(&self) -> Option<Flight> {
        self.flight
    }

    /// Sends what is next, or as much of it as the kernel takes; the rest follows by itself.
    pub fn ask(&mut self, due: Instant, now: Instant) -> Result<(), Loss> {
        debug_assert!(self.is_free());
        self.turn += 1;
        self.flight = Some(Flight { due, sent: now, requests: self.exchange().depth() });
        self.written = 0;
        self.progress.reset();
        self.write()
    }

    /// The kernel has news about this socket.
    pub fn ready(&mut self, event: &Event, buffer: &mut [u8]) -> Turn {
        let mut answered = None;
        let lost = self.advance(event, buffer, &mut answered).err();
        Turn { answered, lost }
    }

    fn advance(
        &mut self,
        event: &Event,
        buffer: &mut [u8],
        answered: &mut Option<Flight>,
    ) -> Result<(), Loss> {
        if !self.connected {
            self.connected = connected(&self.stream)?;
            if !self.connected {
                return Ok(());
            }
        }
        self.write()?;
        loop {
            let n = match self.stream.read(buffer) {
                Ok(0) => return Err(Loss::Closed),
                Ok(n) => n,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(loss(&error)),
            };
            self.heard(&buffer[..n], answered)?;
            // A short read has emptied the socket: another would only be told so, and that call
            // costs as much as a request does. But an end that has come with the data brings no
            // further edge, and Windows arms the next one only when it has said "later".
            if n < buffer.len() && !event.is_read_closed() && cfg!(unix) {
                return Ok(());
            }
        }
    }

    /// Checks what has come, and adds to what was answered in this turn.
    fn heard(&mut self, bytes: &[u8], answered: &mut Option<Flight>) -> Result<(), Loss> {
        let n = bytes.len().min(self.greeting.len());
        if bytes[..n] != self.greeting[..n] {
            return Err(Loss::Wrong);
        }
        self.greeting = &self.greeting[n..];
        let bytes = &bytes[n..];
        if bytes.is_empty() {
            return Ok(());
        }
        let Some(flight) = &mut self.flight else { return Err(Loss::Wrong) };
        let exchange = self.script.exchange(self.number, self.turn);
        let n = exchange.check(&mut self.progress, bytes).map_err(|_| Loss::Wrong)?;
        if n > 0 {
            flight.requests -= n;
            let before = answered.map_or(0, |answered| answered.requests);
            *answered = Some(Flight { requests: before + n, ..*flight });
            self.flight.take_if(|flight| flight.requests == 0);
        }
        Ok(())
    }

    /// What is under way, or was last.
    fn exchange(&self) -> &Exchange {
        self.script.exchange(self.number, self.turn)
    }

    fn write(&mut self) -> Result<(), Loss> {
        if self.flight.is_none() {
            return Ok(());
        }
        let requests = &self.script.exchange(self.number, self.turn).requests;
        while self.written < requests.len() {
            match self.stream.write(&requests[self.written..]) {
                Ok(n) => self.written += n,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(loss(&error)),
            }
        }
        Ok(())
    }
}

/// So many connect from one address. Linux looks for a free port among half of them first (28,232, see
/// `ip_local_port_range`): when nearly all of that half are taken, each `connect` looks for milliseconds.
const FROM_ONE: usize = 10_000;

/// The address that this one of many clients connects from, if it may choose.
pub fn source(target: SocketAddr, index: usize) -> Ipv4Addr {
    let may_choose = cfg!(target_os = "linux") && target.is_ipv4() && target.ip().is_loopback();
    let others = if may_choose { (index / FROM_ONE).min(100) } else { 0 };
    Ipv4Addr::from_bits(Ipv4Addr::LOCALHOST.to_bits() + others as u32)
}

/// Starts to connect. When the ports of a loopback address run short, `source` moves on to the
/// next address: on Linux all of 127.0.0.0/8 is this machine.
pub fn open(target: SocketAddr, source: &mut Ipv4Addr) -> io::Result<TcpStream> {
    loop {
        let opened = match *source {
            Ipv4Addr::LOCALHOST => TcpStream::connect(target),
            source => open_from(source, target),
        };
        match opened {
            Err(error) if is_out_of_ports(&error, target) && source.octets()[3] < 254 => {
                let [a, b, c, d] = source.octets();
                *source = Ipv4Addr::new(a, b, c, d + 1);
            }
            opened => return opened,
        }
    }
}

fn open_from(source: Ipv4Addr, target: SocketAddr) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    socket.bind(&SocketAddr::from((source, 0)).into())?;
    match socket.connect(&target.into()) {
        Err(error) if !is_under_way(&error) => Err(error),
        _ => Ok(TcpStream::from_std(socket.into())),
    }
}

fn is_out_of_ports(error: &io::Error, target: SocketAddr) -> bool {
    let kinds = [ErrorKind::AddrNotAvailable, ErrorKind::AddrInUse];
    cfg!(target_os = "linux")
        && target.is_ipv4()
        && target.ip().is_loopback()
        && kinds.contains(&error.kind())
}

/// The connection is being opened; how it went will be known later (connect(2)).
fn is_under_way(error: &io::Error) -> bool {
    #[cfg(unix)]
    let in_progress = error.raw_os_error() == Some(nix::errno::Errno::EINPROGRESS as i32);
    #[cfg(not(unix))]
    let in_progress = false;
    in_progress || error.kind() == ErrorKind::WouldBlock
}

/// Is the connection open now? Readiness alone does not say so (see connect(2), EINPROGRESS).
fn connected(stream: &TcpStream) -> Result<bool, Loss> {
    if let Some(error) = stream.take_error().map_err(|error| loss(&error))? {
        return Err(loss(&error));
    }
    match stream.peer_addr() {
        Ok(_) => {
            // A client that waits for its last segment to be acknowledged measures its own timer.
            stream.set_nodelay(true).map_err(|error| loss(&error))?;
            Ok(true)
        }
        Err(error) if error.kind() == ErrorKind::NotConnected || is_under_way(&error) => Ok(false),
        Err(error) => Err(loss(&error)),
    }
}

/// Which kind of loss an error stands for.
pub fn loss(error: &io::Error) -> Loss {
    match error.kind() {
        ErrorKind::ConnectionRefused => Loss::Refused,
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => {
            Loss::Reset
        }
        ErrorKind::TimedOut => Loss::Timeout,
        _ => Loss::Other,
    }
}
