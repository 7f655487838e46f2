//! What clients do in the pictures, always the same, and what they see of the server.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};

/// A prime. To find that out takes about a second on the machine on which the pictures in this
/// repository were made.
const LONG: &str = "^P1099999999999999999$";

/// How long a client thinks about an answer before it asks on, or leaves: milliseconds.
const THINKS: u64 = 150;

/// A server that has not answered for so long will not.
const PATIENCE: Duration = Duration::from_secs(10);

/// Clients, and what they do.
pub struct Scenario {
    pub title: &'static str,
    pub clients: Vec<Client>,
}

/// What a client does. Times are milliseconds from the beginning.
pub struct Client {
    /// One letter or digit.
    pub name: &'static str,
    /// What it is about.
    pub does: &'static str,
    pub comes: u64,
    /// When it asks for the first time, or, if it asks nothing, leaves.
    pub acts: u64,
    /// What it asks, one after the other, and what the answer ends with.
    pub questions: Vec<(&'static str, &'static str)>,
}

/// What clients saw. Times are microseconds from the beginning.
pub struct Played {
    /// The beginning: microseconds since 1970.
    pub began: u64,
    /// In the order of the scenario's clients.
    pub clients: Vec<Seen>,
}

/// What a client saw.
pub struct Seen {
    /// Its own address, by which the server knows it.
    pub addr: SocketAddr,
    pub came: u64,
    pub left: u64,
    pub asked: Vec<Asked>,
}

/// A question, and what became of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Asked {
    pub at: u64,
    pub end: End,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum End {
    Answered(u64),
    /// The server closed the connection.
    HungUp(u64),
    /// The client gave up.
    GaveUp(u64),
}

impl End {
    pub fn at(self) -> u64 {
        match self {
            End::Answered(at) | End::HungUp(at) | End::GaveUp(at) => at,
        }
    }
}

/// The scenarios that every picture shows.
pub fn all() -> [Scenario; 2] {
    const ECHO: (&str, &str) = ("^echo$", "fdip");
    const SMALL: (&str, &str) = ("^P7$", "prime\n");
    let long = (LONG, "prime\n");
    let client = |name, does, comes, acts, questions| Client { name, does, comes, acts, questions };
    let silent = |name, comes| client(name, "silent", comes, comes + 1050, vec![]);
    [
        Scenario {
            title: "A asks for a long computation. Then B and C ask for something short.",
            clients: vec![
                client("A", "long prime", 100, 300, vec![long]),
                client("B", "echo", 150, 550, vec![ECHO]),
                client("C", "small prime", 200, 800, vec![SMALL]),
            ],
        },
        Scenario {
            title: "Six clients come and say nothing. Then A and B ask twice for something short.",
            clients: vec![
                silent("1", 100),
                silent("2", 125),
                silent("3", 150),
                silent("4", 175),
                silent("5", 200),
                silent("6", 225),
                client("A", "echo ×2", 275, 450, vec![ECHO, ECHO]),
                client("B", "small prime ×2", 300, 550, vec![SMALL, SMALL]),
            ],
        },
    ]
}

impl Scenario {
    /// Plays it against the server at `addr`.
    pub fn play(&self, addr: SocketAddr) -> Result<Played> {
        let (start, began) = (Instant::now(), SystemTime::now());
        let began = began.duration_since(UNIX_EPOCH).context("a clock from before 1970")?;
        let clients = thread::scope(|scope| {
            let threads: Vec<_> = self
                .clients
                .iter()
                .map(|client| scope.spawn(move || client.play(addr, start)))
                .collect();
            let join = |thread: thread::ScopedJoinHandle<'_, Result<Seen>>| {
                thread.join().expect("a client returns its errors")
            };
            threads.into_iter().map(join).collect::<Result<_>>()
        })?;
        Ok(Played {
            began: began.as_micros().try_into().context("a clock of the far future")?,
            clients,
        })
    }
}

impl Client {
    fn play(&self, addr: SocketAddr, start: Instant) -> Result<Seen> {
        let now = || start.elapsed().as_micros().try_into().unwrap_or(u64::MAX);
        let wait_until = |milliseconds| {
            let due = start + Duration::from_millis(milliseconds);
            thread::sleep(due.saturating_duration_since(Instant::now()));
        };
        wait_until(self.comes);
        let mut stream = TcpStream::connect_timeout(&addr, PATIENCE)
            .with_context(|| format!("client {}: connecting to {addr}", self.name))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut seen = Seen { addr: stream.local_addr()?, came: now(), left: 0, asked: Vec::new() };
        let mut acts = self.acts;
        for (question, answer) in &self.questions {
            wait_until(acts);
            let at = now();
            let end = ask(&mut stream, question, answer, now);
            seen.asked.push(Asked { at, end });
            acts = end.at() / 1000 + THINKS;
        }
        wait_until(acts);
        seen.left = now();
        leave(stream);
        Ok(seen)
    }
}

/// Asks, and reads until the answer is there.
fn ask(stream: &mut TcpStream, question: &str, answer: &str, now: impl Fn() -> u64) -> End {
    if stream.write_all(question.as_bytes()).is_err() {
        return End::HungUp(now());
    }
    let (mut heard, mut buffer) = (Vec::new(), [0; 1024]);
    while !heard.ends_with(answer.as_bytes()) {
        match stream.read(&mut buffer) {
            Ok(n @ 1..) => heard.extend_from_slice(&buffer[..n]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                return End::GaveUp(now());
            }
            Ok(0) | Err(_) => return End::HungUp(now()),
        }
    }
    End::Answered(now())
}

/// Leaves in good order: with something unread, the server would see a reset.
fn leave(mut stream: TcpStream) {
    // Both fail only when the server has left, or never will; then there is nothing to leave.
    let _ = stream.shutdown(Shutdown::Write);
    let mut buffer = [0; 1024];
    while let Ok(1..) = stream.read(&mut buffer) {}
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn scenario(questions: Vec<(&'static str, &'static str)>) -> Scenario {
        let client = Client { name: "A", does: "asks", comes: 0, acts: 0, questions };
        Scenario { title: "", clients: vec![client] }
    }

    /// What the one client of a scenario sees of a server that says this to everybody, and leaves
    /// when everything was said to it.
    fn seen(questions: Vec<(&'static str, &'static str)>, says: &'static [u8]) -> Seen {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let server = thread::spawn(move || {
            let (mut stream, peer) = listener.accept().unwrap();
            stream.write_all(says).unwrap();
            stream.shutdown(Shutdown::Write).unwrap();
            stream.read_to_end(&mut Vec::new()).unwrap();
            peer
        });
        let mut played = scenario(questions).play(addr).unwrap();
        assert_eq!(server.join().unwrap(), played.clients[0].addr);
        played.clients.remove(0)
    }

    #[test]
    fn an_answer_comes_with_or_without_a_greeting() {
        for says in [b"*fdip".as_slice(), b"fdip"] {
            let seen = seen(vec![("^echo$", "fdip")], says);
            assert!(matches!(seen.asked[..], [Asked { at, end: End::Answered(end) }] if at <= end));
            assert!(seen.came <= seen.asked[0].at && seen.asked[0].end.at() <= seen.left);
        }
    }

    #[test]
    fn a_server_that_hangs_up_has_not_answered() {
        let seen = seen(vec![("^a$", "b"), ("^b$", "c")], b"*b");
        assert!(matches!(seen.asked[0].end, End::Answered(_)));
        assert!(matches!(seen.asked[1].end, End::HungUp(_)));
    }

    #[test]
    fn who_asks_nothing_just_leaves() {
        assert!(seen(vec![], b"*").asked.is_empty());
    }
}
