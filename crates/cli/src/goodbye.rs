//! A close that the client survives: the *lingering close* of RFC 9112 §9.6.
//!
//! To close a socket on which bytes are unread, or still to come, is to reset the connection, and
//! what the client had not yet read of its answer may be lost. So whoever has said all closes its
//! own half first, goes on reading, and closes the rest when the client has closed its half too.
//!
//! That may take a while, and nobody who serves should wait for it, in none of the ways to wait. So
//! there is one thread for all goodbyes of a process, as long as there are any: it sweeps over the
//! sockets, drops what has come, and sleeps a little. When the process ends, those that are still
//! parting are closed as they are.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::mem;
use std::net::Shutdown;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use socket2::{SockRef, Socket};

use crate::later;

/// How long a client has to close its half.
///
/// 2 s, as in Apache: time for a few packets to be lost and sent again.
const MOST_TIME: Duration = Duration::from_secs(2);

/// How many bytes a client may still send.
///
/// 8 MiB: an upload that is refused is in full flow, and what is on its way may be a few MiB.
const MOST_BYTES: usize = 8 * 1024 * 1024;

/// How many sockets may be parting, and as many again while the thread looks at these. Over it, the
/// oldest is closed at once: a descriptor that a new client needs is worth more than an old client's
/// last word.
const MOST_SOCKETS: usize = 256;

/// Between two sweeps. For a full house of silent clients that is 25,600 reads a second, a few
/// percent of a core.
const PAUSE: Duration = Duration::from_millis(10);

/// How much is read and dropped at once.
const READ_SIZE: usize = 64 * 1024;

static PARTING: Parting = Parting::new();

/// Says the end on `stream`, which is non-blocking, and sees to it that the client hears what was
/// said before: the caller can drop it. Does not wait. A client that has closed its half already
/// costs no more than a look.
///
/// The socket is closed when the client has closed its half, or has had time enough for it.
///
/// # Errors
///
/// When there is no descriptor or no thread to spare: then the stream is closed when it is dropped.
pub fn goodbye<'a, S>(stream: &'a S) -> io::Result<()>
where
    SockRef<'a>: From<&'a S>,
{
    let socket = SockRef::from(stream);
    match later((&*socket).read(&mut [0])) {
        // It has left, in good order or not.
        Ok(Some(0)) | Err(_) => return Ok(()),
        _ => {}
    }
    // It fails when the client has vanished since.
    if socket.shutdown(Shutdown::Write).is_err() {
        return Ok(());
    }
    // A duplicate: whatever knows the stream (a runtime, an event loop) forgets it in its own way.
    PARTING.wait_for(Leaver::new(socket.try_clone()?))
}

/// The sockets on which all is said.
struct Parting(Mutex<Leavers>);

struct Leavers {
    /// The oldest first. While the thread looks at them, only those that have come since.
    queue: VecDeque<Leaver>,
    /// Whether there is a thread.
    swept: bool,
}

/// A socket on which all is said, and whose client has not closed its half.
struct Leaver {
    socket: Socket,
    /// How many bytes may still come.
    left: usize,
    deadline: Instant,
}

impl Parting {
    const fn new() -> Parting {
        Parting(Mutex::new(Leavers { queue: VecDeque::new(), swept: false }))
    }

    fn wait_for(&'static self, leaver: Leaver) -> io::Result<()> {
        let mut leavers = self.leavers();
        if !leavers.swept {
            thread::Builder::new().name("goodbye".into()).spawn(|| self.sweep())?;
            leavers.swept = true;
        }
        leavers.queue.push_back(leaver);
        leavers.close_the_oldest();
        Ok(())
    }

    /// Waits for them, and ends when there are none.
    fn sweep(&self) {
        let mut buffer = vec![0; READ_SIZE];
        loop {
            thread::sleep(PAUSE);
            // Taken out, so that whoever brings another does not wait for the reading.
            let mut queue = mem::take(&mut self.leavers().queue);
            queue.retain_mut(|leaver| leaver.stays(&mut buffer));
            let mut leavers = self.leavers();
            queue.append(&mut leavers.queue);
            leavers.queue = queue;
            leavers.close_the_oldest();
            if leavers.queue.is_empty() {
                leavers.swept = false;
                return;
            }
        }
    }

    fn leavers(&self) -> MutexGuard<'_, Leavers> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Leavers {
    fn close_the_oldest(&mut self) {
        let surplus = self.queue.len().saturating_sub(MOST_SOCKETS);
        self.queue.drain(..surplus);
    }
}

impl Leaver {
    fn new(socket: Socket) -> Leaver {
        Leaver { socket, left: MOST_BYTES, deadline: Instant::now() + MOST_TIME }
    }

    /// Drops what has come. False: there is nothing more to wait for, or it has been enough.
    fn stays(&mut self, buffer: &mut [u8]) -> bool {
        if Instant::now() >= self.deadline {
            return false;
        }
        loop {
            match later(self.socket.read(buffer)) {
                Ok(None) => return true,
                Ok(Some(n @ 1..)) if n <= self.left => self.left -= n,
                _ => return false,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{ErrorKind, Write};
    use std::net::{TcpListener, TcpStream};

    use socket2::{Domain, Type};

    use super::*;

    /// Long enough for anything that will happen at all.
    const PATIENCE: Duration = Duration::from_secs(20);

    /// A client, and the server's end of its connection.
    fn connected() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        client.set_read_timeout(Some(PATIENCE)).unwrap();
        let (stream, _) = listener.accept().unwrap();
        stream.set_nonblocking(true).unwrap();
        (client, stream)
    }

    /// The same, seen by the thread.
    fn leaver() -> (TcpStream, Leaver) {
        let (client, stream) = connected();
        (client, Leaver::new(stream.into()))
    }

    /// Waits until the kernel has brought something.
    fn arrived(leaver: &Leaver) {
        while leaver.socket.peek(&mut [std::mem::MaybeUninit::uninit()]).is_err() {
            thread::yield_now();
        }
    }

    #[test]
    fn a_client_who_goes_on_talking_hears_the_answer_and_the_end() {
        let (mut client, mut stream) = connected();
        stream.write_all(b"no").unwrap();
        goodbye(&stream).unwrap();
        drop(stream);
        client.write_all(&vec![b'x'; MOST_BYTES / 2]).unwrap();
        let mut heard = String::new();
        client.read_to_string(&mut heard).unwrap();
        assert_eq!(heard, "no");
    }

    #[test]
    fn a_socket_is_closed_when_the_client_has_closed_its_half() {
        let (mut client, mut leaver) = leaver();
        let mut buffer = [0; 2];
        assert!(leaver.stays(&mut buffer));
        client.write_all(b"more").unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        arrived(&leaver);
        while leaver.stays(&mut buffer) {
            thread::yield_now();
        }
        assert_eq!(leaver.left, MOST_BYTES - 4);
    }

    #[test]
    fn a_client_who_sends_too_much_is_cut() {
        let (mut client, mut leaver) = leaver();
        leaver.left = 3;
        client.write_all(b"1234").unwrap();
        arrived(&leaver);
        assert!(!leaver.stays(&mut [0; 4]));
        drop(leaver);
        let error = client.read(&mut [0]).map_or_else(|error| error.kind(), |_| ErrorKind::Other);
        assert_ne!(error, ErrorKind::WouldBlock);
    }

    #[test]
    fn a_client_who_takes_too_long_is_cut() {
        let (_client, mut leaver) = leaver();
        assert!(leaver.stays(&mut [0]));
        leaver.deadline = Instant::now();
        assert!(!leaver.stays(&mut [0]));
    }

    #[test]
    fn the_thread_ends_with_the_last_goodbye_and_comes_again() {
        static PARTING: Parting = Parting::new();
        for _ in 0..2 {
            let (client, leaver) = leaver();
            PARTING.wait_for(leaver).unwrap();
            assert!(PARTING.leavers().swept);
            drop(client);
            while PARTING.leavers().swept {
                thread::yield_now();
            }
        }
    }

    #[test]
    fn over_the_limit_the_oldest_are_closed() {
        let mut leavers = Leavers { queue: VecDeque::new(), swept: true };
        for n in 0..MOST_SOCKETS + 2 {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            leavers.queue.push_back(Leaver { left: n, ..Leaver::new(socket) });
            leavers.close_the_oldest();
        }
        assert_eq!(leavers.queue.len(), MOST_SOCKETS);
        assert_eq!(leavers.queue[0].left, 2);
    }
}
