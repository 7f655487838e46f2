//! What is asked, and what must come back, byte for byte. Pure: no sockets, no clocks.

use std::cell::RefCell;

use memchr::memchr;

use crate::plan::{Page, Protocol};

/// How many different exchanges a connection cycles through, so that neither a neighbour's reply
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
    /// What every connection asks first, and once, where all later replies are alike.
    opening: Option<Exchange>,
    exchanges: Vec<Exchange>,
}

/// Requests that are sent together, one in most workloads, and their replies, which must come in
/// the same order.
#[derive(Debug)]
pub struct Exchange {
    /// The bytes to send.
    pub requests: Vec<u8>,
    replies: Vec<Reply>,
}

#[derive(Debug)]
enum Reply {
    /// Exactly these bytes.
    Bytes(Vec<u8>),
    /// A 200. Its head may vary, as there is a date in it.
    Http {
        /// What must be announced.
        length: usize,
        /// What must follow the head: nothing, after a `HEAD`.
        body: Vec<u8>,
        /// The last one that was right, head and body. What equals it is right as well, and nearly
        /// all do: the date changes once a second.
        last: RefCell<Vec<u8>>,
    },
}

/// How far the replies of an exchange have been checked.
#[derive(Debug, Default)]
pub struct Progress {
    /// Replies that were complete, and right.
    complete: usize,
    /// With HTTP, the next one so far, if it came in pieces.
    held: Vec<u8>,
    /// Otherwise, how many of its bytes were found right.
    right: usize,
}

impl Script {
    /// Small requests that are answered at once, `depth` of them sent together.
    pub fn echo(protocol: Protocol, payload: usize, page: &Page, depth: usize) -> Script {
        let letters = |turn: usize| (b'a'..=b'z').cycle().skip(turn * 3 % 26).take(payload);
        let one = |turn: usize| match protocol {
            Protocol::Frames => Exchange::one(
                [b'^'].into_iter().chain(letters(turn)).chain([b'$']).collect(),
                Reply::Bytes(letters(turn).map(|byte| byte + 1).collect()),
            ),
            Protocol::Raw => {
                Exchange::one(letters(turn).collect(), Reply::Bytes(letters(turn).collect()))
            }
            Protocol::Http => get(&page.path, page.body.as_bytes()),
        };
        let together = |turn: usize| (turn..turn + depth).map(one).collect();
        // The replies to one `GET` after the other being all alike, their order does not show. Those to `GET`
        // and `HEAD` differ, and so the first exchange shows it.
        let in_turn =
            [get, head_of].into_iter().cycle().map(|ask| ask(&page.path, page.body.as_bytes()));
        let alike = protocol == Protocol::Http && depth > 1;
        Script {
            greeting: greeting(protocol),
            opening: alike.then(|| in_turn.take(depth).collect()),
            exchanges: (0..VARIANTS).map(together).collect(),
        }
    }

    /// A long computation: whether a number that is prime is prime.
    pub fn prime(protocol: Protocol, number: u64) -> Script {
        let exchange = match protocol {
            Protocol::Http => get(&format!("/prime/{number}"), b"prime\n"),
            Protocol::Frames | Protocol::Raw => Exchange::one(
                format!("^P{number}$").into_bytes(),
                Reply::Bytes(b"prime\n".to_vec()),
            ),
        };
        Script { greeting: greeting(protocol), opening: None, exchanges: vec![exchange] }
    }

    /// What the connection of this number asks the `turn`th time, the first being 1.
    pub fn exchange(&self, connection: usize, turn: usize) -> &Exchange {
        match &self.opening {
            Some(opening) if turn == 1 => opening,
            _ => &self.exchanges[(connection + turn) % self.exchanges.len()],
        }
    }
}

fn greeting(protocol: Protocol) -> &'static [u8] {
    match protocol {
        Protocol::Frames => b"*",
        Protocol::Http | Protocol::Raw => b"",
    }
}

fn get(path: &str, body: &[u8]) -> Exchange {
    http("GET", path, body.len(), body)
}

/// The same head, and no body (RFC 9110, 9.3.2).
fn head_of(path: &str, body: &[u8]) -> Exchange {
    http("HEAD", path, body.len(), b"")
}

fn http(method: &str, path: &str, length: usize, body: &[u8]) -> Exchange {
    let request = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    Exchange::one(
        request.into_bytes(),
        Reply::Http { length, body: body.to_vec(), last: RefCell::default() },
    )
}

impl FromIterator<Exchange> for Exchange {
    /// All of them, sent together.
    fn from_iter<I: IntoIterator<Item = Exchange>>(several: I) -> Exchange {
        let mut all = Exchange { requests: Vec::new(), replies: Vec::new() };
        for exchange in several {
            all.requests.extend(exchange.requests);
            all.replies.extend(exchange.replies);
        }
        all
    }
}

impl Exchange {
    fn one(request: Vec<u8>, reply: Reply) -> Exchange {
        Exchange { requests: request, replies: vec![reply] }
    }

    /// How many requests are sent together.
    pub fn depth(&self) -> usize {
        self.replies.len()
    }

    /// The next bytes that came: how many more replies are complete now? Bytes beyond the last
    /// are wrong, too: nobody has asked for them.
    pub fn check(&self, progress: &mut Progress, mut bytes: &[u8]) -> Result<usize, Wrong> {
        let before = progress.complete;
        while !bytes.is_empty() {
            let reply = self.replies.get(progress.complete).ok_or(Wrong)?;
            let Some(used) = reply.check(progress, bytes)? else { break };
            bytes = &bytes[used..];
            progress.complete += 1;
            progress.held.clear();
            progress.right = 0;
        }
        Ok(progress.complete - before)
    }
}

impl Progress {
    /// Ready for the next exchange.
    pub fn reset(&mut self) {
        self.complete = 0;
        self.held.clear();
        self.right = 0;
    }
}

impl Reply {
    /// How many of these bytes complete the reply; `None` if it takes all of them, and more.
    fn check(&self, progress: &mut Progress, bytes: &[u8]) -> Result<Option<usize>, Wrong> {
        match self {
            Reply::Bytes(expected) => {
                let (n, complete) = begins(&expected[progress.right..], bytes)?;
                progress.right += n;
                Ok(complete.then_some(n))
            }
            Reply::Http { length, body, last } => {
                let held = progress.held.len();
                // Nearly every reply arrives whole, and is then read where it lies.
                let seen = if held == 0 {
                    bytes
                } else {
                    progress.held.extend_from_slice(bytes);
                    &progress.held
                };
                let mut last = last.borrow_mut();
                if !last.is_empty() && seen.starts_with(&last) {
                    return Ok(Some(last.len() - held));
                }
                if let Some(end) = head(seen, *length)? {
                    let (n, complete) = begins(body, &seen[end..])?;
                    if complete {
                        last.clear();
                        last.extend_from_slice(&seen[..end + n]);
                        return Ok(Some(end + n - held));
                    }
                } else if seen.len() > HEAD_LIMIT {
                    return Err(Wrong);
                }
                if held == 0 {
                    progress.held.extend_from_slice(bytes);
                }
                Ok(None)
            }
        }
    }
}

/// How many of the bytes are what is expected, and whether that is all of it.
fn begins(expected: &[u8], bytes: &[u8]) -> Result<(usize, bool), Wrong> {
    let n = bytes.len().min(expected.len());
    if bytes[..n] == expected[..n] { Ok((n, n == expected.len())) } else { Err(Wrong) }
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

    const NO_BODY: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n";

    /// What the first connection asks first.
    fn echo(protocol: Protocol, payload: usize, depth: usize) -> Exchange {
        let mut script = Script::echo(protocol, payload, &Page::default(), depth);
        script.opening.take().unwrap_or_else(|| script.exchanges.swap_remove(0))
    }

    /// How many replies these pieces complete.
    fn check(exchange: &Exchange, pieces: &[&[u8]]) -> Result<usize, Wrong> {
        let mut progress = Progress::default();
        pieces.iter().map(|piece| exchange.check(&mut progress, piece)).sum()
    }

    #[test]
    fn a_frame_comes_back_plus_one() {
        let exchange = echo(Protocol::Frames, 4, 1);
        assert_eq!(exchange.requests, b"^abcd$");
        assert_eq!(check(&exchange, &[b"bcde"]), Ok(1));
        assert_eq!(check(&exchange, &[b"b", b"cde"]), Ok(1));
        assert_eq!(check(&exchange, &[b"bcd"]), Ok(0));
        assert_eq!(check(&exchange, &[b"abcd"]), Err(Wrong));
        assert_eq!(check(&exchange, &[b"bcdef"]), Err(Wrong), "one byte too many");
        assert_eq!(check(&exchange, &[b"bcde", b"f"]), Err(Wrong), "the same, later");
    }

    #[test]
    fn neighbours_and_turns_differ() {
        let script = Script::echo(Protocol::Frames, 4, &Page::default(), 1);
        let asked = |connection, turn| &script.exchange(connection, turn).requests;
        assert_ne!(asked(0, 1), asked(0, 2));
        assert_ne!(asked(0, 1), asked(1, 1));
        assert_eq!(asked(0, 1), asked(0, 1 + VARIANTS));
    }

    #[test]
    fn a_raw_echo_comes_back_as_it_was() {
        let exchange = echo(Protocol::Raw, 3, 1);
        assert_eq!(check(&exchange, &[b"abc"]), Ok(1));
        assert_eq!(check(&exchange, &[b"bcd"]), Err(Wrong));
    }

    #[test]
    fn http_is_read_however_it_is_cut() {
        for cut in 1..REPLY.len() {
            let (a, b) = REPLY.split_at(cut);
            assert_eq!(check(&echo(Protocol::Http, 8, 1), &[a, b]), Ok(1), "cut at {cut}");
        }
        let bytes: Vec<&[u8]> = REPLY.chunks(1).collect();
        assert_eq!(check(&echo(Protocol::Http, 8, 1), &bytes), Ok(1));
    }

    #[test]
    fn http_that_is_not_the_answer_is_wrong() {
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
        let exchange = echo(Protocol::Http, 8, 1);
        for answer in answers {
            for _ in ["the first", "one after others that were right"] {
                assert_eq!(check(&exchange, &[answer]), Err(Wrong), "{}", answer.escape_ascii());
                assert_eq!(check(&exchange, &[REPLY]), Ok(1));
            }
        }
    }

    #[test]
    fn another_page_has_another_body() {
        let page = Page { path: "/sleep?ms=5".into(), body: "slept 5 ms\n".into() };
        let script = Script::echo(Protocol::Http, 8, &page, 1);
        let exchange = script.exchange(0, 1);
        assert!(exchange.requests.starts_with(b"GET /sleep?ms=5 HTTP/1.1\r\n"));
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n";
        assert_eq!(check(exchange, &[head, b"slept 5 ms\n"]), Ok(1));
        assert_eq!(check(exchange, &[head, b"slept 6 ms\n"]), Err(Wrong));
        assert_eq!(check(exchange, &[REPLY]), Err(Wrong));
    }

    #[test]
    fn another_date_is_as_right_as_the_one_before() {
        let exchange = echo(Protocol::Http, 8, 1);
        let tomorrow = str::from_utf8(REPLY).unwrap().replace("today", "tomorrow, perhaps");
        for reply in [REPLY, REPLY, tomorrow.as_bytes(), tomorrow.as_bytes(), REPLY] {
            assert_eq!(check(&exchange, &[reply]), Ok(1));
            let (a, b) = reply.split_at(reply.len() - 1);
            assert_eq!(check(&exchange, &[a, b]), Ok(1));
            assert_eq!(check(&exchange, &[a, b"?"]), Err(Wrong));
        }
    }

    #[test]
    fn a_head_without_end_is_wrong() {
        let exchange = echo(Protocol::Http, 8, 1);
        let mut progress = Progress::default();
        assert_eq!(exchange.check(&mut progress, b"HTTP/1.1 200 OK\r\n"), Ok(0));
        let piece = [b'x'; 1000];
        let mut results = (0..20).map(|_| exchange.check(&mut progress, &piece));
        assert!(results.any(|result| result == Err(Wrong)));
    }

    #[test]
    fn requests_sent_together_are_answered_in_order_however_the_replies_are_cut() {
        let frames = echo(Protocol::Frames, 2, 3);
        assert_eq!(frames.requests, b"^ab$^de$^gh$");
        assert_eq!(check(&frames, &[b"bcefhi"]), Ok(3));
        assert_eq!(check(&frames, &[b"bce", b"fh"]), Ok(2));
        for wrong in [&b"efbchi"[..], b"bcefefhi", b"bchi", b"bcefhii"] {
            assert_eq!(check(&frames, &[wrong]), Err(Wrong), "{}", wrong.escape_ascii());
        }
        let http = echo(Protocol::Http, 8, 3);
        let replies = [REPLY, NO_BODY, REPLY].concat();
        for cut in 1..replies.len() {
            let (a, b) = replies.split_at(cut);
            assert_eq!(check(&http, &[a, b]), Ok(3), "cut at {cut}");
        }
        for wrong in [[NO_BODY, REPLY, REPLY], [REPLY, REPLY, NO_BODY], [REPLY; 3], [NO_BODY; 3]] {
            assert_eq!(check(&http, &[&wrong.concat()]), Err(Wrong));
        }
    }

    #[test]
    fn a_pipeline_asks_for_the_same_after_its_first_turn() {
        let script = Script::echo(Protocol::Http, 8, &Page::default(), 2);
        let [first, second] = [1, 2].map(|turn| &script.exchange(5, turn).requests);
        let second = second.escape_ascii().to_string();
        assert_eq!(second.matches("GET /plain HTTP/1.1").count(), 2, "{second}");
        assert!(first.escape_ascii().to_string().contains("HEAD /plain HTTP/1.1"));
    }

    #[test]
    fn primes_are_asked_in_both_protocols() {
        let frames = Script::prime(Protocol::Frames, 7);
        assert_eq!(frames.exchange(5, 1).requests, b"^P7$");
        assert_eq!(check(frames.exchange(0, 1), &[b"prime\n"]), Ok(1));
        assert_eq!(check(frames.exchange(0, 1), &[b"composite\n"]), Err(Wrong));
        let http = Script::prime(Protocol::Http, 7);
        assert!(http.exchange(0, 1).requests.starts_with(b"GET /prime/7 HTTP/1.1\r\n"));
    }
}
