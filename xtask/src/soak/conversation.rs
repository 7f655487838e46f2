//! One client's connection, and what is written down of it.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use conform::Protocol;
use socket2::{Domain, SockRef, Socket, Type};

use super::book::{Book, Phase};
use super::question::{Answer, Question};

/// After this long without an answer there will be none. Much longer than anything takes here, even
/// where all wait for one: nothing is judged by how fast it is.
const PATIENCE: Duration = Duration::from_secs(20);

/// After this long without taking a byte, a server is said to take no more. Nothing is judged by it.
const STALLED: Duration = Duration::from_millis(200);

/// How often somebody who waits looks up.
const TURN: Duration = Duration::from_millis(20);

/// What fits into the receive buffer of any socket: as soon as it is written, it has arrived.
const ARRIVES_AT_ONCE: usize = 16 * 1024;

/// A small receive buffer. The kernel rounds it as it must.
const LITTLE: usize = 4 * 1024;

/// How much of what came is shown when it is wrong.
const SHOWN: usize = 60;

/// A client that has connected.
pub struct Conversation<'a> {
    stream: TcpStream,
    book: &'a Book,
    /// What has come, and was not asked for yet.
    seen: Vec<u8>,
    /// What the server says before anything else, if it has not yet.
    greeting: Option<Answer>,
    /// Something has come: so the server has taken this connection.
    heard: bool,
}

/// What the kernel keeps of the answers for a client that does not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// As much as it finds right: megabytes.
    Enough,
    /// So little that the server feels it.
    Little,
}

/// Why a conversation is over before its time; what there was to write down is written.
#[derive(Debug)]
pub struct Over;

/// Why an answer did not come.
enum Missed {
    Ended(String),
    Silence,
    Wrong(String),
}

impl<'a> Conversation<'a> {
    /// Comes. Whoever cannot is missed, unless the server is about to stop.
    pub fn begin(
        address: SocketAddr,
        protocol: Protocol,
        book: &'a Book,
        room: Room,
    ) -> Result<Conversation<'a>, Over> {
        let connect = || {
            let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
            if room == Room::Little {
                socket.set_recv_buffer_size(LITTLE)?;
            }
            socket.connect_timeout(&address.into(), PATIENCE)?;
            let stream = TcpStream::from(socket);
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(TURN))?;
            stream.set_write_timeout(Some(TURN))?;
            Ok(stream)
        };
        book.tally().guests += 1;
        let stream = connect().map_err(|error: io::Error| {
            if !book.is(Phase::Stopping) {
                book.tally().failed(1, format!("nobody could connect: {error}"));
            }
            Over
        })?;
        let greeting = (protocol == Protocol::Frames).then(|| Answer::Bytes(b"*".to_vec()));
        Ok(Conversation { stream, book, seen: Vec::new(), greeting, heard: false })
    }

    /// Waits until the server has taken the connection, if it says so.
    pub fn greet(&mut self) -> Result<(), Over> {
        let greeting = self.greeting.take();
        match greeting.map_or(Ok(()), |greeting| self.wait_for(&greeting)) {
            Err(missed) if !self.book.is(Phase::Stopping) => {
                self.book.tally().failed(1, format!("no greeting: {missed}"));
                Err(Over)
            }
            missed => missed.map_err(|_| Over),
        }
    }

    /// Asks in good order, in pieces of this size with a pause after each, and waits for the answers.
    pub fn ask(&mut self, question: &Question, piece: usize, pause: Duration) -> Result<(), Over> {
        let bytes = &question.bytes;
        let (in_time, (right, missed)) = if bytes.len() <= ARRIVES_AT_ONCE {
            let sent = send(&self.stream, self.book, bytes, piece, pause, PATIENCE);
            (sent && !self.book.is(Phase::Stopping), self.hear(&question.answers))
        } else {
            (false, self.ask_much(question, piece, pause))
        };
        let mut tally = self.book.tally();
        tally.right(right);
        let Some(missed) = missed else { return Ok(()) };
        let rest = question.answers.len() - right;
        let owed = in_time && self.heard;
        let is_excused = matches!(missed, Missed::Ended(_)) && !owed;
        if self.book.is(Phase::Stopping) && is_excused {
            tally.too_late += rest as u64;
        } else {
            let asked = excerpt(bytes);
            let all = right + rest;
            tally.failed(rest, format!("asked {asked}, answered {right} of {all}; then {missed}"));
        }
        Err(Over)
    }

    /// Who asks much has to listen meanwhile, or both sides would wait.
    fn ask_much(
        &mut self,
        question: &Question,
        piece: usize,
        pause: Duration,
    ) -> (usize, Option<Missed>) {
        let copy = match self.stream.try_clone() {
            Ok(copy) => copy,
            Err(error) => return (0, Some(Missed::Ended(error.to_string()))),
        };
        let book = self.book;
        thread::scope(|scope| {
            scope.spawn(move || send(&copy, book, &question.bytes, piece, pause, PATIENCE));
            self.hear(&question.answers)
        })
    }

    /// Takes the answers as they come; how many were right, and what was wrong with the next.
    fn hear(&mut self, answers: &[Answer]) -> (usize, Option<Missed>) {
        if let Some(greeting) = self.greeting.take()
            && let Err(missed) = self.wait_for(&greeting)
        {
            return (0, Some(missed));
        }
        for (right, answer) in answers.iter().enumerate() {
            if let Err(missed) = self.wait_for(answer) {
                return (right, Some(missed));
            }
        }
        (answers.len(), None)
    }

    fn wait_for(&mut self, answer: &Answer) -> Result<(), Missed> {
        let mut last = Instant::now();
        loop {
            match answer.take(&self.seen) {
                Ok(Some(n)) => {
                    self.seen.drain(..n);
                    return Ok(());
                }
                Ok(None) => {}
                Err(()) => return Err(Missed::Wrong(excerpt(&self.seen))),
            }
            match self.read() {
                Ok(0) => return Err(Missed::Ended("the end".into())),
                Ok(_) => last = Instant::now(),
                Err(error) if is_timeout(&error) && last.elapsed() < PATIENCE => {}
                Err(error) if is_timeout(&error) => return Err(Missed::Silence),
                Err(error) => return Err(Missed::Ended(error.to_string())),
            }
        }
    }

    fn read(&mut self) -> io::Result<usize> {
        let mut buffer = [0; 16 * 1024];
        let n = self.stream.read(&mut buffer)?;
        self.seen.extend_from_slice(&buffer[..n]);
        self.heard |= n > 0;
        Ok(n)
    }

    /// Sends something and does not care what comes of it, nor whether all of it is taken.
    pub fn throw(&self, bytes: &[u8]) {
        self.flood(bytes, 1);
    }

    /// The same again and again, until so much is sent, the server takes no more, or all leave.
    pub fn flood(&self, bytes: &[u8], most: usize) {
        let mut sent = 0;
        while sent < most
            && (sent == 0 || self.book.is(Phase::Open))
            && send(&self.stream, self.book, bytes, bytes.len().max(1), Duration::ZERO, STALLED)
        {
            sent += bytes.len().max(1);
        }
    }

    /// Stays for so long, or until all leave.
    pub fn stay(&self, time: Duration) {
        let deadline = Instant::now() + time;
        while self.book.is(Phase::Open) && Instant::now() < deadline {
            thread::sleep(TURN);
        }
    }

    /// Says that it will send no more.
    pub fn half_close(&self) {
        // It fails only when the server has left, and that is noticed by whoever reads next.
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Leaves in good order: says so, and waits for the server to do the same.
    pub fn leave(mut self) {
        self.half_close();
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            match self.read() {
                Ok(1..) => self.seen.clear(),
                Err(error) if is_timeout(&error) => {}
                Ok(0) | Err(_) => return,
            }
        }
    }

    /// Vanishes: whatever the server sends from now on is answered with a reset.
    pub fn vanish(self) {
        // Where it cannot be set, this is a client that was killed.
        let _ = SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
    }
}

/// Writes all of it, with a pause after each piece, as long as nobody has to leave. `false`: the server
/// did not take it.
fn send(
    mut stream: &TcpStream,
    book: &Book,
    bytes: &[u8],
    piece: usize,
    pause: Duration,
    patience: Duration,
) -> bool {
    let mut last = Instant::now();
    for mut piece in bytes.chunks(piece) {
        while !piece.is_empty() {
            match stream.write(piece) {
                Ok(n) => (piece, last) = (&piece[n..], Instant::now()),
                Err(error) if is_timeout(&error) && last.elapsed() < patience => {}
                Err(_) => return false,
            }
        }
        if !pause.is_zero() && book.is(Phase::Open) {
            thread::sleep(pause);
        }
    }
    true
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

fn excerpt(bytes: &[u8]) -> String {
    let shown = &bytes[..bytes.len().min(SHOWN)];
    let more = if bytes.len() > SHOWN { "…" } else { "" };
    format!("`{}{more}`", shown.escape_ascii())
}

impl fmt::Display for Missed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Missed::Ended(how) => write!(f, "the connection ended ({how})"),
            Missed::Silence => write!(f, "nothing for {} s", PATIENCE.as_secs()),
            Missed::Wrong(seen) => write!(f, "{seen} came"),
        }
    }
}
