//! Small servers to aim the generator at: one that is right, and several that are broken on
//! purpose, each in one way. One thread per connection; they end with the test's process.

#![allow(dead_code, reason = "each test uses some of them")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

/// Starts a server that talks to each connection with `talk`; the number says the how manieth
/// connection it is.
pub fn serve(talk: impl Fn(usize, TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = listener.local_addr().unwrap();
    let talk = Arc::new(talk);
    thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let (stream, talk) = (stream.unwrap(), Arc::clone(&talk));
            stream.set_nodelay(true).unwrap();
            thread::spawn(move || talk(number, stream));
        }
    });
    target
}

/// Lets `answer` turn what has been read into what is written, until either side ends it.
pub fn converse(mut stream: TcpStream, mut answer: impl FnMut(&[u8]) -> Vec<u8>) {
    let mut buffer = [0; 4096];
    while let Ok(n @ 1..) = stream.read(&mut buffer) {
        if stream.write_all(&answer(&buffer[..n])).is_err() {
            break;
        }
    }
}

/// Greets, and hands back a machine that answers frames as their bytes arrive.
pub fn greet(mut stream: &TcpStream) -> impl FnMut(&[u8]) -> Vec<u8> + use<> {
    let _ = stream.write_all(b"*");
    let mut inside = false;
    let mut number: Option<Vec<u8>> = None;
    move |bytes| {
        let mut reply = Vec::new();
        for &byte in bytes {
            match (byte, &mut number) {
                (b'^', _) if !inside => inside = true,
                (b'$', digits) => {
                    if digits.take().is_some() {
                        reply.extend_from_slice(b"prime\n");
                    }
                    inside = false;
                }
                (digit, Some(digits)) => digits.push(digit),
                (b'P', None) if inside => number = Some(Vec::new()),
                (other, None) => reply.push(other + 1),
            }
        }
        reply
    }
}

/// A server that does everything right.
pub fn frames() -> SocketAddr {
    serve(|_, stream| {
        let answer = greet(&stream);
        converse(stream, answer);
    })
}

/// Answers every request, which here ends with an empty line, with these bytes.
pub fn http(reply: &'static [u8]) -> SocketAddr {
    serve(move |_, stream| {
        converse(stream, move |bytes| {
            assert!(bytes.starts_with(b"GET /plain HTTP/1.1\r\n"));
            assert!(bytes.ends_with(b"\r\n\r\n"));
            reply.to_vec()
        });
    })
}

/// Answers `GET` and `HEAD` as it should, but for what `spoil` does to the replies to requests
/// that arrived together.
pub fn plain(spoil: impl Fn(&mut Vec<&'static [u8]>) + Send + Sync + 'static) -> SocketAddr {
    const REPLY: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nHello, World!";
    let (head, _) = REPLY.split_at(REPLY.len() - b"Hello, World!".len());
    let spoil = Arc::new(spoil);
    serve(move |_, stream| {
        let spoil = Arc::clone(&spoil);
        let mut input = Vec::new();
        converse(stream, move |bytes| {
            input.extend_from_slice(bytes);
            let mut replies = Vec::new();
            while let Some(end) = input.windows(4).position(|end| end == b"\r\n\r\n") {
                let is_head = input.drain(..end + 4).next() == Some(b'H');
                replies.push(if is_head { head } else { REPLY });
            }
            spoil(&mut replies);
            replies.concat()
        });
    })
}
