//! Clients for the steps that block: one by one, and woken when it is time to stop.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use proto::Session;
use slab::Slab;

use crate::{Server, Stop, accept_pause};

/// Yields each client with its session. Waits for the next one; ends at a stop.
pub struct Clients<'a> {
    server: &'a Server,
    open: Arc<Open>,
}

/// A client's stream. It can be woken by a stop while a thread is blocked in `read`.
pub struct Client {
    stream: Arc<TcpStream>,
    /// The other end's address.
    pub peer: SocketAddr,
    open: Arc<Open>,
    /// Its place among the open ones.
    key: usize,
}

/// The streams that a stop must wake.
struct Open {
    stop: Stop,
    streams: Mutex<Slab<Arc<TcpStream>>>,
}

impl<'a> Clients<'a> {
    pub(crate) fn new(server: &'a Server) -> Clients<'a> {
        let streams = Mutex::default();
        let open = Arc::new(Open { stop: server.stop.clone(), streams });
        let woken = Arc::clone(&open);
        server
            .stop
            .on_request(move || woken.streams().iter().for_each(|(_, stream)| hang_up(stream)));
        Clients { server, open }
    }
}

impl Iterator for Clients<'_> {
    type Item = (Client, Session);

    fn next(&mut self) -> Option<(Client, Session)> {
        loop {
            let accepted = self.server.listener.accept();
            // The stop woke us with a connection of its own; whoever else came is too late.
            if self.server.stop.requested() {
                return None;
            }
            match accepted {
                Ok((stream, peer)) => {
                    let client = Client::new(stream, peer, Arc::clone(&self.open));
                    return Some((client, self.server.service.session()));
                }
                Err(error) => thread::sleep(accept_pause(&error)),
            }
        }
    }
}

impl Client {
    fn new(stream: TcpStream, peer: SocketAddr, open: Arc<Open>) -> Client {
        let stream = Arc::new(stream);
        let mut streams = open.streams();
        let key = streams.insert(Arc::clone(&stream));
        // The stop may have come between our `accept` and this line.
        if open.stop.requested() {
            hang_up(&stream);
        }
        drop(streams);
        Client { stream, peer, open, key }
    }
}

/// A thread that is blocked in `read` sees the end of input, after what has already arrived.
/// (So it is on Linux. Elsewhere a thread may go on waiting, until the grace period cuts it.)
fn hang_up(stream: &TcpStream) {
    // It fails only when the peer is gone, and then `read` returns by itself.
    let _ = stream.shutdown(Shutdown::Read);
}

impl Open {
    fn streams(&self) -> MutexGuard<'_, Slab<Arc<TcpStream>>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.open.streams().remove(self.key);
    }
}

impl Read for Client {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        retry(|| (&*self.stream).read(buffer))
    }
}

impl Write for Client {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        retry(|| (&*self.stream).write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A signal that was delivered to this thread is no error of this client.
fn retry(mut call: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
