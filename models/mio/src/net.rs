//! Sockets that never wait.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};

use crate::Raise;
use crate::event::Source;

pub struct TcpListener(std::net::TcpListener);

pub struct TcpStream(std::net::TcpStream);

impl TcpListener {
    pub fn from_std(listener: std::net::TcpListener) -> TcpListener {
        TcpListener(listener)
    }

    pub fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let stream = self.0.clients.take()?;
        Ok((TcpStream(stream), (Ipv4Addr::LOCALHOST, 1).into()))
    }
}

impl Source for TcpListener {
    fn watch(&mut self, raise: Raise) {
        self.0.clients.watch(move || raise.readable());
    }

    fn forget(&mut self) {
        self.0.clients.forget();
    }
}

impl Source for TcpStream {
    fn watch(&mut self, raise: Raise) {
        self.0.bytes.watch(move || raise.readable());
    }

    fn forget(&mut self) {
        self.0.bytes.forget();
    }
}

/// One byte at a time.
impl Read for &TcpStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(first) = buffer.first_mut() else { return Ok(0) };
        *first = self.0.bytes.take()?;
        Ok(1)
    }
}

/// The client does not listen: there is always room.
impl Write for &TcpStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(unix)]
impl std::os::fd::AsFd for TcpStream {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        unreachable!("no model asks the kernel for a socket's name")
    }
}

#[cfg(windows)]
impl std::os::windows::io::AsSocket for TcpStream {
    fn as_socket(&self) -> std::os::windows::io::BorrowedSocket<'_> {
        unreachable!("no model asks the kernel for a socket's name")
    }
}
