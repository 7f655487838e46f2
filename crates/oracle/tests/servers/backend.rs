//! What stands behind a proxy: it answers each request with what it was asked.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;

use crate::outcome::seen;

/// Starts it; it ends with this process.
pub fn start() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let addr = listener.local_addr()?;
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // What becomes of one request is seen where its answer is missing.
            thread::spawn(move || answer(stream));
        }
    });
    Ok(addr)
}

/// Answers one request. Whatever a proxy sends is taken at its word.
fn answer(mut stream: TcpStream) -> io::Result<()> {
    let mut input = BufReader::new(stream.try_clone()?);
    let line = read_line(&mut input)?;
    let mut words = line.split(' ');
    let (method, target) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    let (mut length, mut chunked) = (0, false);
    loop {
        let field = read_line(&mut input)?.to_ascii_lowercase();
        match field.split_once(':') {
            Some(("content-length", value)) => length = value.trim().parse().unwrap_or(0),
            Some(("transfer-encoding", _)) => chunked = true,
            Some(_) => {}
            None => break,
        }
    }
    let mut body = Vec::new();
    if chunked {
        loop {
            let size = read_line(&mut input)?;
            let size = u64::from_str_radix(&size, 16).map_err(io::Error::other)?;
            if size == 0 {
                break;
            }
            input.by_ref().take(size).read_to_end(&mut body)?;
            read_line(&mut input)?;
        }
        while !read_line(&mut input)?.is_empty() {}
    } else {
        input.take(length).read_to_end(&mut body)?;
    }
    let (path, query) = split(target);
    let text = seen(method, path, query, &body);
    let length = text.len();
    let head = format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n");
    stream.write_all(&[head.as_bytes(), &text].concat())
}

/// Path and query. One proxy passes an absolute target on as it is, and the other does not.
fn split(target: &str) -> (&str, Option<&str>) {
    let target = match target.split_once("://") {
        Some((_, rest)) => rest.find(['/', '?']).map_or("", |at| &rest[at..]),
        None => target,
    };
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    (if path.is_empty() { "/" } else { path }, query)
}

/// A line without its end.
fn read_line(input: &mut impl BufRead) -> io::Result<String> {
    let mut line = Vec::new();
    input.read_until(b'\n', &mut line)?;
    Ok(String::from_utf8_lossy(&line).trim_end().to_string())
}
