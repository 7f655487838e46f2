//! Step 07: an `async fn` on an executor of our own.
//!
//! The loop of step 02 is back, with an `.await` wherever it waits (and, where it reads, an eye on
//! the stop). The compiler turns it inside out; who polls it, and who wakes it, is in `runtime.rs`.
//!     cargo xtask diff 02 07
//! Read `serve`, then `runtime.rs`, then `runtime/reactor.rs`.
//! Still wrong: no timers, one thread, no ecosystem. Step 08 deletes all that we wrote.

mod runtime;

use std::io;

use cli::{Server, Stop};
use proto::{READ_SIZE, Session, Want};
use runtime::{Runtime, TcpListener, TcpStream, sleep, spawn};

fn main() -> anyhow::Result<()> {
    let server = cli::start(env!("CARGO_PKG_NAME"), None);
    Runtime::new()?.block_on(run(server))
}

async fn run(server: Server) -> anyhow::Result<()> {
    let Server { listener, service, mut stop, .. } = server;
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
    while let Some(accepted) = stop.or(listener.accept()).await {
        match accepted {
            Ok((stream, peer)) => {
                let (session, stop) = (service.session(peer), stop.clone());
                spawn(async move { cli::report(peer, serve(stream, session, stop).await) });
            }
            Err(error) => sleep(cli::accept_pause(&error)).await,
        }
    }
    drop(listener);
    // Each task holds a handle on the stop until it has finished.
    stop.drained().await;
    Ok(())
}

async fn serve(mut stream: TcpStream, mut session: Session, mut stop: Stop) -> io::Result<()> {
    let mut buffer = vec![0; READ_SIZE];
    loop {
        match session.want() {
            Want::Read => {
                let n = match stop.or(stream.read(&mut buffer)).await {
                    Some(n) => n?,
                    // A stop is the end of input, after what has arrived.
                    None => cli::arrived(&stream, &mut buffer)?,
                };
                session.received(&buffer[..n]);
            }
            Want::Write(bytes) => {
                let n = stream.write(bytes).await?;
                session.sent(n);
            }
            Want::Run(job) => session.done(job.run()),
            Want::Close => return cli::goodbye(&stream),
        }
    }
}
