//! A small server of frames, a thread for each client, that can be broken in one way at a time.

use std::collections::HashMap;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{self, ExitCode};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// One way to be broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// None.
    Flawless,
    /// Tries again at once when it cannot accept.
    Spins,
    /// Ends when it cannot accept.
    DiesOfAccept,
    /// Ends when a connection does so in another way than it should.
    DiesOfClients,
    /// Takes a call that was interrupted for an error that ends everything.
    DiesOfInterrupts,
    /// Ends at a stop, whatever there is to do.
    StopsAtOnce,
    /// Lets others in as long as somebody is there.
    StaysOpen,
    /// Hears the first signal, and no other, and gives nobody a time.
    IsDeaf,
    /// Says that all is well, though something was cut.
    SaysZero,
    /// Says with a panic why it cannot start.
    Panics,
    /// Says nothing of why it cannot start.
    IsMute,
    /// Takes any flag.
    IsEasy,
    /// Keeps 64 KiB for each client.
    Hoards,
    /// Thinks a while before it says anything.
    Dawdles,
}

use Flaw::*;

const FLAWS: [Flaw; 14] = [
    Flawless,
    Spins,
    DiesOfAccept,
    DiesOfClients,
    DiesOfInterrupts,
    StopsAtOnce,
    StaysOpen,
    IsDeaf,
    SaysZero,
    Panics,
    IsMute,
    IsEasy,
    Hoards,
    Dawdles,
];

/// Every flag of a step has a value.
const KNOWN: [&str; 5] = ["--addr", "--protocol", "--grace", "--workers", "--public"];

/// Signals closer together are one.
const ONE_SIGNAL: Duration = Duration::from_millis(200);

struct Server {
    flaw: Flaw,
    grace: Duration,
    stopping: AtomicBool,
    /// Who is connected.
    open: Mutex<HashMap<usize, Arc<TcpStream>>>,
}

/// `FLAW [--addr ADDR] [--grace SECONDS] …`
pub fn main(mut arguments: impl Iterator<Item = String>) -> ExitCode {
    let name = arguments.next().expect("a flaw");
    let flaw = FLAWS.into_iter().find(|flaw| format!("{flaw:?}") == name).expect("a known flaw");
    let arguments: Vec<String> = arguments.collect();
    match start(flaw, &arguments) {
        Ok((server, listener)) => {
            run(&Arc::new(server), listener);
            ExitCode::SUCCESS
        }
        Err(error) if flaw == Panics => panic!("{error}"),
        Err(error) => {
            if flaw != IsMute {
                eprintln!("error: {error}");
            }
            ExitCode::FAILURE
        }
    }
}

fn start(flaw: Flaw, arguments: &[String]) -> Result<(Server, TcpListener), String> {
    let known = |pair: &[String]| KNOWN.contains(&pair[0].as_str()) && pair.len() == 2;
    if flaw != IsEasy
        && let Some(wrong) = arguments.chunks(2).find(|pair| !known(pair))
    {
        return Err(format!("{} means nothing", wrong[0]));
    }
    let value = |flag: &str| {
        let at = arguments.iter().rposition(|argument| argument == flag)?;
        arguments.get(at + 1).map(String::as_str)
    };
    let wrong = |flag: &str, is_right: fn(&str) -> bool| match value(flag) {
        Some(value) if !is_right(value) => Err(format!("{flag} {value} is wrong")),
        _ => Ok(()),
    };
    wrong("--protocol", |protocol| protocol == "frames")?;
    wrong("--workers", |n| n != "0")?;
    wrong("--public", |dir| std::path::Path::new(dir).is_dir())?;
    wrong("--grace", |seconds| seconds.parse::<f64>().is_ok())?;
    let grace = value("--grace").and_then(|seconds| seconds.parse().ok()).unwrap_or(5.0);
    let addr = value("--addr").unwrap_or("127.0.0.1:0");
    let listener = TcpListener::bind(addr).map_err(|error| format!("{addr}: {error}"))?;
    let (grace, stopping) = (Duration::from_secs_f64(grace), AtomicBool::new(false));
    Ok((Server { flaw, grace, stopping, open: Mutex::default() }, listener))
}

fn run(server: &Arc<Server>, listener: TcpListener) {
    let mut asked: Option<Instant> = None;
    let stops = Arc::clone(server);
    let heard = move || {
        let first = asked.is_none();
        let at = *asked.get_or_insert_with(Instant::now);
        if first {
            stops.stop();
        } else if at.elapsed() >= ONE_SIGNAL && stops.flaw != IsDeaf {
            stops.cut();
        }
    };
    ctrlc::set_handler(heard).expect("one handler");
    println!("listening on {}", listener.local_addr().expect("a listener has an address"));
    server.accept(&listener);
    if server.flaw != StaysOpen {
        drop(listener);
        server.finish();
    } else {
        server.finish();
        drop(listener);
    }
}

impl Server {
    fn accept(self: &Arc<Server>, listener: &TcpListener) {
        // So that it hears of a stop.
        listener.set_nonblocking(true).expect("a socket can do so");
        for n in 0.. {
            let stream = loop {
                if self.is_stopping() {
                    return;
                }
                match listener.accept() {
                    Ok((stream, _)) => break stream,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {
                        thread::sleep(Duration::from_millis(1));
                    }
                    Err(_) if self.flaw == Spins => {}
                    Err(error) if self.flaw == DiesOfAccept => die(&error),
                    Err(_) => thread::sleep(Duration::from_millis(20)),
                }
            };
            stream.set_nonblocking(false).expect("a socket can do so");
            let (server, stream) = (Arc::clone(self), Arc::new(stream));
            lock(&self.open).insert(n, Arc::clone(&stream));
            thread::spawn(move || {
                let result = server.serve(&stream);
                if let Err(error) = result
                    && server.flaw == DiesOfClients
                {
                    die(&error);
                }
                lock(&server.open).remove(&n);
            });
        }
    }

    /// As much of the protocol as is asked for: each piece that comes is whole questions.
    fn serve(&self, mut stream: &TcpStream) -> io::Result<()> {
        let _hoard = (self.flaw == Hoards).then(|| vec![1_u8; 64 * 1024]);
        // With a limit of time, a call is not begun again by itself after a signal (signal(7)).
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        stream.write_all(b"*")?;
        let mut buffer = [0; 4 * 1024];
        loop {
            let n = match stream.read(&mut buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {
                    if self.flaw == DiesOfInterrupts {
                        die(&error);
                    }
                    continue;
                }
                result => result?,
            };
            if n == 0 {
                return Ok(());
            }
            if self.flaw == Dawdles {
                thread::sleep(Duration::from_millis(30));
            }
            for frame in buffer[..n].split(|&byte| byte == b'$') {
                let frame = frame.strip_prefix(b"^").unwrap_or(frame);
                let number =
                    frame.strip_prefix(b"P").and_then(|digits| str::from_utf8(digits).ok());
                match number.and_then(|digits| digits.parse().ok()) {
                    Some(n) if proto::is_prime(n) => stream.write_all(b"prime\n")?,
                    Some(_) => stream.write_all(b"composite\n")?,
                    None => {
                        let echo: Vec<u8> = frame.iter().map(|byte| byte.wrapping_add(1)).collect();
                        stream.write_all(&echo)?;
                    }
                }
            }
        }
    }

    fn stop(self: &Arc<Server>) {
        self.stopping.store(true, Ordering::SeqCst);
        if self.flaw == StopsAtOnce {
            process::exit(0);
        }
        for stream in lock(&self.open).values() {
            // It fails when the client is gone already.
            let _ = stream.shutdown(Shutdown::Read);
        }
        let server = Arc::clone(self);
        thread::spawn(move || {
            thread::sleep(server.grace);
            if server.flaw != IsDeaf {
                server.cut();
            }
        });
    }

    /// Waits until everybody has left.
    fn finish(&self) {
        while !lock(&self.open).is_empty() {
            thread::sleep(Duration::from_millis(1));
        }
    }

    fn cut(&self) {
        process::exit(if self.flaw == SaysZero { 0 } else { 1 });
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }
}

fn die(error: &io::Error) -> ! {
    eprintln!("{error}");
    process::exit(1);
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
