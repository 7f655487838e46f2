//! What is asked, and what must come back, byte for byte. Pure: no sockets, no clocks.

use memchr::memchr;

use crate::plan::Protocol;

/// How many different requests a connection cycles through, so that neither a neighbour's reply
/// nor the one before can pass for its own.
const VARIANTS: usize = 8;

/// A reply's head may be this long, as with most servers.
const HEAD_LIMIT: usize = 16 << 10;

/// The reply is not what it had to be.
#[derive(Debug, PartialEq, Eq)]
pub struct Wrong;

/// What one kind of client says, and what it must hear.
#[derive(Debug)]
pub struct Script {
    /// What a server says first.
    pub greeting: &'static [u8],
    exchanges: Vec<Exchange>,
}

/// One request and its reply.
#[derive(Debug)]
pub struct Exchange {
    /// The bytes to send.
    pub request: Vec<u8>,
    reply: Reply,
}

#[derive(Debug)]
enum Reply {
    /// Exactly these bytes.
    Bytes(Vec<u8>),
    /// A 200 with exactly this body; the head may vary, it has a date in it.
    Http(Vec<u8>),
}

/// How far a reply has been checked.
#[derive(Debug, Default)]
pub struct Progress {
    /// The head so far, if it came in pieces.
    head: Vec<u8>,
    in_body: bool,
    /// Bytes of the reply (with HTTP: of the body) found right.
    right: usize,
}

impl Script {
    /// Small requests that are answered at once.
    pub fn echo(protocol: Protocol, payload: usize) -> Script {
        let letters = |turn: usize| (b'a'..=b'z').cycle().skip(turn * 3).take(payload);
        let exchanges = (0..VARIANTS).map(|turn| match protocol {
            Protocol::Frames => Exchange {
                request: [b'^'].into_iter().chain(letters(turn)).chain([b'$']).collect(),
                reply: Reply::Bytes(letters(turn).map(|byte| byte + 1).collect()),
            },
            Protocol::Raw => Exchange {
                request: letters(turn).collect(),
                reply: Reply::Bytes(letters(turn).collect()),
            },
            Protocol::Http => get("/plain", b"Hello, World!"),
        });
        Script { greeting: greeting(protocol), exchanges: exchanges.collect() }
    }

    /// A long computation: whether a number that is prime is prime.
    pub fn prime(protocol: Protocol, number: u64) -> Script {
        let exchange = match protocol {
            Protocol::Http => get(&format!("/prime/{number}"), b"prime\n"),
            Protocol::Frames | Protocol::Raw => Exchange {
                request: format!("^P{number}$").into_bytes(),
                reply: Reply::Bytes(b"prime\n".to_vec()),
            },
        };
        Script { greeting: greeting(protocol), exchanges: vec![exchange] }
    }

    /// What a connection asks the `turn`th time.
    pub fn exchange(&self, turn: usize) -> &Exchange {
        &self.exchanges[turn % self.exchanges.len()]
    }
}

fn greeting(protocol: Protocol) -> &'static [u8] {
    match protocol {
        Protocol::Frames => b"*",
        Protocol::Http | Protocol::Raw => b"",
    }
}

fn get(path: &str, body: &[u8]) -> Exchange {
    Exchange {
        request: format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").into_bytes(),
        reply: Reply::Http(body.to_vec()),
    }
}

impl Progress {
    /// Ready for the next reply.
    pub fn reset(&mut self) {
        self.head.clear();
        self.in_body = false;
        self.right = 0;
    }
}

impl Exchange {
    /// The next bytes of the reply: is it complete now? Bytes beyond its end are wrong too, as
    /// only one request is under way.
    pub fn check(&self, progress: &mut Progress, bytes: &[u8]) -> Result<bool, Wrong> {
        match &self.reply {
            Reply::Bytes(expected) => compare(expected, &mut progress.right, bytes),
            Reply::Http(body) if progress.in_body => compare(body, &mut progress.right, bytes),
            Reply::Http(body) => {
                // Nearly every head arrives whole, and is then read where it lies.
                let gathered = !progress.head.is_empty();
                if gathered {
                    progress.head.extend_from_slice(bytes);
                }
                let seen = if gathered { &progress.head } else { bytes };
                if let Some(end) = head(seen, body.len())? {
                    progress.in_body = true;
                    return compare(body, &mut progress.right, &seen[end..]);
                }
                if seen.len() > HEAD_LIMIT {
                    return Err(Wrong);
                }
                if !gathered {
                    progress.head.extend_from_slice(bytes);
                }
                Ok(false)
            }
        }
    }
}

fn compare(expected: &[u8], right: &mut usize, bytes: &[u8]) -> Result<bool, Wrong> {
    let end = *right + bytes.len();
    if expected.get(*right..end) != Some(bytes) {
        return Err(Wrong);
    }
    *right = end;
    Ok(end == expected.len())
}

/// Where the head of a 200 ends that announces a body of `length` bytes (RFC 9112, 2.1 and 6.3);
/// `None` if more of it is to come.
fn head(bytes: &[u8], length: usize) -> Result<Option<usize>, Wrong> {
    let Some(status) = line(bytes)? else { return Ok(None) };
    if !status.starts_with(b"HTTP/1.1 200 ") {
        return Err(Wrong);
    }
    let mut at = status.len() + 2;
    let mut announced = None;
    while let Some(field) = line(&bytes[at..])? {
        at += field.len() + 2;
        if field.is_empty() {
            return if announced == Some(length) { Ok(Some(at)) } else { Err(Wrong) };
        }
        let colon = memchr(b':', field).ok_or(Wrong)?;
        let (name, value) = (&field[..colon], &field[colon + 1..]);
        if name.eq_ignore_ascii_case(b"content-length") {
            let value = str::from_utf8(value).map_err(|_| Wrong)?;
            if announced.replace(value.trim().parse().map_err(|_| Wrong)?).is_some() {
                return Err(Wrong);
            }
        }
    }
    Ok(None)
}

/// The first line, without its CR LF; `None` if its end is still to come.
fn line(bytes: &[u8]) -> Result<Option<&[u8]>, Wrong> {
    let Some(end) = memchr(b'\n', bytes) else { return Ok(None) };
    bytes[..end].strip_suffix(b"\r").map(Some).ok_or(Wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPLY: &[u8] =
        b"HTTP/1.1 200 OK\r\ndate: today\r\nContent-LENGTH: 13\r\n\r\nHello, World!";

    fn check(exchange: &Exchange, pieces: &[&[u8]]) -> Result<bool, Wrong> {
        let mut progress = Progress::default();
        let mut complete = false;
        for piece in pieces {
            assert!(!complete);
            complete = exchange.check(&mut progress, piece)?;
        }
        Ok(complete)
    }

    #[test]
    fn a_frame_comes_back_plus_one() {
        let script = Script::echo(Protocol::Frames, 4);
        let exchange = script.exchange(0);
        assert_eq!(exchange.request, b"^abcd$");
        assert_eq!(check(exchange, &[b"bcde"]), Ok(true));
        assert_eq!(check(exchange, &[b"b", b"cde"]), Ok(true));
        assert_eq!(check(exchange, &[b"bcd"]), Ok(false));
        assert_eq!(check(exchange, &[b"abcd"]), Err(Wrong));
        assert_eq!(check(exchange, &[b"bcdef"]), Err(Wrong), "one byte too many");
        assert_ne!(exchange.request, script.exchange(1).request);
        assert_eq!(exchange.request, script.exchange(VARIANTS).request);
    }

    #[test]
    fn a_raw_echo_comes_back_as_it_was() {
        let script = Script::echo(Protocol::Raw, 3);
        assert_eq!(check(script.exchange(0), &[b"abc"]), Ok(true));
        assert_eq!(check(script.exchange(0), &[b"bcd"]), Err(Wrong));
    }

    #[test]
    fn http_is_read_however_it_is_cut() {
        let script = Script::echo(Protocol::Http, 8);
        for cut in 1..REPLY.len() {
            let (a, b) = REPLY.split_at(cut);
            assert_eq!(check(script.exchange(0), &[a, b]), Ok(true), "cut at {cut}");
        }
        let bytes: Vec<&[u8]> = REPLY.chunks(1).collect();
        assert_eq!(check(script.exchange(0), &bytes), Ok(true));
    }

    #[test]
    fn http_that_is_not_the_answer_is_wrong() {
        let script = Script::echo(Protocol::Http, 8);
        let answers: [&[u8]; 8] = [
            b"HTTP/1.1 500 Oh\r\nContent-Length: 13\r\n\r\nHello, World!",
            b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nHello, Wurld!",
            b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nHello, World",
            b"HTTP/1.1 200 OK\r\n\r\nHello, World!",
            b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nHello, World!!",
            b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\nContent-Length: 13\r\n\r\nHello, World!",
            b"HTTP/1.1 200 OK\nContent-Length: 13\n\nHello, World!",
            b"HTTP/1.1 200 OK\r\nContent-Length: thirteen\r\n\r\nHello, World!",
        ];
        for answer in answers {
            assert_eq!(
                check(script.exchange(0), &[answer]),
                Err(Wrong),
                "{}",
                answer.escape_ascii()
            );
        }
    }

    #[test]
    fn a_head_without_end_is_wrong() {
        let script = Script::echo(Protocol::Http, 8);
        let mut progress = Progress::default();
        assert_eq!(script.exchange(0).check(&mut progress, b"HTTP/1.1 200 OK\r\n"), Ok(false));
        let piece = [b'x'; 1000];
        let mut results = (0..20).map(|_| script.exchange(0).check(&mut progress, &piece));
        assert!(results.any(|result| result == Err(Wrong)));
    }

    #[test]
    fn primes_are_asked_in_both_protocols() {
        let frames = Script::prime(Protocol::Frames, 7);
        assert_eq!(frames.exchange(5).request, b"^P7$");
        assert_eq!(check(frames.exchange(0), &[b"prime\n"]), Ok(true));
        assert_eq!(check(frames.exchange(0), &[b"composite\n"]), Err(Wrong));
        let http = Script::prime(Protocol::Http, 7);
        assert!(http.exchange(0).request.starts_with(b"GET /prime/7 HTTP/1.1\r\n"));
    }
}
