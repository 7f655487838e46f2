//! Each peer answers `GET /plain` and `HEAD /plain` exactly as the site of the steps does: the same
//! status, the same fields with the same values, the same body. Only what HTTP leaves open may
//! differ: the order of the fields, and the case of their names.

#![expect(clippy::unwrap_used, reason = "a test may")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use proto::Session;

/// Three requests, sent together.
const REQUESTS: &str = "GET /plain HTTP/1.1\r\nHost: localhost\r\n\r\n\
                        HEAD /plain HTTP/1.1\r\nHost: localhost\r\n\r\n\
                        GET /plain HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// Whether each has a body.
const BODIES: [bool; 3] = [true, false, true];

#[test]
fn hyper_answers_as_we_do() {
    same(env!("CARGO_BIN_EXE_hyper"));
}

#[test]
fn the_floor_answers_as_we_do() {
    same(env!("CARGO_BIN_EXE_floor"));
}

/// Ends its process when it is dropped.
struct Peer(Child);

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn same(binary: &str) {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let _peer = Peer(Command::new(binary).arg(port.to_string()).spawn().unwrap());
    let patience = Instant::now() + Duration::from_secs(10);
    let mut stream = loop {
        match TcpStream::connect(("127.0.0.1", port)) {
            Ok(stream) => break stream,
            Err(error) if Instant::now() > patience => panic!("{binary}: {error}"),
            Err(_) => thread::sleep(Duration::from_millis(10)),
        }
    };
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let config = app::Config { step: "step-05-nonblocking", public: Path::new("public") };
    let session = Session::new(Box::new(http_lite::Connection::new(app::site(&config))));
    let ours = proto::converse(session, REQUESTS.as_bytes(), REQUESTS.len());
    let ours = replies(ours.as_slice());
    assert!(ours[0].body == b"Hello, World!" && ours[1].body.is_empty());
    // Whole, and in pieces that end anywhere.
    for size in [REQUESTS.len(), 1, 30] {
        for piece in REQUESTS.as_bytes().chunks(size) {
            stream.write_all(piece).unwrap();
        }
        assert_eq!(replies(&stream), ours, "{binary}, in pieces of {size} bytes");
    }
}

#[derive(Debug, PartialEq)]
struct Reply {
    status: String,
    /// Sorted, names in lower case; of the date only how long it is.
    fields: Vec<(String, String)>,
    body: Vec<u8>,
}

fn replies(stream: impl Read) -> [Reply; 3] {
    let mut stream = BufReader::new(stream);
    let replies = BODIES.map(|has_body| {
        let mut line = || {
            let mut line = String::new();
            stream.read_line(&mut line).unwrap();
            line.strip_suffix("\r\n").unwrap().to_string()
        };
        let status = line();
        let mut fields = Vec::new();
        loop {
            let field = line();
            let Some((name, value)) = field.split_once(": ") else {
                assert_eq!(field, "");
                break;
            };
            let name = name.to_ascii_lowercase();
            let value = if name == "date" { value.len().to_string() } else { value.to_string() };
            fields.push((name, value));
        }
        fields.sort();
        let mut body = vec![0; if has_body { b"Hello, World!".len() } else { 0 }];
        stream.read_exact(&mut body).unwrap();
        Reply { status, fields, body }
    });
    assert!(stream.buffer().is_empty(), "more than was asked for");
    replies
}
