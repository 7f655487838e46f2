//! How a connection behaves over time: in pieces, without end, too slowly, and what it costs.

mod common;

use std::sync::Arc;

use common::{PROBE, Reply, connection, talk};
use http_lite::limits::{MAX_BODY, MAX_CHUNK_EXTENSIONS, MAX_HEAD, MAX_REQUEST_LINE, MAX_TRAILERS};
use http_lite::{Answer, App, Connection, HttpDate, Request, Response, Status};
use proptest::prelude::*;
use proto::{Phase, Protocol, Session, Step, Want};

fn session(received: &str) -> Session {
    let mut session = Session::new(Box::new(connection()));
    session.received(received.as_bytes());
    session
}

/// What the session sends next, all of it.
fn written(session: &mut Session) -> String {
    let Want::Write(bytes) = session.want() else { return String::new() };
    let text = String::from_utf8(bytes.to_vec()).expect("all replies here are text");
    session.sent(text.len());
    text
}

#[test]
fn sixteen_requests_are_answered_in_one_write() {
    let mut session = session(&PROBE.repeat(16));
    let reply = written(&mut session);
    assert_eq!(reply, Reply::ok("plain\n").bytes().repeat(16));
    assert!(matches!(session.want(), Want::Read));
}

#[test]
fn a_small_get_allocates_nothing() {
    let mut connection = connection();
    let mut output = Vec::with_capacity(1024);
    let count = allocation_counter::measure(|| {
        for _ in 0..10 {
            output.clear();
            let step = connection.step(PROBE.as_bytes(), &mut output);
            assert!(matches!(step, Step::Advance(n) if n == PROBE.len()));
        }
    });
    assert_eq!(output, Reply::ok("plain\n").bytes().as_bytes());
    assert_eq!(count.count_total, 0);
}

/// Feeds `piece` to a connection for ever, as a session would, until it ends the conversation.
/// Returns the most that it left unconsumed at a time, or `None` if it read 100 MB.
fn held(start: &str, piece: &[u8]) -> Option<usize> {
    let mut connection = connection();
    let mut input = start.as_bytes().to_vec();
    let (mut output, mut most, mut total) = (Vec::new(), 0, 0);
    while total < 100_000_000 {
        match connection.step(&input, &mut output) {
            Step::Finish => return Some(most),
            Step::Advance(n) => drop(input.drain(..n)),
            Step::Incomplete => {
                most = most.max(input.len());
                input.extend_from_slice(piece);
                total += piece.len();
            }
            Step::Defer(..) | Step::Become(..) => panic!("only plain answers were asked for"),
        }
        output.clear();
    }
    None
}

#[test]
fn what_never_ends_is_refused_at_the_limit() {
    for piece in [1, 1000] {
        let line = held("GET /", "a".repeat(piece).as_bytes());
        assert!(line.is_some_and(|held| held < MAX_REQUEST_LINE), "{line:?}");
        let starts = ["X: ", "X", ": ", "Cookie: a\r\nX: "];
        for start in starts.map(|start| format!("GET / HTTP/1.1\r\n{start}")) {
            let head = held(&start, "b".repeat(piece).as_bytes());
            assert!(head.is_some_and(|held| held < MAX_HEAD), "{head:?}");
        }
        let lines = held("GET / HTTP/1.1\r\n", "X: b\r\n".repeat(piece).as_bytes());
        assert!(lines.is_some_and(|held| held < MAX_HEAD), "{lines:?}");
        let empty = held("", "\r\n".repeat(piece).as_bytes());
        assert!(empty.is_some_and(|held| held <= 2), "{empty:?}");
    }
}

/// How much a client may make us hold for it is known beforehand.
#[test]
fn chunks_that_never_end_are_refused_at_the_limit() {
    let start = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    for piece in ["1\r\na\r\n", "0001;x\r\na\r\n", "3e8\r\n", "1;x", "0"] {
        let piece = match piece {
            "3e8\r\n" => format!("3e8\r\n{}\r\n", "a".repeat(1000)),
            piece => piece.to_string(),
        };
        let held = held(start, piece.as_bytes());
        assert!(held.is_some_and(|held| held <= MAX_CHUNK_EXTENSIONS + 20), "{piece:?}: {held:?}");
    }
    let trailers = held(&format!("{start}0\r\n"), b"X: y\r\n");
    assert!(trailers.is_some_and(|held| held <= MAX_TRAILERS), "{trailers:?}");
}

#[test]
fn nothing_is_reserved_for_a_length_that_was_only_declared() {
    let lengths = [format!("Content-Length: {MAX_BODY}"), "Transfer-Encoding: chunked".to_string()];
    for length in lengths {
        let request = format!("POST /echo HTTP/1.1\r\nHost: a\r\n{length}\r\n\r\nfffff\r\n");
        let count = allocation_counter::measure(|| {
            let mut session = session(&request);
            assert!(matches!(session.want(), Want::Read));
        });
        assert!(count.bytes_max < 2_000, "{length}: {} bytes", count.bytes_max);
    }
}

#[test]
fn a_body_costs_memory_once() {
    let request = format!("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: {MAX_BODY}\r\n\r\n");
    let piece = [b'a'; 10_000];
    let count = allocation_counter::measure(|| {
        let mut session = session(&request);
        let mut left = MAX_BODY as usize - 1;
        while left > 0 {
            let n = left.min(piece.len());
            session.received(&piece[..n]);
            left -= n;
            assert!(matches!(session.want(), Want::Read));
        }
    });
    // A vector grows by doubling: at most twice what it holds, and half of that while it moves.
    assert!(count.bytes_max <= 3 * MAX_BODY + 10_000, "{} bytes", count.bytes_max);
}

#[test]
fn a_response_in_pieces_holds_one_of_them() {
    struct Endless;
    const PIECE: usize = 64 * 1024;
    impl App for Endless {
        fn answer(&self, _: &Request<'_>) -> Answer {
            let pieces = std::iter::repeat_with(|| Ok(vec![b'x'; PIECE]));
            let length = (PIECE as u64) << 10;
            Response::pieces(Status::OK, "text/plain", Some(length), Box::new(pieces)).into()
        }
        fn date(&self) -> HttpDate {
            *b"Sun, 06 Nov 1994 08:49:37 GMT"
        }
    }
    let mut sent = 0;
    let count = allocation_counter::measure(|| {
        let mut session = Session::new(Box::new(Connection::new(Arc::new(Endless))));
        session.received(PROBE.as_bytes());
        loop {
            match session.want() {
                Want::Run(job) => session.done(job.run()),
                Want::Write(bytes) => {
                    let n = bytes.len().min(10_000);
                    sent += n;
                    session.sent(n);
                }
                Want::Read => break,
                Want::Close => panic!("it may go on"),
            }
        }
    });
    assert!(sent > PIECE << 10, "{sent}");
    assert!(count.bytes_max < 3 * PIECE as u64, "{} bytes", count.bytes_max);
}

#[test]
fn a_request_that_takes_too_long_gets_408() {
    let why = "the request took too long to arrive";
    for start in ["G", "GET / HTTP/1.1\r\n", "\r\nGET / HTTP/1.1\r\nHost: a\r\n"] {
        let mut session = session(start);
        assert_eq!(session.phase(), Phase::Head);
        session.expired();
        let expected = Reply::refused("408 Request Timeout", why).bytes();
        assert_eq!(written(&mut session), expected);
        assert!(matches!(session.want(), Want::Close));
    }
}

#[test]
fn silence_between_requests_ends_without_a_word() {
    for start in ["", "\r\n"] {
        let mut session = session(PROBE);
        assert_eq!(session.phase(), Phase::Reply);
        assert_eq!(written(&mut session), Reply::ok("plain\n").bytes());
        if !start.is_empty() {
            session.received(start.as_bytes());
        }
        assert_eq!(session.phase(), Phase::Idle);
        session.expired();
        assert!(matches!(session.want(), Want::Close));
    }
}

#[test]
fn a_body_that_takes_too_long_gets_408() {
    let why = "the request took too long to arrive";
    for body in ["Content-Length: 5\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n5\r\nabc"] {
        let mut session = session(&format!("POST /echo HTTP/1.1\r\nHost: a\r\n{body}"));
        assert!(matches!(session.want(), Want::Read));
        assert_eq!(session.phase(), Phase::Body);
        session.expired();
        assert_eq!(written(&mut session), Reply::refused("408 Request Timeout", why).bytes());
        assert!(matches!(session.want(), Want::Close));
    }
}

#[test]
fn who_waits_to_send_a_body_hears_at_once_that_it_may() {
    for body in ["Content-Length: 5", "Transfer-Encoding: chunked"] {
        let head =
            format!("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n{body}\r\n\r\n");
        let mut session = session(&head);
        assert_eq!(written(&mut session), "HTTP/1.1 100 Continue\r\n\r\n");
        assert!(matches!(session.want(), Want::Read));
        assert_eq!(session.phase(), Phase::Body);
    }
}

#[test]
fn a_request_that_is_not_whole_is_not_answered() {
    let request = PROBE.as_bytes();
    for n in 0..request.len() {
        assert_eq!(talk([&request[..n]]), b"", "after {n} bytes");
    }
}

/// Requests of every kind, and pieces of such.
fn input() -> impl Strategy<Value = String> {
    let whole = prop::sample::select(vec![
        PROBE,
        "\r\n",
        "HEAD /plain HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /later/x HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /seen?q HTTP/1.0\r\nConnection: keep-alive\r\nX: y\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nGET / HTT",
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\nabc",
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0;x\r\nX: y\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET /pieces/chunks HTTP/1.1\r\nHost: a\r\n\r\n",
        "3\r\nabc\r\n",
        "0\r\n\r\n",
        "GET /later/x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    ]);
    let piece = prop::sample::select(vec![
        "GET ",
        "/",
        "http://a",
        " HTTP/1.1\r\n",
        "\r\n",
        "\n",
        "\r",
        "\0",
        " ",
        "Host: a\r\n",
        "Content-Length: ",
        "7",
        "\r\n\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Connection: close\r\n",
        "Expect: 100-continue\r\n",
        "3\r\nabc\r\n",
        "0\r\n",
        ";x",
    ]);
    let few = |strategy, max| {
        prop::collection::vec(strategy, 0..max).prop_map(|parts: Vec<&str>| parts.concat())
    };
    (few(whole.boxed(), 6), few(piece.boxed(), 8)).prop_map(|(whole, pieces)| whole + &pieces)
}

proptest! {
    // It would look for a file to keep failures in, and this is no library.
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..Default::default() })]

    #[test]
    fn the_slicing_does_not_matter(
        input in input(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..10),
    ) {
        let input = input.as_bytes();
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(input.len() + 1)).collect();
        cuts.extend([0, input.len()]);
        cuts.sort_unstable();
        let sliced = talk(cuts.windows(2).map(|pair| &input[pair[0]..pair[1]]));
        let whole = talk([input]);
        prop_assert_eq!(String::from_utf8_lossy(&sliced), String::from_utf8_lossy(&whole));
    }
}
