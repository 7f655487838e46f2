//! Step 01: one client, one read, one answer.
//!
//! Anyone else who connects waits in the kernel's queue: connected, unanswered. Watch it:
//!     cargo run -p step-01-sequential
//!     python3 scripts/simple_test_client.py
//! Read `serve`, which does what a `Session` (crates/proto/src/lib.rs) wants. Every later step has
//! this loop; only what happens while it waits changes.
//! Still wrong: one read is not one message. Step 02 gives the conversation a memory.

use std::io::{self, Read, Write};

use cli::Client;
use proto::{READ_SIZE, Session, Want};

fn main() {
    let server = cli::start(env!("CARGO_PKG_NAME"), None);
    for (mut stream, session) in server.clients() {
        cli::report(stream.peer, serve(&mut stream, session));
    }
}

fn serve(stream: &mut Client, mut session: Session) -> io::Result<()> {
    let mut buffer = [0; READ_SIZE];
    loop {
        match session.want() {
            Want::Read => {
                let n = stream.read(&mut buffer)?;
                session.received(&buffer[..n]);
                // The mistake: an empty `received` is the end of input, as if whatever one read
                // brings were all that was ever meant.
                session.received(&[]);
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
