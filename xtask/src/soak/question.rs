//! What clients ask in a soak, and what they must hear, byte for byte. Pure: no sockets, no clocks.

use conform::{Protocol, Random};

/// A prime that takes a few milliseconds to check: long enough to leave meanwhile.
const PRIME: u64 = 1_000_000_000_039;

/// One request, or several that are sent together, and what comes back.
pub struct Question {
    pub bytes: Vec<u8>,
    /// In this order.
    pub answers: Vec<Answer>,
}

/// What must come.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Exactly these bytes.
    Bytes(Vec<u8>),
    /// An HTTP response with this status and body.
    Http(u16, Vec<u8>),
}

impl Question {
    /// Any of those that are answered at once.
    pub fn small(protocol: Protocol, random: &mut Random) -> Question {
        let length = 1 + random.next() as usize % 60;
        match (protocol, random.next() % 4) {
            (_, 0) => Question::number(protocol, 8, "composite\n"),
            (Protocol::Http, 1) => get("/plain", b"Hello, World!"),
            (Protocol::Http, 2) => chunked(random.letters(length).as_bytes()),
            _ => Question::echo(protocol, random, length),
        }
    }

    /// So many bytes come back.
    pub fn echo(protocol: Protocol, random: &mut Random, length: usize) -> Question {
        let letters = random.letters(length);
        match protocol {
            Protocol::Frames => Question {
                bytes: format!("^{letters}$").into_bytes(),
                answers: vec![Answer::Bytes(letters.bytes().map(|byte| byte + 1).collect())],
            },
            Protocol::Http => {
                let length = format!("Content-Length: {length}\r\n");
                Question {
                    bytes: request("POST", "/echo", &length, letters.as_bytes()),
                    answers: vec![Answer::Http(200, letters.into_bytes())],
                }
            }
        }
    }

    /// A computation.
    pub fn prime(protocol: Protocol) -> Question {
        Question::number(protocol, PRIME, "prime\n")
    }

    /// Several small ones, in one piece.
    pub fn pipeline(protocol: Protocol, random: &mut Random, depth: usize) -> Question {
        let several: Vec<Question> =
            (0..depth).map(|_| Question::small(protocol, random)).collect();
        Question {
            bytes: several.iter().flat_map(|question| question.bytes.clone()).collect(),
            answers: several.into_iter().flat_map(|question| question.answers).collect(),
        }
    }

    fn number(protocol: Protocol, n: u64, says: &str) -> Question {
        match protocol {
            Protocol::Frames => Question {
                bytes: format!("^P{n}$").into_bytes(),
                answers: vec![Answer::Bytes(says.into())],
            },
            Protocol::Http => get(&format!("/prime/{n}"), says.as_bytes()),
        }
    }
}

impl Answer {
    /// How many of these bytes it takes; `None`: there is more to come. Something else is an error.
    pub fn take(&self, seen: &[u8]) -> Result<Option<usize>, ()> {
        match self {
            Answer::Bytes(bytes) => {
                let n = bytes.len().min(seen.len());
                if bytes[..n] == seen[..n] { Ok((n == bytes.len()).then_some(n)) } else { Err(()) }
            }
            Answer::Http(status, body) => {
                let Some(head) = seen.windows(4).position(|end| end == b"\r\n\r\n") else {
                    return Ok(None);
                };
                let text = str::from_utf8(&seen[..head]).map_err(drop)?;
                let length = text.lines().find_map(|line| {
                    let (name, value) = line.split_once(':')?;
                    name.eq_ignore_ascii_case("content-length").then(|| value.trim())
                });
                let is_right = text.starts_with(&format!("HTTP/1.1 {status} "))
                    && length.and_then(|length| length.parse().ok()) == Some(body.len());
                let come = &seen[head + 4..];
                let n = body.len().min(come.len());
                if !is_right || body[..n] != come[..n] {
                    return Err(());
                }
                Ok((n == body.len()).then_some(head + 4 + n))
            }
        }
    }
}

fn get(path: &str, body: &[u8]) -> Question {
    Question { bytes: request("GET", path, "", b""), answers: vec![Answer::Http(200, body.into())] }
}

fn chunked(body: &[u8]) -> Question {
    let (first, second) = body.split_at(body.len() / 2);
    let chunk = |part: &[u8]| [format!("{:x}\r\n", part.len()).as_bytes(), part, b"\r\n"].concat();
    let mut chunks: Vec<u8> =
        [first, second].into_iter().filter(|part| !part.is_empty()).flat_map(chunk).collect();
    chunks.extend(b"0\r\n\r\n");
    Question {
        bytes: request("POST", "/echo", "Transfer-Encoding: chunked\r\n", &chunks),
        answers: vec![Answer::Http(200, body.into())],
    }
}

fn request(method: &str, path: &str, fields: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n");
    [head.as_bytes(), body].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_taken_when_it_is_there_and_right() {
        let echo = Answer::Bytes(b"bcd".into());
        assert_eq!(echo.take(b"bc"), Ok(None));
        assert_eq!(echo.take(b"bcdx"), Ok(Some(3)));
        assert_eq!(echo.take(b"bx"), Err(()));
        let plain = Answer::Http(200, b"Hi".into());
        assert_eq!(plain.take(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nH"), Ok(None));
        assert_eq!(plain.take(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nHi"), Ok(Some(40)));
        for wrong in [
            b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nHo".as_slice(),
            b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nHi",
            b"HTTP/1.1 500 No\r\ncontent-length: 2\r\n\r\nHi",
            b"HTTP/1.1 200 OK\r\n\r\nHi",
        ] {
            assert_eq!(plain.take(wrong), Err(()), "{}", wrong.escape_ascii());
        }
    }

    #[test]
    fn the_protocols_themselves_give_these_answers() {
        let mut random = Random::new(7);
        for _ in 0..20 {
            let question = Question::pipeline(Protocol::Frames, &mut random, 10);
            let session = proto::Session::new(Box::new(proto::Frames::new()));
            let mut seen = proto::converse(session, &question.bytes, 1000);
            seen.remove(0);
            for answer in &question.answers {
                let n = answer.take(&seen).unwrap().unwrap();
                seen.drain(..n);
            }
            assert_eq!(seen, b"");
        }
    }
}
