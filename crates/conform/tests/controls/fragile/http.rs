//! As much of HTTP/1.1 as the cases ask for: heads, the rules that they must keep, and bodies.

mod body;
mod files;
mod rules;
mod site;
mod sloppy;

use std::mem;
use std::time::SystemTime;

use super::{Flaw, Talk};

use body::Body;
use rules::Head;

const MAX_LINE: usize = 8 * 1024;
const MAX_HEAD: usize = 16 * 1024;
const MAX_BODY: u64 = 1024 * 1024;

pub struct Http {
    flaw: Flaw,
    /// What has come and is not used yet.
    held: Vec<u8>,
    /// How far there is surely no end of a head.
    looked: usize,
    /// Whether the client was told to go on with the body that is arriving.
    told: bool,
    /// How many requests there were.
    requests: usize,
    /// Whether the first of them was to be the last.
    first_closes: bool,
    /// Whether that body comes in pieces.
    pieces: bool,
    /// The bodies that came so far, with [`Flaw::KeepsBodies`].
    kept: Vec<u8>,
}

/// What is answered, and what becomes of the connection.
struct Answer {
    status: u16,
    /// Any but those that the connection adds.
    fields: Vec<(&'static str, String)>,
    body: Vec<u8>,
    with_body: bool,
    /// The client asked for more in HTTP/1.0, and must be told that it gets more.
    old: bool,
    close: bool,
}

/// What came of looking at what is held.
enum Next {
    /// There is not a whole request yet.
    Wait,
    /// The client waits to be told to go on.
    GoOn,
    /// So many bytes are used, and this is answered.
    Answer(usize, Answer),
}

impl Http {
    pub fn new(flaw: Flaw) -> Http {
        Http {
            flaw,
            held: Vec::new(),
            looked: 0,
            told: false,
            requests: 0,
            first_closes: false,
            pieces: false,
            kept: Vec::new(),
        }
    }

    fn next(&mut self) -> Next {
        let known = |bytes: &[u8]| bytes == b"GET ";
        if self.flaw == Flaw::SkipsNonsense
            && let Some(at) = self.held.windows(4).position(known)
        {
            self.held.drain(..at);
        }
        let start = match self.held.starts_with(b"\r\n") && self.flaw != Flaw::MindsEmptyLines {
            true => 2,
            false => 0,
        };
        let held = &self.held[start..];
        let looked = self.looked.min(held.len());
        let Some(end) = held[looked..].windows(4).position(|bytes| bytes == b"\r\n\r\n") else {
            self.looked =
                held.len().saturating_sub(if self.flaw == Flaw::SplitEnds { 0 } else { 3 });
            return match self.too_long(held) {
                Some(status) => Next::Answer(0, refusal(status)),
                None => Next::Wait,
            };
        };
        let end = looked + end;
        let mut head = match Head::parse(&held[..end], self.flaw) {
            Ok(head) => head,
            Err(413) if self.flaw == Flaw::ContinuesAll && !self.told => return Next::GoOn,
            Err(status) => return Next::Answer(0, refusal(status)),
        };
        let waits = head.expects_continue(self.flaw) && !self.told;
        let (used, body) = match body::take(&mut head, &held[end + 4..], self.flaw) {
            _ if waits => {
                if self.flaw == Flaw::LosesUnasked {
                    self.held.truncate(start + end + 4);
                }
                return Next::GoOn;
            }
            Body::Whole(used, body) => (used, body),
            Body::Partial => {
                self.pieces = true;
                return Next::Wait;
            }
            Body::Refused(status) => return Next::Answer(0, refusal(status)),
        };
        let body = match self.flaw {
            Flaw::KeepsBodies => {
                self.kept.extend(body);
                self.kept.clone()
            }
            _ => body,
        };
        Next::Answer(start + end + 4 + used, site::answer(&head, body, self.flaw))
    }

    /// What is wrong with a head that has no end yet.
    fn too_long(&self, held: &[u8]) -> Option<u16> {
        let line = held.windows(2).position(|bytes| bytes == b"\r\n");
        let line = line.unwrap_or(held.len());
        let start = &held[..line.min(MAX_LINE)];
        match () {
            () if line > MAX_LINE && !start.contains(&b' ') && self.flaw != Flaw::LongMethods => {
                Some(501)
            }
            () if line > MAX_LINE && self.flaw != Flaw::LongLines => Some(414),
            () if held.len() > MAX_HEAD && self.flaw != Flaw::NoLimit => Some(431),
            () => None,
        }
    }

    /// Appends the answer. `false`: it was the last.
    fn say(&self, answer: Answer, replies: &mut Vec<u8>) -> bool {
        let close = match self.flaw {
            Flaw::NeverCloses => false,
            Flaw::FirstDecides => self.first_closes,
            _ => answer.close,
        };
        let minor = if answer.old && self.flaw == Flaw::RepeatsVersion { 0 } else { 1 };
        let mut head = format!("HTTP/1.{minor} {} Whatever\r\n", answer.status);
        head += &self.date(answer.status);
        for (name, value) in &answer.fields {
            head += &format!("{name}: {value}\r\n");
        }
        let chunked = answer.old && self.flaw == Flaw::ChunksForAll && answer.with_body;
        let has_length = match answer.status {
            101 | 304 => false,
            204 => self.flaw == Flaw::LengthOfNothing,
            _ => !chunked,
        };
        if has_length {
            let length = answer.body.len() + usize::from(self.flaw == Flaw::WrongLength);
            head += &format!("Content-Length: {length}\r\n");
        }
        if chunked {
            head += "Transfer-Encoding: chunked\r\n";
        }
        match (close, answer.old) {
            (true, _) if self.flaw == Flaw::LeavesSilently => {}
            (true, _) => head += "Connection: close\r\n",
            (false, true) => head += "Connection: keep-alive\r\n",
            (false, false) => {}
        }
        replies.extend((head + "\r\n").bytes());
        let size = format!("{:x}\r\n", answer.body.len());
        match answer.with_body {
            true if chunked => {
                replies.extend([size.as_bytes(), &answer.body, b"\r\n0\r\n\r\n"].concat());
            }
            true => replies.extend(answer.body),
            false => {}
        }
        !close || self.flaw == Flaw::SaysClose
    }

    /// The field that says when.
    fn date(&self, status: u16) -> String {
        let date = httpdate::fmt_http_date(SystemTime::now());
        match self.flaw {
            Flaw::NoDate => String::new(),
            Flaw::NoDateInErrors if status >= 400 => String::new(),
            Flaw::OddDate => format!("Date: {}\r\n", date.replace(" GMT", " +0000")),
            _ => format!("Date: {date}\r\n"),
        }
    }
}

fn refusal(status: u16) -> Answer {
    let fields = vec![("Content-Type", "text/plain; charset=utf-8".into())];
    let body = b"no\n".to_vec();
    Answer { status, fields, body, with_body: true, old: false, close: true }
}

impl Talk for Http {
    fn hear(&mut self, bytes: &[u8], replies: &mut Vec<u8>) -> Option<usize> {
        if self.flaw == Flaw::Forgets {
            (self.looked, self.held) = (0, Vec::new());
        }
        self.held.extend_from_slice(bytes);
        if self.flaw == Flaw::TakesLf {
            let text = String::from_utf8_lossy(&self.held).replace("\r\n", "\n");
            self.held = text.replace('\n', "\r\n").into_bytes();
        }
        let mut answers = Vec::new();
        let goes_on = loop {
            match self.next() {
                Next::Wait => break true,
                Next::GoOn => {
                    self.told = true;
                    answers.push(b"HTTP/1.1 100 Whatever\r\n\r\n".to_vec());
                }
                Next::Answer(used, answer) => {
                    self.told = false;
                    self.requests += 1;
                    if self.requests == 1 {
                        self.first_closes = answer.close;
                    }
                    let enough = self.flaw == Flaw::TenRequests && self.requests == 10;
                    self.held.drain(..used);
                    self.looked = 0;
                    let mut reply = Vec::new();
                    let goes_on = self.say(answer, &mut reply) && !enough;
                    answers.push(reply);
                    let pieces = mem::take(&mut self.pieces);
                    if self.flaw == Flaw::FirstOnly || (pieces && self.flaw == Flaw::DropsRest) {
                        self.held.clear();
                    }
                    let left = self.flaw == Flaw::AnswersAll && !self.held.is_empty();
                    if !goes_on && !left {
                        break false;
                    }
                    // Work comes next, in which it may be stopped: what it has said leaves before.
                    let computes = self.held.starts_with(b"GET /prime/");
                    if self.held.starts_with(b"GET /sleep")
                        || self.flaw == Flaw::StopsAtOnce && computes
                    {
                        replies.extend(answers.concat());
                        return Some(bytes.len() - mem::take(&mut self.held).len());
                    }
                }
            }
        };
        if self.flaw == Flaw::Reverses {
            answers.reverse();
        }
        replies.extend(answers.concat());
        goes_on.then_some(bytes.len())
    }
}
