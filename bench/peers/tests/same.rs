//! Each peer answers `GET /plain` and `HEAD /plain` exactly as step 05 does: the same
//! status, the same fields with the same values, the same body. Only what HTTP leaves open may
//! differ: the order of the fields, and the case of their names.

#![expect(clippy::unwrap_used, reason = "a test may")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

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
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn same(binary: &str) {
    let ours = ours();
    assert!(ours[0].body == b"Hello, World!" && ours[1].body.is_empty());
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let _peer = Server(Command::new(binary).arg(address.port().to_string()).spawn().unwrap());
    let patience = Instant::now() + Duration::from_secs(10);
    let mut stream = loop {
        match TcpStream::connect(address) {
            Ok(stream) => break stream,
            Err(error) if Instant::now() > patience => panic!("{binary}: {error}"),
            Err(_) => thread::sleep(Duration::from_millis(10)),
        }
    };
    // Whole, and in pieces that end anywhere.
    for size in [REQUESTS.len(), 1, 30] {
        for piece in REQUESTS.as_bytes().chunks(size) {
            stream.write_all(piece).unwrap();
        }
        assert_eq!(replies(&stream), ours, "{binary}, in pieces of {size} bytes");
    }
}

/// What step 05 answers. It is built first, by the cargo that built this.
fn ours() -> [Reply; 3] {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.toml");
    let mut step = Command::new(env!("CARGO"));
    step.args(["run", "--quiet", "--package", "step-05-nonblocking", "--manifest-path", manifest]);
    step.args(["--", "--addr", "127.0.0.1:0", "--protocol", "http"]).stdout(Stdio::piped());
    let mut step = Server(step.spawn().unwrap());
    let mut line = String::new();
    BufReader::new(step.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let mut stream =
        TcpStream::connect(line.trim().strip_prefix("listening on ").unwrap()).unwrap();
    stream.write_all(REQUESTS.as_bytes()).unwrap();
    replies(&stream)
}

#[derive(Debug, PartialEq)]
struct Reply {
    status: String,
    /// Sorted, names in lower case; of the date only how long it is.
    fields: Vec<(String, String)>,
    body: Vec<u8>,
}

fn replies(stream: &TcpStream) -> [Reply; 3] {
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
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
