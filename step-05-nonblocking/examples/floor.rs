//! The floor: an event loop that sends back what it reads, without a protocol.
//!
//! What step 05 costs more than this is the price of the contract. Measure both in one run:
//!     cargo build --release -p step-05-nonblocking --example floor
//!     cargo xtask bench-all --workload echo --step 05 --peer 'floor=target/release/examples/floor {port}' --peer-protocol raw
//! A benchmark's peer and not a server: a client that does not read its echoes is dropped.

use std::io::{ErrorKind, Read, Write};

use anyhow::Context;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use slab::Slab;

const LISTENER: Token = Token(usize::MAX);

fn main() -> anyhow::Result<()> {
    let port = std::env::args().nth(1).context("usage: floor PORT")?;
    let port = port.parse::<u16>().with_context(|| format!("`{port}` is no port"))?;
    let mut listener = TcpListener::bind(([127, 0, 0, 1], port).into())?;
    let mut poll = Poll::new()?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut streams: Slab<TcpStream> = Slab::new();
    let mut events = Events::with_capacity(1024);
    let mut buffer = [0; 16 * 1024];
    loop {
        match poll.poll(&mut events, None) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            result => result?,
        }
        for event in &events {
            let Token(key) = event.token();
            if event.token() == LISTENER {
                while let Ok((mut stream, _)) = listener.accept() {
                    stream.set_nodelay(true)?;
                    let place = streams.vacant_entry();
                    let token = Token(place.key());
                    poll.registry().register(&mut stream, token, Interest::READABLE)?;
                    place.insert(stream);
                }
                continue;
            }
            let Some(stream) = streams.get_mut(key) else { continue };
            if !echo(stream, &mut buffer, event.is_read_closed()) {
                streams.remove(key);
            }
        }
    }
}

/// Echoes what there is. False: this client is gone, or does not read.
fn echo(stream: &mut TcpStream, buffer: &mut [u8], closing: bool) -> bool {
    loop {
        match stream.read(buffer) {
            Ok(0) => return false,
            Ok(n) if stream.write(&buffer[..n]).ok() != Some(n) => return false,
            // A short read has emptied the socket, but for the end that was announced.
            Ok(n) if n < buffer.len() && !closing => return true,
            Ok(_) => {}
            Err(error) => return error.kind() == ErrorKind::WouldBlock,
        }
    }
}
