//! Step 05, the naive way: nobody waits, so everybody is asked, all the time.
//!
//!     cargo run -p step-05-nonblocking --example sweep
//! Nobody has connected yet, and the fan is already on: look at the CPU with `top`.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};

use cli::{Server, later};
use proto::{READ_SIZE, Session, Want};

struct Connection {
    stream: TcpStream,
    peer: SocketAddr,
    session: Session,
}

fn main() -> anyhow::Result<()> {
    let Server { listener, service, stop, .. } = cli::start("sweep", None);
    listener.set_nonblocking(true)?;
    let mut connections: Vec<Connection> = Vec::new();
    let mut buffer = [0; READ_SIZE];
    while !stop.requested() || !connections.is_empty() {
        match later(listener.accept()) {
            Ok(Some((stream, peer))) if !stop.requested() => {
                let ready = stream.set_nonblocking(true);
                let session = service.session(peer);
                cli::report(
                    peer,
                    ready.map(|()| connections.push(Connection { stream, peer, session })),
                );
            }
            Ok(_) => {}
            Err(error) => std::thread::sleep(cli::accept_pause(&error)),
        }
        connections.retain_mut(|connection| {
            let open = ask(connection, &mut buffer, stop.requested());
            cli::report(connection.peer, open.as_ref());
            open.unwrap_or(false)
        });
    }
    Ok(())
}

/// Tries the one thing that this connection wants; mostly the kernel says "later". False: it is
/// over.
fn ask(connection: &mut Connection, buffer: &mut [u8], stopping: bool) -> io::Result<bool> {
    let Connection { stream, session, .. } = connection;
    match session.want() {
        Want::Read => match later(stream.read(buffer))? {
            Some(n) => session.received(&buffer[..n]),
            None if stopping => session.received(&[]),
            None => {}
        },
        Want::Write(bytes) => {
            if let Some(n) = later(stream.write(bytes))? {
                session.sent(n);
            }
        }
        Want::Run(job) => session.done(job.run()),
        Want::Close => return cli::goodbye(&*stream).map(|()| false),
    }
    Ok(true)
}
