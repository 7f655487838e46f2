//! Sockets as futures: the names and shapes of Tokio's, as far as this step needs them.

use std::future::poll_fn;
use std::io::{self, Read, Write};
use std::net::SocketAddr;

use super::reactor::Registered;

/// A listener whose `accept` waits without holding the thread.
pub struct TcpListener(Registered<mio::net::TcpListener>);

/// A stream whose `read` and `write` wait without holding the thread.
pub struct TcpStream(Registered<mio::net::TcpStream>);

impl TcpListener {
    /// Takes over a listener that is already non-blocking.
    pub fn from_std(listener: std::net::TcpListener) -> io::Result<TcpListener> {
        Registered::new(mio::net::TcpListener::from_std(listener)).map(TcpListener)
    }

    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let accept = |listener: &mio::net::TcpListener| Ok((listener.accept()?, true));
        let (stream, peer) = poll_fn(|context| self.0.poll_read(context, accept)).await?;
        Ok((TcpStream(Registered::new(stream)?), peer))
    }
}

#[cfg(unix)]
impl std::os::fd::AsFd for TcpStream {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.0.socket.as_fd()
    }
}

#[cfg(windows)]
impl std::os::windows::io::AsSocket for TcpStream {
    fn as_socket(&self) -> std::os::windows::io::BorrowedSocket<'_> {
        self.0.socket.as_socket()
    }
}

impl TcpStream {
    /// Reads some bytes; 0 means that the peer will send no more.
    pub async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // A short read has emptied the socket: the next bytes come with an edge.
        let mut read = |mut stream: &mio::net::TcpStream| {
            let n = stream.read(buffer)?;
            Ok((n, n == buffer.len()))
        };
        poll_fn(|context| self.0.poll_read(context, &mut read)).await
    }

    /// Writes some bytes, and returns how many.
    pub async fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let write = |mut stream: &mio::net::TcpStream| {
            let n = stream.write(bytes)?;
            Ok((n, n == bytes.len()))
        };
        poll_fn(|context| self.0.poll_write(context, write)).await
    }
}
