//! Step 10: a runtime on every core.
//!
//! The tasks are the same; now several threads poll them, and steal them from each other when
//! they have nothing to do. That they may move is why they must be `Send`.
//!     cargo run
//!     python3 scripts/simple_test_client.py
//! Read `main`: nothing else has changed.
//! Still wrong: a crash takes everyone along.

use std::io;
use std::thread;

use cli::{Server, Stop};
use proto::{READ_SIZE, Session, Want};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::spawn;
use tokio::time::sleep;

fn main() -> anyhow::Result<()> {
    let server = cli::start(env!("CARGO_PKG_NAME"), thread::available_parallelism().ok());
    Builder::new_multi_thread()
        .enable_all()
        .worker_threads(server.workers.get())
        .build()?
        .block_on(run(server))
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
            Want::Run(job) => session.done(tokio::task::spawn_blocking(|| job.run()).await?),
            Want::Close => return cli::goodbye(&stream),
        }
    }
}
