//! {name}: what is its one idea?
//!
//! It grew from {parent}. What does it do while it waits, and how can one see it?
//!     cargo run --manifest-path {name}/Cargo.toml
//!     python3 scripts/simple_test_client.py
//! Write `serve`: an arm that is not written loses the client, with a line that says what it should
//! do. So the lines say which is next.
//! Still wrong: what would the next step repair?

use std::io;

use cli::Client;
use proto::{Session, Want};

fn main() {
    let server = cli::start(env!("CARGO_PKG_NAME"), None);
    for (mut stream, session) in server.clients() {
        cli::report(stream.peer, serve(&mut stream, session));
    }
}

fn serve(_stream: &mut Client, mut session: Session) -> io::Result<()> {
    loop {
        match session.want() {
            Want::Read => unwritten("read from the stream, then session.received(..)")?,
            Want::Write(_bytes) => unwritten("write bytes to the stream, then session.sent(..)")?,
            Want::Run(_job) => unwritten("run the job, then session.done(..)")?,
            Want::Close => unwritten("return, for all is said")?,
        }
    }
}

/// Loses the client, with a line that says what is missing. When nothing is, this goes.
fn unwritten(what: &str) -> io::Result<()> {
    Err(io::Error::other(format!("not written yet: {what}")))
}
