//! The floor: an event loop that counts empty lines, and answers each with the same bytes.
//!
//! What a server costs more than this is the price of reading requests and making replies. Of a
//! request it looks at one byte, to leave the body out after `HEAD`. No server, only its shadow: a
//! client that does not read its replies is dropped, and whatever is asked for is `/plain`.

use std::io::{self, ErrorKind, Read, Write};
use std::net::Ipv4Addr;
use std::time::SystemTime;

use anyhow::Context;
use memchr::memmem;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use slab::Slab;

const LISTENER: Token = Token(usize::MAX);

const BODY: &[u8] = b"Hello, World!";

struct Client {
    stream: TcpStream,
    /// The beginning of a request whose end has not come.
    rest: Vec<u8>,
}

/// What is used for every client.
struct Floor {
    end: memmem::Finder<'static>,
    buffer: [u8; 16 << 10],
    reply: Vec<u8>,
    /// When its date was written: seconds since 1970.
    second: u64,
    output: Vec<u8>,
}

fn main() -> anyhow::Result<()> {
    let port = std::env::args().nth(1).context("usage: floor PORT")?;
    let port: u16 = port.parse().with_context(|| format!("`{port}` is no port"))?;
    let mut listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port).into())?;
    let mut poll = Poll::new()?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut clients: Slab<Client> = Slab::new();
    let mut floor = Floor {
        end: memmem::Finder::new(b"\r\n\r\n"),
        buffer: [0; 16 << 10],
        reply: Vec::new(),
        second: 0,
        output: Vec::new(),
    };
    let mut events = Events::with_capacity(1024);
    loop {
        match poll.poll(&mut events, None) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            result => result?,
        }
        floor.refresh();
        for event in &events {
            let Token(key) = event.token();
            if event.token() == LISTENER {
                accept(&listener, &poll, &mut clients)?;
            } else if let Some(client) = clients.get_mut(key)
                && !floor.answer(client, event.is_read_closed())
            {
                clients.remove(key);
            }
        }
    }
}

fn accept(listener: &TcpListener, poll: &Poll, clients: &mut Slab<Client>) -> io::Result<()> {
    while let Ok((mut stream, _)) = listener.accept() {
        stream.set_nodelay(true)?;
        let place = clients.vacant_entry();
        poll.registry().register(&mut stream, Token(place.key()), Interest::READABLE)?;
        place.insert(Client { stream, rest: Vec::new() });
    }
    Ok(())
}

impl Floor {
    /// A new date, once a second.
    fn refresh(&mut self) {
        let now = SystemTime::now();
        let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        if since.as_secs() != self.second {
            self.second = since.as_secs();
            let date = httpdate::fmt_http_date(now);
            let head = format!(
                "HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n",
                BODY.len()
            );
            self.reply = [head.as_bytes(), BODY].concat();
        }
    }

    /// Answers all that has come. False: this client is gone, or does not read.
    fn answer(&mut self, client: &mut Client, closing: bool) -> bool {
        loop {
            let n = match client.stream.read(&mut self.buffer) {
                Ok(0) => return false,
                Ok(n) => n,
                Err(error) => return error.kind() == ErrorKind::WouldBlock,
            };
            self.reply_to(n, &mut client.rest);
            if client.stream.write(&self.output).ok() != Some(self.output.len()) {
                return false;
            }
            // A short read has emptied the socket, but for the end that was announced.
            if n < self.buffer.len() && !closing {
                return true;
            }
        }
    }

    /// Makes the replies to the `n` bytes that were read.
    fn reply_to(&mut self, n: usize, rest: &mut Vec<u8>) {
        self.output.clear();
        let mut bytes = &self.buffer[..n];
        let held;
        if !rest.is_empty() {
            rest.extend_from_slice(bytes);
            held = std::mem::take(rest);
            bytes = &held;
        }
        while let Some(end) = self.end.find(bytes) {
            let body = if bytes[0] == b'H' { BODY.len() } else { 0 };
            self.output.extend_from_slice(&self.reply[..self.reply.len() - body]);
            bytes = &bytes[end + 4..];
        }
        rest.extend_from_slice(bytes);
    }
}
