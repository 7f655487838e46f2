//! Step 03: a thread per client.
//!
//! Whoever waits, waits alone: silent clients and long computations hold up nobody else.
//!     cargo run -p step-03-threads
//!     python3 scripts/simple_test_client.py
//! Read `main`: `serve` is as it was, and now each client has one running.
//! Still wrong: ten thousand clients are ten thousand threads. Step 04 keeps their number fixed.

use std::io::{self, Read, Write};
use std::thread;

use cli::Client;
use proto::{READ_SIZE, Session, Want};

fn main() {
    let server = cli::start(env!("CARGO_PKG_NAME"), None);
    // At its end the scope waits for the threads that are still serving.
    thread::scope(|scope| {
        for (mut stream, session) in server.clients() {
            let peer = stream.peer;
            let task = move || cli::report(peer, serve(&mut stream, session));
            // Where the system has no more threads, one client is lost and not the server.
            cli::report(peer, thread::Builder::new().spawn_scoped(scope, task));
        }
    });
}

fn serve(stream: &mut Client, mut session: Session) -> io::Result<()> {
    let mut buffer = [0; READ_SIZE];
    loop {
        match session.want() {
            Want::Read => {
                let n = stream.read(&mut buffer)?;
                session.received(&buffer[..n]);
            }
            Want::Write(bytes) => {
                let n = stream.write(bytes)?;
                session.sent(n);
            }
            Want::Run(job) => session.done(job.run()),
            Want::Close => return Ok(()),
        }
    }
}
