//! A small server of frames, a thread for each client, that can be broken in one way at a time.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{self, ExitCode};
use std::thread;
use std::time::Duration;

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

const FLAWS: [Flaw; 9] =
    [Flawless, Spins, DiesOfAccept, DiesOfClients, Panics, IsMute, IsEasy, Hoards, Dawdles];

/// Every flag of a step has a value.
const KNOWN: [&str; 5] = ["--addr", "--protocol", "--grace", "--workers", "--public"];

/// `FLAW [--addr ADDR] [--grace SECONDS] …`
pub fn main(mut arguments: impl Iterator<Item = String>) -> ExitCode {
    let name = arguments.next().expect("a flaw");
    let flaw = FLAWS.into_iter().find(|flaw| format!("{flaw:?}") == name).expect("a known flaw");
    let arguments: Vec<String> = arguments.collect();
    match start(flaw, &arguments) {
        Ok(listener) => {
            println!("listening on {}", listener.local_addr().expect("a listener has an address"));
            accept(flaw, &listener)
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

fn start(flaw: Flaw, arguments: &[String]) -> Result<TcpListener, String> {
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
    let addr = value("--addr").unwrap_or("127.0.0.1:0");
    let listener = TcpListener::bind(addr).map_err(|error| format!("{addr}: {error}"))?;
    Ok(listener)
}

/// Until it is ended from outside.
fn accept(flaw: Flaw, listener: &TcpListener) -> ! {
    loop {
        match listener.accept() {
            Ok((stream, _)) => {
                thread::spawn(move || match serve(flaw, &stream) {
                    Err(error) if flaw == DiesOfClients => die(&error),
                    _ => {}
                });
            }
            Err(_) if flaw == Spins => {}
            Err(error) if flaw == DiesOfAccept => die(&error),
            Err(_) => thread::sleep(Duration::from_millis(20)),
        }
    }
}

/// As much of the protocol as is asked for: each piece that comes is whole questions.
fn serve(flaw: Flaw, mut stream: &TcpStream) -> io::Result<()> {
    let _hoard = (flaw == Hoards).then(|| vec![1_u8; 64 * 1024]);
    stream.write_all(b"*")?;
    let mut buffer = [0; 4 * 1024];
    loop {
        let n = stream.read(&mut buffer)?;
        if n == 0 {
            return Ok(());
        }
        if flaw == Dawdles {
            thread::sleep(Duration::from_millis(30));
        }
        for frame in buffer[..n].split(|&byte| byte == b'$') {
            let frame = frame.strip_prefix(b"^").unwrap_or(frame);
            let echo: Vec<u8> = frame.iter().map(|byte| byte.wrapping_add(1)).collect();
            stream.write_all(&echo)?;
        }
    }
}

fn die(error: &io::Error) -> ! {
    eprintln!("{error}");
    process::exit(1);
}
