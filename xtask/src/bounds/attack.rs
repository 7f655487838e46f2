//! Many clients at once, each of whom sends the same without end.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Barrier, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use conform::Protocol;
use socket2::{Domain, Socket, Type};

use super::input::Input;

/// After this long without taking a byte, a server is said to take no more. Nothing is judged by it.
const STALLED: Duration = Duration::from_millis(600);

/// How long an attack may last in all.
const LONGEST: Duration = Duration::from_secs(20);

/// How long a client may take to connect.
const CONNECTS: Duration = Duration::from_secs(5);

/// How long a server may take to answer one client alone.
const ANSWERS: Duration = Duration::from_secs(5);

/// Between two looks at a socket on which nothing moves.
const PAUSE: Duration = Duration::from_millis(1);

/// The size of a client's own buffers, in bytes: what the kernel would keep there is not kept by the server.
const BUFFER: usize = 64 * 1024;

/// How much is sent in one write, at most.
const PIECE: usize = 16 * 1024;

/// How the clients fared, all together.
#[derive(Debug, Default, Clone, Copy)]
pub struct Met {
    /// So many could connect.
    pub connected: usize,
    /// So many bytes they could send.
    pub sent: usize,
    /// Of so many, the server has taken all.
    pub taken: usize,
}

/// So many clients send this until the server takes no more of it, or all; then, while all are still
/// there, `look` looks.
pub fn attack<T>(
    address: SocketAddr,
    input: &Input,
    connections: usize,
    look: impl FnOnce() -> Result<T>,
) -> Result<(T, Met)> {
    let met = Mutex::new(Met::default());
    let (sent, seen) = (Barrier::new(connections + 1), Barrier::new(connections + 1));
    thread::scope(|scope| {
        for _ in 0..connections {
            scope.spawn(|| {
                let stream = connect(address);
                if let Ok(stream) = &stream {
                    let bytes = send(stream, input);
                    let mut met = met.lock().unwrap_or_else(PoisonError::into_inner);
                    met.connected += 1;
                    met.sent += bytes;
                    met.taken += usize::from(bytes == input.start.len() + input.amount);
                }
                sent.wait();
                seen.wait();
                drop(stream);
            });
        }
        sent.wait();
        let result = look();
        seen.wait();
        Ok((result?, *met.lock().unwrap_or_else(PoisonError::into_inner)))
    })
}

/// Asks one thing in good order. A server that does not answer in this protocol would stand any attack.
pub fn greet(address: SocketAddr, protocol: Protocol) -> Result<()> {
    let (asked, expected) = match protocol {
        Protocol::Frames => ("^a$", "*"),
        Protocol::Http => ("GET /plain HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 "),
    };
    let mut stream = TcpStream::connect_timeout(&address, CONNECTS)?;
    stream.set_read_timeout(Some(ANSWERS))?;
    stream.write_all(asked.as_bytes())?;
    let mut answer = vec![0; expected.len()];
    let heard = stream.read_exact(&mut answer);
    ensure!(
        heard.is_ok() && answer == expected.as_bytes(),
        "asked in good order, it does not answer as a server of {} does (see --protocol)",
        protocol.flag()
    );
    Ok(())
}

fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_recv_buffer_size(BUFFER)?;
    socket.set_send_buffer_size(BUFFER)?;
    socket.connect_timeout(&address.into(), CONNECTS)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// Sends it, and reads along if that is its manner. How much of it the system took.
fn send(mut stream: &TcpStream, input: &Input) -> usize {
    let piece = input.unit.repeat(PIECE / input.unit.len());
    let mut rest = input.start.as_bytes();
    let (start, mut last, mut sent) = (Instant::now(), Instant::now(), 0);
    let mut buffer = [0; PIECE];
    let all = input.start.len() + input.amount;
    while sent < all && last.elapsed() < STALLED && start.elapsed() < LONGEST {
        if rest.is_empty() {
            rest = &piece.as_bytes()[..piece.len().min(all - sent)];
        }
        // A server that ends the connection has defended itself.
        let Ok(wrote) = moved(stream.write(rest)) else { break };
        let read = if input.reads { moved(stream.read(&mut buffer)).unwrap_or(0) } else { 0 };
        (rest, sent) = (&rest[wrote..], sent + wrote);
        if wrote + read > 0 {
            last = Instant::now();
        } else {
            thread::sleep(PAUSE);
        }
    }
    sent
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
