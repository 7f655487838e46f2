//! Sockets fail and sockets say "later". One client lost is one line, and never the server's end.

use std::fmt::Display;
use std::io::{self, ErrorKind, Read};
use std::net::SocketAddr;
use std::time::Duration;

use socket2::SockRef;

/// Says it, if a client was lost: its socket failed, or there was no thread for it.
pub fn report<T>(peer: SocketAddr, result: Result<T, impl Display>) {
    if let Err(error) = result {
        eprintln!("lost {peer}: {error}");
    }
}

/// Says why `accept` failed, and how long to leave the listener alone.
///
/// A client that gave up while it waited in the backlog costs no pause: the next one may be fine.
/// Anything else (descriptors or memory exhausted) will not be better at once, and to try again
/// at once would spin: 100 ms. Nobody is lost by that: who waits, waits in the backlog.
pub fn accept_pause(error: &io::Error) -> Duration {
    match error.kind() {
        ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset | ErrorKind::Interrupted => {
            eprintln!("lost a client before it was accepted: {error}");
            Duration::ZERO
        }
        _ => {
            eprintln!("cannot accept for now, trying again: {error}");
            Duration::from_millis(100)
        }
    }
}

/// What has arrived on a non-blocking socket; 0 if nothing has. Asks the kernel itself: a runtime
/// may not have heard of it yet.
pub fn arrived<'a, S>(stream: &'a S, buffer: &mut [u8]) -> io::Result<usize>
where
    SockRef<'a>: From<&'a S>,
{
    let socket = SockRef::from(stream);
    Ok(later((&*socket).read(buffer))?.unwrap_or(0))
}

/// What a call on a non-blocking socket says: `None` is "later", when the kernel tells us.
pub fn later<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
    }
}
