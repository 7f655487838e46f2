//! The socket that clients come to.

use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};

use anyhow::{Context, anyhow};
use socket2::{Domain, Protocol, Socket, Type};

/// How many connections the kernel completes and keeps before we accept them. Linux cuts it to
/// `net.core.somaxconn`, 4,096 by default since Linux 5.4.
const BACKLOG: i32 = 4096;

/// Listens on `addr`, which is a `host:port`; port 0 takes a free one.
pub(crate) fn listen(addr: &str) -> anyhow::Result<TcpListener> {
    let resolved = addr
        .to_socket_addrs()
        .with_context(|| format!("`{addr}` is no address to listen on (pass --addr HOST:PORT)"))?;
    let mut failed = anyhow!("`{addr}` names no address");
    for candidate in resolved {
        match bind(candidate) {
            Ok(listener) => return Ok(listener),
            Err(error) => failed = explain(candidate, error),
        }
    }
    Err(failed)
}

fn bind(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    // On Unix: restart at once although old connections are still in TIME_WAIT. On Windows the
    // same name means something else, that two servers may share a port, and is not wanted.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    // Accepted sockets inherit this. Without it a reply in two writes meets Nagle's algorithm and
    // the client's delayed acknowledgement: 40 ms for nothing.
    socket.set_tcp_nodelay(true)?;
    socket.bind(&addr.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

fn explain(addr: SocketAddr, error: io::Error) -> anyhow::Error {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            anyhow!("address already in use: {addr} (is another step running? pass --addr)")
        }
        io::ErrorKind::PermissionDenied => {
            anyhow!(
                "not allowed to listen on {addr} (ports under 1024 are the system's; pass --addr)"
            )
        }
        io::ErrorKind::AddrNotAvailable => {
            anyhow!("{addr} is not an address of this machine (pass --addr)")
        }
        _ => anyhow!("cannot listen on {addr}: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::*;

    #[test]
    fn accepted_sockets_inherit_no_delay() {
        let listener = listen("127.0.0.1:0").unwrap();
        let _client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (accepted, _) = listener.accept().unwrap();
        assert!(accepted.nodelay().unwrap());
    }

    #[test]
    fn an_address_in_use_is_said_with_what_to_do() {
        let first = listen("127.0.0.1:0").unwrap();
        let taken = first.local_addr().unwrap().to_string();
        let error = listen(&taken).unwrap_err().to_string();
        assert_eq!(
            error,
            format!("address already in use: {taken} (is another step running? pass --addr)")
        );
    }

    #[test]
    fn an_address_that_is_none_is_named() {
        let error = listen("nowhere").unwrap_err().to_string();
        assert!(error.contains("`nowhere`") && error.contains("--addr"), "{error}");
    }
}
