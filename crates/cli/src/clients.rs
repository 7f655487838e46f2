//! Clients for the steps that block: one by one, and woken when it is time to stop.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use proto::Session;
use slab::Slab;

use crate::{Server, Stop, accept_pause, goodbye, report};

/// Yields each client with its session. Waits for the next one; ends at a stop. With it the listener
/// is closed: who comes now is refused, while those who are in are still served.
pub struct Clients {
    server: Server,
    open: Arc<Open>,
}

/// A client's stream. It can be woken by a stop while a thread is blocked in `read`, and says
/// [`goodbye`] when it is dropped.
pub struct Client {
    stream: Arc<TcpStream>,
    /// As far as we know, the client may have more to say: what was read last was not its end, and
    /// nothing has failed since.
    talks: bool,
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

impl Clients {
    pub(crate) fn new(server: Server) -> Clients {
        Clients { open: Open::of(&server.stop), server }
    }
}

impl Iterator for Clients {
    type Item = (Client, Session);

    fn next(&mut self) -> Option<(Client, Session)> {
        loop {
            let accepted = self.server.listener.accept();
            // The stop wakes us with a connection of its own, which says nothing. Who was let in just
            // before that, and has asked, is served; whoever else came is too late.
            let is_asked = |(stream, _): &(TcpStream, _)| has_asked(stream);
            if self.server.stop.requested() && !accepted.as_ref().is_ok_and(is_asked) {
                return None;
            }
            match accepted {
                Ok((stream, peer)) => {
                    let client = Client::new(stream, peer, Arc::clone(&self.open));
                    return Some((client, self.server.service.session(peer)));
                }
                Err(error) => thread::sleep(accept_pause(&error)),
            }
        }
    }
}

/// Whether anything has come already.
fn has_asked(stream: &TcpStream) -> bool {
    let peek = || {
        stream.set_nonblocking(true)?;
        let heard = stream.peek(&mut [0]);
        stream.set_nonblocking(false)?;
        heard
    };
    peek().is_ok_and(|n| n > 0)
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
        Client { stream, talks: false, peer, open, key }
    }
}

/// A thread that is blocked in `read` sees the end of input, after what has already arrived.
/// (So it is on Linux. Elsewhere a thread may go on waiting, until the grace period cuts it.)
fn hang_up(stream: &TcpStream) {
    // It fails only when the peer is gone, and then `read` returns by itself.
    let _ = stream.shutdown(Shutdown::Read);
}

impl Open {
    /// None yet. Those that will be there when the stop comes are hung up.
    fn of(stop: &Stop) -> Arc<Open> {
        let open = Arc::new(Open { stop: stop.clone(), streams: Mutex::default() });
        let hung_up = Arc::clone(&open);
        let hang_up_all = move || hung_up.streams().iter().for_each(|(_, stream)| hang_up(stream));
        stop.on_request(hang_up_all);
        open
    }

    fn streams(&self) -> MutexGuard<'_, Slab<Arc<TcpStream>>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.open.streams().remove(self.key);
        if self.talks {
            let parted = self.stream.set_nonblocking(true).and_then(|()| goodbye(&*self.stream));
            report(self.peer, parted);
        }
    }
}

impl Read for Client {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let result = retry(|| (&*self.stream).read(buffer));
        self.talks = matches!(result, Ok(1..));
        result
    }
}

impl Write for Client {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let result = retry(|| (&*self.stream).write(bytes));
        self.talks &= result.is_ok();
        result
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

#[cfg(test)]
mod tests {
    #[cfg(target_os = "linux")]
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    /// Long enough for anything that will happen at all.
    const PATIENCE: Duration = Duration::from_secs(20);

    /// A stop, what it hangs up, and both ends of a connection.
    fn connected() -> (Stop, Arc<Open>, TcpStream, Client) {
        let stop = Stop::new();
        let open = Open::of(&stop);
        let listener = crate::listener::listen("127.0.0.1:0").unwrap();
        let peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, addr) = listener.accept().unwrap();
        let client = Client::new(stream, addr, Arc::clone(&open));
        (stop, open, peer, client)
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_stop_ends_a_read_after_what_has_arrived() {
        let (stop, _, mut peer, mut client) = connected();
        let (read, reads) = mpsc::channel();
        thread::spawn(move || {
            loop {
                let mut buffer = [0; 10];
                let n = client.read(&mut buffer).unwrap();
                read.send(buffer[..n].to_vec()).unwrap();
                if n == 0 {
                    return;
                }
            }
        });
        peer.write_all(b"abc").unwrap();
        assert_eq!(reads.recv_timeout(PATIENCE).unwrap(), b"abc");
        stop.request();
        assert_eq!(reads.recv_timeout(PATIENCE).unwrap(), b"");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_client_who_comes_with_the_stop_is_hung_up_on_too() {
        let (stop, open, _peer, client) = connected();
        stop.request();
        let stream = client.stream.try_clone().unwrap();
        let mut late = Client::new(stream, client.peer, open);
        assert_eq!(late.read(&mut [0]).unwrap(), 0);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_client_who_came_just_before_the_stop_is_served_if_it_has_asked() {
        let listener = crate::listener::listen("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let (service, stop) = (crate::Service { app: None, trace: None }, Stop::new());
        let workers = std::num::NonZeroUsize::MIN;
        let mut clients = Clients::new(Server { listener, service, stop: stop.clone(), workers });
        let mut asker = TcpStream::connect(addr).unwrap();
        asker.write_all(b"abc").unwrap();
        let _silent = TcpStream::connect(addr).unwrap();
        stop.request();
        let (mut client, _) = clients.next().unwrap();
        let mut heard = String::new();
        client.read_to_string(&mut heard).unwrap();
        assert_eq!(heard, "abc");
        assert!(clients.next().is_none());
    }

    #[test]
    fn a_client_who_has_left_is_closed_and_forgotten() {
        let (_stop, open, mut peer, client) = connected();
        assert_eq!(open.streams().len(), 1);
        drop(client);
        assert_eq!(open.streams().len(), 0);
        peer.set_read_timeout(Some(PATIENCE)).unwrap();
        assert_eq!(peer.read(&mut [0]).unwrap(), 0);
    }

    #[test]
    fn a_client_who_is_left_in_the_middle_hears_what_was_said() {
        let (_stop, _, mut peer, mut client) = connected();
        peer.write_all(b"abc and more").unwrap();
        client.read_exact(&mut [0; 3]).unwrap();
        client.write_all(b"enough").unwrap();
        drop(client);
        peer.write_all(&[b' '; 1024 * 1024]).unwrap();
        peer.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut heard = String::new();
        peer.read_to_string(&mut heard).unwrap();
        assert_eq!(heard, "enough");
    }

    #[test]
    fn a_goodbye_is_said_to_those_who_talk() {
        let (_stop, _, mut peer, mut client) = connected();
        assert!(!client.talks, "nothing was read");
        peer.write_all(b"abc").unwrap();
        client.read_exact(&mut [0; 3]).unwrap();
        client.write_all(b"d").unwrap();
        assert!(client.talks);
        peer.shutdown(Shutdown::Write).unwrap();
        assert_eq!(client.read(&mut [0]).unwrap(), 0);
        client.write_all(b"e").unwrap();
        assert!(!client.talks, "it has said its end");
    }
}
