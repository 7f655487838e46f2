//! Step 04: a fixed number of workers.
//!
//! Clients wait in a queue until one of N threads is free. The pool is in `pool.rs`.
//!     cargo run -p step-04-threadpool
//!     python3 scripts/simple_test_client.py --silent 4
//! Read `main`, then `pool.rs`: who holds the lock, and for how long?
//! Still wrong: N silent clients starve everyone else. Step 05 waits for all of them at once.

use std::io::{self, Read, Write};
use std::num::NonZeroUsize;

use cli::Client;
use proto::{READ_SIZE, Session, Want};
use step_04_threadpool::ThreadPool;

fn main() -> anyhow::Result<()> {
    let server = cli::start(env!("CARGO_PKG_NAME"), NonZeroUsize::new(4));
    // Dropped at the end of `main`, it finishes what was accepted.
    let pool = ThreadPool::new(server.workers)?;
    for (mut stream, session) in server.clients() {
        pool.execute(move || cli::report(stream.peer, serve(&mut stream, session)));
    }
    Ok(())
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
