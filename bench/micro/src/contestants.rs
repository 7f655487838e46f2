//! What is compared.

use std::hint::black_box;
use std::mem::MaybeUninit;
use std::path::Path;

use memchr::memmem;
use proto::{Frames, Protocol, Session, Step, Want};

use crate::rival;

/// A way to deal with an input.
pub struct Contestant {
    pub name: &'static str,
    /// Does it `n` times.
    pub run: fn(input: &[u8], n: u64),
}

/// Parsers of a request's head.
pub const HEADS: &[Contestant] = &[
    Contestant { name: "http-lite", run: http_lite },
    Contestant { name: "httparse alone", run: httparse_alone },
    Contestant { name: "httparse, and the same validation", run: httparse_and_validation },
];

/// Echoes of one frame.
pub const FRAMES: &[Contestant] = &[
    Contestant { name: "Frames", run: frames },
    Contestant { name: "Frames in a Session", run: frames_in_a_session },
    Contestant { name: "memchr for the end, and add one", run: memchr_and_add_one },
];

/// Servers of pipelined requests, without their sockets.
pub const SITES: &[Contestant] = &[
    Contestant { name: "the site in a Session", run: site_in_a_session },
    Contestant { name: "empty lines, and fixed bytes", run: empty_lines_and_fixed_bytes },
];

fn http_lite(input: &[u8], n: u64) {
    for _ in 0..n {
        let parsed = http_lite::parse(black_box(input));
        let Ok(Some((request, _))) = black_box(&parsed) else { panic!("the request is valid") };
        // The others have made text of it when they return.
        black_box(request.path());
    }
}

fn httparse_alone(input: &[u8], n: u64) {
    for _ in 0..n {
        let mut fields = [const { MaybeUninit::uninit() }; _];
        let parsed = rival::split(black_box(input), &mut fields);
        assert!(matches!(black_box(&parsed), Ok(Some(_))), "the request is valid");
    }
}

fn httparse_and_validation(input: &[u8], n: u64) {
    for _ in 0..n {
        let mut fields = [const { MaybeUninit::uninit() }; _];
        let parsed = rival::parse(black_box(input), &mut fields);
        assert!(matches!(black_box(&parsed), Ok(Some(_))), "the request is valid");
    }
}

fn frames(input: &[u8], n: u64) {
    let (mut frames, mut output) = (Frames::new(), Vec::new());
    assert!(matches!(frames.step(&[], &mut output), Step::Advance(0)), "it greets");
    for _ in 0..n {
        output.clear();
        let mut rest = black_box(input);
        while !rest.is_empty() {
            let Step::Advance(used) = frames.step(rest, &mut output) else { break };
            rest = &rest[used..];
        }
        black_box(&output);
    }
}

fn frames_in_a_session(input: &[u8], n: u64) {
    converse(Session::new(Box::new(Frames::new())), input, n);
}

fn memchr_and_add_one(input: &[u8], n: u64) {
    let mut output = Vec::new();
    for _ in 0..n {
        output.clear();
        let payload = &black_box(input)[1..];
        let end = memchr::memchr(b'$', payload).expect("the frame is whole");
        output.extend(payload[..end].iter().map(|byte| byte.wrapping_add(1)));
        black_box(&output);
    }
}

fn site_in_a_session(input: &[u8], n: u64) {
    let site = app::site(&app::Config { step: "", public: Path::new("") });
    converse(Session::new(Box::new(http_lite::Connection::new(site))), input, n);
}

fn empty_lines_and_fixed_bytes(input: &[u8], n: u64) {
    let reply = b"HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\
        Content-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, World!";
    let end = memmem::Finder::new(b"\r\n\r\n");
    let mut output = Vec::new();
    for _ in 0..n {
        output.clear();
        for _ in end.find_iter(black_box(input)) {
            output.extend_from_slice(reply);
        }
        black_box(&output);
    }
}

/// Sends the input, and takes the replies, `n` times.
fn converse(mut session: Session, input: &[u8], n: u64) {
    for _ in 0..n {
        session.received(black_box(input));
        while let Want::Write(bytes) = session.want() {
            let sent = black_box(bytes).len();
            session.sent(sent);
        }
    }
}
