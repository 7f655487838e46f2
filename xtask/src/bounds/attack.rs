//! Many clients at once, each of whom sends the same without end.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use socket2::{Domain, Socket, Type};

use super::input::Input;

/// After this long without taking a byte, a server is said to take no more. Nothing is judged by it.
const STALLED: Duration = Duration::from_millis(600);

/// How long an attack may last in all.
const LONGEST: Duration = Duration::from_secs(20);

/// How long a client may take to connect.
const CONNECTS: Duration = Duration::from_secs(5);

/// Between two looks at a socket on which nothing moves.
const PAUSE: Duration = Duration::from_millis(1);

/// The size of a client's own buffers, in bytes: what the kernel would keep there is not kept by the server.
const BUFFER: usize = 64 * 1024;

/// How much is sent in one write, at most.
const PIECE: usize = 16 * 1024;

/// So many clients send this until the server takes no more of it, or all; then, while all are still
/// there, `look` looks. Says also of how many the server has taken all.
pub fn attack<T>(
    address: SocketAddr,
    input: &Input,
    connections: usize,
    look: impl FnOnce() -> Result<T>,
) -> Result<(T, usize)> {
    let taken = AtomicUsize::new(0);
    let (sent, seen) = (Barrier::new(connections + 1), Barrier::new(connections + 1));
    thread::scope(|scope| {
        for _ in 0..connections {
            scope.spawn(|| {
                // Who cannot come is not there; the others are.
                let stream = connect(address);
                // A server that ends the connection has defended itself.
                if stream.as_ref().is_ok_and(|stream| send(stream, input).unwrap_or(false)) {
                    taken.fetch_add(1, Ordering::Relaxed);
                }
                sent.wait();
                seen.wait();
                drop(stream);
            });
        }
        sent.wait();
        let result = look();
        seen.wait();
        Ok((result?, taken.load(Ordering::Relaxed)))
    })
}

fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_recv_buffer_size(BUFFER)?;
    socket.set_send_buffer_size(BUFFER)?;
    socket.connect_timeout(&address.into(), CONNECTS)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// Sends it, and reads along if that is its manner. Whether the server took all of it.
fn send(mut stream: &TcpStream, input: &Input) -> io::Result<bool> {
    let piece = input.unit.repeat(PIECE / input.unit.len());
    let mut rest = input.start.as_bytes();
    let (start, mut last, mut sent) = (Instant::now(), Instant::now(), 0);
    let mut buffer = [0; PIECE];
    let all = input.start.len() + input.amount;
    while sent < all && last.elapsed() < STALLED && start.elapsed() < LONGEST {
        if rest.is_empty() {
            rest = &piece.as_bytes()[..piece.len().min(all - sent)];
        }
        let wrote = moved(stream.write(rest))?;
        let read = if input.reads { moved(stream.read(&mut buffer))? } else { 0 };
        (rest, sent) = (&rest[wrote..], sent + wrote);
        if wrote + read > 0 {
            last = Instant::now();
        } else {
            thread::sleep(PAUSE);
        }
    }
    Ok(sent == all)
}

/// How many bytes; none yet is none.
fn moved(result: io::Result<usize>) -> io::Result<usize> {
    match result {
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
            Ok(0)
        }
        result => result,
    }
}
