//! Step 02: a conversation with a memory.
//!
//! A client may say things in pieces, and more than one thing: the session knows where it was.
//! Watch everybody wait until one who says nothing has left:
//!     cargo run -p step-02-stateful
//!     python3 scripts/simple_test_client.py --silent 1
//! Look for what is no longer there: the line that ended the input after one read.
//! Still wrong: a client that says nothing stops the world. Step 03 gives each a thread.

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
