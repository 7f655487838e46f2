//! As much of HTTP/1.1 as the cases ask for.

use std::panic::catch_unwind;
use std::process;
use std::thread;
use std::time::Duration;

use super::{Flaw, Talk};

const MAX_HEAD: usize = 16 * 1024;

const MAX_BODY: u64 = 1024 * 1024;

const PAGE: &str = "text/html; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

pub struct Http {
    flaw: Flaw,
    /// What has come and is no whole head yet.
    held: Vec<u8>,
    /// How far there is surely no end of a head.
    looked: usize,
}

/// What is answered, and what becomes of the connection.
struct Answer {
    status: u16,
    content_type: &'static str,
    body: String,
    with_body: bool,
    close: bool,
}

impl Http {
    pub fn new(flaw: Flaw) -> Http {
        Http { flaw, held: Vec::new(), looked: 0 }
    }

    /// Takes the next whole head.
    fn next_head(&mut self) -> Option<String> {
        let end = self.held[self.looked..].windows(4).position(|bytes| bytes == b"\r\n\r\n");
        let Some(end) = end else {
            self.looked = self.held.len().saturating_sub(3);
            return None;
        };
        let head: Vec<u8> = self.held.drain(..self.looked + end + 4).collect();
        self.looked = 0;
        Some(String::from_utf8_lossy(&head).into_owned())
    }

    fn answer(&self, head: &str) -> Answer {
        let mut lines = head.trim_end_matches("\r\n").split("\r\n");
        let request: Vec<&str> = lines.next().unwrap_or("").split(' ').collect();
        let fields: Vec<&str> = lines.collect();
        let hosts = fields.iter().filter(|field| field.starts_with("Host:")).count();
        let names_are_right = fields.iter().all(|field| {
            field.split_once(':').is_some_and(|(name, _)| !name.is_empty() && !name.contains(' '))
        });
        let (method, target, version) = match request[..] {
            [method, target, version @ ("HTTP/1.1" | "HTTP/1.0")]
                if names_are_right && (hosts == 1 || version == "HTTP/1.0") =>
            {
                (method, target, version)
            }
            _ if self.flaw == Flaw::BelievesAll => ("GET", "/plain", "HTTP/1.1"),
            _ => return refusal(400),
        };
        let length = fields.iter().find_map(|field| field.strip_prefix("Content-Length: "));
        if length
            .and_then(|length| length.parse().ok())
            .is_some_and(|length: u64| length > MAX_BODY)
        {
            return refusal(413);
        }
        let close = version == "HTTP/1.0" || fields.contains(&"Connection: close");
        let (status, content_type, body) = self.route(target);
        let with_body = method == "GET" || self.flaw == Flaw::HeadHasBody;
        Answer { status, content_type, body, with_body, close: close || status == 500 }
    }

    fn route(&self, target: &str) -> (u16, &'static str, String) {
        let plain = if self.flaw == Flaw::LongPlain { "Hello, World!\n" } else { "Hello, World!" };
        match target.split('/').collect::<Vec<_>>()[..] {
            _ if self.flaw == Flaw::EverythingFound => (200, "text/plain", plain.into()),
            ["", ""] => (200, PAGE, "<!doctype html><title>A page</title>".into()),
            ["", "plain"] => (200, "text/plain", plain.into()),
            ["", "prime", n] => {
                let prime = proto::is_prime(n.parse().unwrap_or(0));
                let prime = prime && self.flaw != Flaw::AllComposite;
                (200, TEXT, if prime { "prime\n" } else { "composite\n" }.into())
            }
            ["", sleep] if sleep.starts_with("sleep?ms=") => {
                let ms = sleep["sleep?ms=".len()..].parse().unwrap_or(0);
                thread::sleep(Duration::from_millis(ms));
                (200, TEXT, format!("slept {ms} ms\n"))
            }
            ["", "panic"] => {
                let handler = || panic!("somebody asked for it");
                if catch_unwind(handler).is_err() && self.flaw == Flaw::DiesOfPanics {
                    process::exit(101);
                }
                (500, TEXT, "it panicked\n".into())
            }
            _ => (404, PAGE, "<!doctype html><title>Nothing here</title>".into()),
        }
    }

    /// Appends the answer. `false`: it was the last.
    fn say(&self, answer: Answer, replies: &mut Vec<u8>) -> bool {
        let Answer { status, content_type, body, with_body, close } = answer;
        let close = close && self.flaw != Flaw::NeverCloses;
        let length = body.len() + usize::from(self.flaw == Flaw::WrongLength);
        let body = if with_body { &body } else { "" };
        let connection = if close { "Connection: close\r\n" } else { "" };
        replies.extend(
            format!(
                "HTTP/1.1 {status} Whatever\r\nContent-Type: {content_type}\r\n\
                 Content-Length: {length}\r\n{connection}\r\n{body}"
            )
            .bytes(),
        );
        !close || self.flaw == Flaw::SaysClose
    }
}

fn refusal(status: u16) -> Answer {
    Answer { status, content_type: TEXT, body: "no\n".into(), with_body: true, close: true }
}

impl Talk for Http {
    fn hear(&mut self, bytes: &[u8], replies: &mut Vec<u8>) -> Option<usize> {
        if self.flaw == Flaw::Forgets {
            (self.looked, self.held) = (0, Vec::new());
        }
        self.held.extend_from_slice(bytes);
        let mut answers = Vec::new();
        while let Some(head) = self.next_head() {
            let mut reply = Vec::new();
            let goes_on = self.say(self.answer(&head), &mut reply);
            answers.push(reply);
            if self.flaw == Flaw::FirstOnly {
                self.held.clear();
            }
            if !goes_on {
                replies.extend(answers.concat());
                return None;
            }
        }
        if self.flaw == Flaw::Reverses {
            answers.reverse();
        }
        replies.extend(answers.concat());
        if self.held.len() > MAX_HEAD && self.flaw != Flaw::NoLimit {
            self.say(refusal(431), replies);
            return None;
        }
        Some(bytes.len())
    }
}
