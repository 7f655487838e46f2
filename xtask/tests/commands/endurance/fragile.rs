//! Step 03, broken in one way.

use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::process::{self, ExitCode};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use cli::{Client, Server};
use proto::{READ_SIZE, Session, Want};

/// The variable that makes this program a server, and says what is wrong with it.
pub const FLAW: &str = "FLAW";

/// How much memory a client leaves behind.
const LOST: usize = 16 * 1024;

/// How long an answer takes, where whoever waits for it will be forgotten.
const WAITS: Duration = Duration::from_millis(20);

/// Of so many writes, one is wrong.
const SELDOM: u64 = 100;

/// What is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// Nothing: then nothing must be found.
    None,
    /// Each client leaves something behind.
    LosesMemory,
    /// Each client leaves its descriptor behind.
    LosesDescriptors,
    /// When it is asked to stop, it ends, whoever waits for an answer.
    ForgetsAtStop,
    /// It collects all that a client says.
    KeepsAll,
    /// It reads on while its answers wait in a queue without bound.
    KeepsAnswers,
    /// Now and then it says something wrong.
    Wrong,
}

impl Flaw {
    const ALL: [Flaw; 7] = [
        Flaw::None,
        Flaw::LosesMemory,
        Flaw::LosesDescriptors,
        Flaw::ForgetsAtStop,
        Flaw::KeepsAll,
        Flaw::KeepsAnswers,
        Flaw::Wrong,
    ];

    pub fn name(self) -> String {
        format!("{self:?}")
    }

    fn named(name: &OsStr) -> Option<Flaw> {
        Flaw::ALL.into_iter().find(|flaw| name == flaw.name().as_str())
    }
}

pub fn serve(flaw: &OsStr) -> ExitCode {
    let Some(flaw) = Flaw::named(flaw) else {
        eprintln!("error: {FLAW} names none of {:?}", Flaw::ALL);
        return ExitCode::FAILURE;
    };
    let server = cli::start("fragile", None);
    if flaw == Flaw::ForgetsAtStop {
        server.stop.on_request(|| process::exit(0));
    }
    if flaw == Flaw::KeepsAnswers {
        return serve_with_a_queue(&server);
    }
    serve_all(server, flaw);
    ExitCode::SUCCESS
}

fn serve_all(server: Server, flaw: Flaw) {
    thread::scope(|scope| {
        for (mut stream, session) in server.clients() {
            scope.spawn(move || {
                cli::report(stream.peer, converse(&mut stream, session, flaw));
                match flaw {
                    Flaw::LosesMemory => drop(Box::leak(vec![1u8; LOST].into_boxed_slice())),
                    Flaw::LosesDescriptors => lose_descriptor(),
                    _ => {}
                }
            });
        }
    });
}

fn converse(stream: &mut Client, mut session: Session, flaw: Flaw) -> io::Result<()> {
    static WRITES: AtomicU64 = AtomicU64::new(1);
    let (mut buffer, mut kept) = ([0; READ_SIZE], Vec::new());
    loop {
        match session.want() {
            Want::Read => {
                let n = stream.read(&mut buffer)?;
                if flaw == Flaw::KeepsAll {
                    kept.extend_from_slice(&buffer[..n]);
                }
                session.received(&buffer[..n]);
            }
            Want::Write(bytes) => {
                if flaw == Flaw::ForgetsAtStop {
                    // At any time somebody waits for an answer.
                    thread::sleep(WAITS);
                }
                let is_turn = WRITES.fetch_add(1, Ordering::Relaxed).is_multiple_of(SELDOM);
                let n = if flaw == Flaw::Wrong && is_turn {
                    stream.write(&bytes.iter().map(|byte| byte ^ 1).collect::<Vec<_>>())?
                } else {
                    stream.write(bytes)?
                };
                session.sent(n);
            }
            Want::Run(job) => session.done(job.run()),
            Want::Close => return Ok(()),
        }
    }
}

/// Two threads for each client: one reads, the other writes what the first has put into a queue.
fn serve_with_a_queue(server: &Server) -> ExitCode {
    thread::scope(|scope| {
        for mut stream in server.listener.incoming().flatten() {
            let Ok(peer) = stream.peer_addr() else { continue };
            let Ok(mut writer) = stream.try_clone() else { continue };
            let (queue, queued) = mpsc::channel::<Vec<u8>>();
            scope.spawn(move || queued.iter().try_for_each(|bytes| writer.write_all(&bytes)));
            scope.spawn(move || {
                let (mut buffer, mut session) = ([0; READ_SIZE], server.service.session(peer));
                loop {
                    match session.want() {
                        Want::Read => {
                            let n = stream.read(&mut buffer)?;
                            session.received(&buffer[..n]);
                        }
                        Want::Write(bytes) => {
                            let n = bytes.len();
                            queue.send(bytes.to_vec()).map_err(io::Error::other)?;
                            session.sent(n);
                        }
                        Want::Run(job) => session.done(job.run()),
                        Want::Close => return Ok::<(), io::Error>(()),
                    }
                }
            });
        }
    });
    ExitCode::SUCCESS
}

/// A file that nobody closes: of a client's own socket the rest of the program would know.
fn lose_descriptor() {
    // None left: then this one is not lost.
    let _ = std::fs::File::open(env!("CARGO_MANIFEST_DIR")).map(std::mem::forget);
}
