//! Step 09: work that blocks goes elsewhere.
//!
//! Tokio has a pool of threads for what computes or blocks; `spawn_blocking` is the way there.
//!     cargo run -p step-09-spawn-blocking
//!     python3 scripts/simple_test_client.py
//! Read the one line that changed in `serve`.
//! Still wrong: one core does all the waiting. Step 10 lets every core wait.

use std::io;

use cli::{Server, Stop};
use proto::{READ_SIZE, Session, Want};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::spawn;
use tokio::time::sleep;

fn main() -> anyhow::Result<()> {
    let server = cli::start(env!("CARGO_PKG_NAME"), None);
    Builder::new_current_thread().enable_all().build()?.block_on(run(server))
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
