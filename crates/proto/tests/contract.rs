//! The eleven rules of the contract, one module each. See the crate's documentation.

#![allow(clippy::unwrap_used, reason = "in a test, that is how it fails")]

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Mutex};
use std::thread;

use allocation_counter::measure;
use proto::{
    Event, Frames, HIGH_WATER, Job, Observer, Output, Phase, Protocol, READ_SIZE, Session, Step,
    Then, Want, converse,
};

fn frames() -> Session {
    Session::new(Box::new(Frames::new()))
}

/// A line protocol that shows everything a protocol can do: the first byte of a line says what.
///
/// `=text` answers the text, `!text` answers it from a job, `#n` streams `n` pieces from jobs,
/// `x` panics in a job, `y` in its second piece, `b` becomes frames, `q` says bye and finishes; `j` finishes from a job.
#[derive(Default)]
struct Lines {
    /// No line ends before here.
    looked: usize,
    /// How many bytes were looked at, ever.
    examined: Arc<Mutex<usize>>,
    /// The length of the input at each call of `step`.
    calls: Arc<Mutex<Vec<usize>>>,
}

impl Protocol for Lines {
    fn step(&mut self, input: &[u8], output: &mut Vec<u8>) -> Step {
        self.calls.lock().unwrap().push(input.len());
        let found = input[self.looked..].iter().position(|&byte| byte == b'\n');
        *self.examined.lock().unwrap() += found.map_or(input.len() - self.looked, |at| at + 1);
        let Some(at) = found else {
            self.looked = input.len();
            return Step::Incomplete;
        };
        let end = self.looked + at + 1;
        self.looked = 0;
        let line = input[..end - 1].to_vec();
        let reply = move |then| Output { bytes: line[1..].to_vec(), then };
        match input[0] {
            b'=' => {
                output.extend_from_slice(&input[1..end - 1]);
                Step::Advance(end)
            }
            b'!' => Step::Defer(end, Job::new(move || reply(Then::Continue))),
            b'#' => Step::Defer(end, pieces(input[1] - b'0')),
            b'x' => Step::Defer(end, Job::new(|| panic!("on purpose"))),
            b'y' => {
                let second = Then::More(Job::new(|| panic!("on purpose, in the middle")));
                Step::Defer(end, Job::new(|| Output { bytes: b"first".to_vec(), then: second }))
            }
            b'b' => Step::Become(end, Box::new(Frames::new())),
            b'q' => {
                output.extend_from_slice(b"bye");
                Step::Finish
            }
            b'j' => Step::Defer(end, Job::new(move || reply(Then::Finish))),
            other => panic!("the test sent {other}"),
        }
    }

    fn failed(&mut self, output: &mut Vec<u8>) {
        output.extend_from_slice(b"failed");
    }

    fn expired(&mut self, output: &mut Vec<u8>) {
        output.extend_from_slice(b"too slow");
    }

    fn phase(&self) -> Phase {
        if self.looked == 0 { Phase::Idle } else { Phase::Head }
    }
}

/// A reply of `n` pieces, each made by a job of its own.
fn pieces(n: u8) -> Job {
    Job::new(move || {
        let then = if n == 1 { Then::Continue } else { Then::More(pieces(n - 1)) };
        Output { bytes: vec![b'0' + n; 3], then }
    })
}

fn lines() -> Session {
    Session::new(Box::new(Lines::default()))
}

/// What the session wants, as one letter, and the bytes to write.
fn wants(session: &mut Session) -> (char, Vec<u8>) {
    match session.want() {
        Want::Read => ('r', Vec::new()),
        Want::Write(bytes) => ('w', bytes.to_vec()),
        Want::Run(_) => ('j', Vec::new()),
        Want::Close => ('c', Vec::new()),
    }
}

#[track_caller]
fn writes(session: &mut Session, expected: &[u8]) {
    let (want, bytes) = wants(session);
    assert_eq!(
        (want, bytes.escape_ascii().to_string()),
        ('w', expected.escape_ascii().to_string())
    );
    session.sent(bytes.len());
}

#[track_caller]
fn runs(session: &mut Session) -> Job {
    match session.want() {
        Want::Run(job) => job,
        _ => panic!("it should want a job done"),
    }
}

#[track_caller]
fn reads(session: &mut Session) {
    assert_eq!(wants(session).0, 'r');
}

#[track_caller]
fn closes(session: &mut Session) {
    assert_eq!(wants(session).0, 'c');
}

mod rule_01_output_first {
    use super::*;

    #[test]
    fn nothing_is_parsed_while_output_waits() {
        let mut session = lines();
        session.received(b"=a\n");
        session.received(b"=b\n");
        // `b` arrived before `a` was sent, and yet it was not looked at.
        writes(&mut session, b"a");
        writes(&mut session, b"b");
        reads(&mut session);
    }

    #[test]
    fn nothing_is_run_while_output_waits() {
        let mut session = lines();
        session.received(b"=abc\n!d\n");
        for rest in ["abc", "bc", "c"] {
            assert_eq!(wants(&mut session), ('w', rest.into()));
            session.sent(1);
        }
        let done = runs(&mut session).run();
        session.done(done);
        writes(&mut session, b"d");
    }

    #[test]
    fn a_client_that_does_not_read_is_not_read_from() {
        let mut session = frames();
        session.received(&[&b"^"[..], &[b'a'; READ_SIZE - 1]].concat());
        for _ in 0..100 {
            assert_eq!(wants(&mut session).0, 'w');
            session.sent(1);
        }
    }
}

mod rule_02_batching {
    use super::*;

    #[test]
    fn pipelined_requests_are_answered_with_one_write() {
        let mut session = lines();
        session.received(b"=a\n=b\n=c\n=unfinished");
        writes(&mut session, b"abc");
        reads(&mut session);
    }

    #[test]
    fn up_to_the_high_water_mark() {
        let line = [b"=", [b'a'; 999].as_slice(), b"\n"].concat();
        let mut session = lines();
        session.received(&line.repeat(100));
        let (_, batch) = wants(&mut session);
        assert_eq!(batch.len(), HIGH_WATER.next_multiple_of(999));
        // The rest follows, without another read.
        let mut sent = 0;
        while let ('w', bytes) = wants(&mut session) {
            assert!(bytes.len() < HIGH_WATER + 999);
            sent += bytes.len();
            session.sent(bytes.len());
        }
        assert_eq!(sent, 999 * 100);
    }

    #[test]
    fn up_to_a_job() {
        let mut session = lines();
        session.received(b"=a\n=b\n!c\n=d\n");
        writes(&mut session, b"ab");
        let done = runs(&mut session).run();
        session.done(done);
        writes(&mut session, b"c");
        writes(&mut session, b"d");
    }
}

mod rule_03_one_job_at_a_time {
    use super::*;

    #[test]
    fn replies_come_in_order_however_long_a_job_takes() {
        let mut session = lines();
        session.received(b"!a\n!b\n=c\n");
        let first = runs(&mut session);
        // It is out: no second one is handed out, and `c` is not answered.
        reads(&mut session);
        session.received(b"=d\n");
        reads(&mut session);
        session.done(first.run());
        writes(&mut session, b"a");
        let done = runs(&mut session).run();
        session.done(done);
        writes(&mut session, b"b");
        writes(&mut session, b"cd");
        reads(&mut session);
    }

    #[test]
    fn a_reply_may_come_in_pieces_and_each_is_sent_before_the_next_is_made() {
        let mut session = lines();
        session.received(b"#3\n=next\n");
        for piece in [b"333", b"222", b"111"] {
            let done = runs(&mut session).run();
            session.done(done);
            writes(&mut session, piece);
        }
        writes(&mut session, b"next");
    }
}

mod rule_04_the_end_still_answers {
    use super::*;

    #[test]
    fn whole_requests_are_answered_and_then_it_closes() {
        let mut session = lines();
        session.received(b"=a\n!b\n=c\n=unfinished");
        session.received(&[]);
        writes(&mut session, b"a");
        let done = runs(&mut session).run();
        session.done(done);
        writes(&mut session, b"b");
        writes(&mut session, b"c");
        closes(&mut session);
    }

    #[test]
    fn also_when_the_end_comes_during_a_job() {
        let mut session = lines();
        session.received(b"!a\n=b\n");
        let job = runs(&mut session);
        session.received(&[]);
        session.done(job.run());
        writes(&mut session, b"a");
        writes(&mut session, b"b");
        closes(&mut session);
    }

    #[test]
    fn also_beyond_the_high_water_mark() {
        let mut session = lines();
        let line = [b"=", [b'a'; 999].as_slice(), b"\n"].concat();
        session.received(&line.repeat(100));
        session.received(&[]);
        let mut sent = 0;
        while let ('w', bytes) = wants(&mut session) {
            sent += bytes.len();
            session.sent(bytes.len());
        }
        assert_eq!(sent, 999 * 100);
        closes(&mut session);
    }

    #[test]
    fn a_client_that_says_nothing_is_greeted_all_the_same() {
        let mut session = frames();
        session.received(&[]);
        writes(&mut session, b"*");
        closes(&mut session);
    }

    #[test]
    fn to_report_it_twice_is_harmless() {
        let mut session = lines();
        session.received(b"=a\n");
        session.received(&[]);
        session.received(&[]);
        writes(&mut session, b"a");
        session.received(&[]);
        closes(&mut session);
    }
}

mod rule_05_sessions_cannot_fail {
    use super::*;

    #[test]
    fn an_error_is_a_reply_and_the_end() {
        let mut session = lines();
        session.received(b"=a\nq\n=never\n");
        // What comes after the last word is dropped, and not kept either.
        let never = b"=never\n".repeat(1000);
        let cost = measure(|| session.received(&never));
        assert_eq!(cost.bytes_total, 0);
        writes(&mut session, b"abye");
        closes(&mut session);
        session.received(b"=never\n");
        closes(&mut session);
    }

    #[test]
    fn a_job_may_say_the_last_word() {
        let mut session = lines();
        session.received(b"jbye\n=never\n");
        let done = runs(&mut session).run();
        session.done(done);
        writes(&mut session, b"bye");
        closes(&mut session);
    }

    #[test]
    fn another_protocol_may_take_over_what_is_left() {
        assert_eq!(converse(lines(), b"=a\nb\n^xyz$^P7$", 4), b"a*yz{prime\n");
        let mut session = lines();
        session.received(b"b\n");
        writes(&mut session, b"*");
    }
}

mod rule_06_the_shell_owns_the_buffer {
    use super::*;

    #[test]
    fn what_can_be_used_at_once_is_not_kept() {
        let mut session = frames();
        writes(&mut session, b"*");
        let cost = measure(|| {
            for _ in 0..100 {
                session.received(b"noise between two frames");
                reads(&mut session);
            }
        });
        assert_eq!(cost.bytes_total, 0);
    }

    #[test]
    fn a_thousand_idle_sessions_cost_little_after_large_traffic() {
        let large = [b"^", [b'a'; 16 * 1024].as_slice(), b"$"].concat();
        let mut sessions = Vec::new();
        let cost = measure(|| {
            sessions.extend((0..1000).map(|_| frames()));
            for session in &mut sessions {
                writes(session, b"*");
                for piece in large.chunks(READ_SIZE) {
                    session.received(piece);
                    while let ('w', bytes) = wants(session) {
                        session.sent(bytes.len());
                    }
                }
            }
        });
        let each = cost.bytes_current / sessions.len() as i64;
        assert!(each < 512, "{each} bytes for each session at rest");
    }

    #[test]
    fn an_unfinished_request_is_all_that_is_kept() {
        let mut session = lines();
        let cost = measure(|| {
            session.received(&[b'='; 5000]);
            reads(&mut session);
        });
        assert!((5000..5100).contains(&cost.bytes_current), "{}", cost.bytes_current);
        let cost = measure(|| {
            session.received(b"\n");
            while let ('w', bytes) = wants(&mut session) {
                session.sent(bytes.len());
            }
        });
        assert!(cost.bytes_current <= -5000, "a drained buffer was kept");
    }
}

mod rule_07_linear {
    use super::*;

    /// Bytes examined when one line of `length` arrives in pieces of `chunk`.
    fn examined(length: usize, chunk: usize) -> usize {
        let protocol = Lines::default();
        let examined = Arc::clone(&protocol.examined);
        let line = [b"=", vec![b'a'; length].as_slice(), b"\n"].concat();
        converse(Session::new(Box::new(protocol)), &line, chunk);
        *examined.lock().unwrap()
    }

    #[test]
    fn no_byte_is_examined_twice_however_the_input_is_sliced() {
        for length in [10, 1_000, 10_000] {
            for chunk in [1, 2, 7, 1_000, 100_000] {
                assert!(examined(length, chunk) <= 2 * (length + 2), "{length} by {chunk}");
            }
        }
    }

    #[test]
    fn it_is_asked_again_only_when_something_new_arrived() {
        let protocol = Lines::default();
        let calls = Arc::clone(&protocol.calls);
        let mut session = Session::new(Box::new(protocol));
        session.received(b"=a");
        for _ in 0..10 {
            reads(&mut session);
        }
        session.received(b"\n");
        writes(&mut session, b"a");
        for _ in 0..10 {
            reads(&mut session);
        }
        session.received(&[]);
        closes(&mut session);
        assert_eq!(*calls.lock().unwrap(), [2, 3]);
    }
}

mod rule_08_limits {
    use super::*;

    #[test]
    fn what_is_held_does_not_grow_with_what_has_passed() {
        // There is always an unfinished line, so the held input is never drained.
        let lines = b"ength\n=some text of some l".repeat(100);
        let cost = measure(|| {
            let protocol = Lines::default();
            let calls = Arc::clone(&protocol.calls);
            let mut session = Session::new(Box::new(protocol));
            session.received(b"=some text of some l");
            for _ in 0..1000 {
                session.received(&lines);
                while let ('w', bytes) = wants(&mut session) {
                    session.sent(bytes.len());
                }
                calls.lock().unwrap().clear();
            }
        });
        assert!(cost.bytes_max < 16 * 1024, "{} bytes", cost.bytes_max);
    }

    #[test]
    fn together_they_bound_what_a_connection_holds() {
        // One who pipelines without end, and reads one byte at a time: what does he cost us?
        let read = b"^abcdefgh$".repeat(READ_SIZE / 10);
        let cost = measure(|| {
            let mut session = frames();
            for _ in 0..100_000 {
                match session.want() {
                    Want::Read => session.received(&read),
                    Want::Write(_) => session.sent(1),
                    Want::Run(_) | Want::Close => panic!("nobody asked for it"),
                }
            }
        });
        // Vectors grow by doubling, and while they grow the old one is still there.
        let bound = 3 * (READ_SIZE + HIGH_WATER) as u64;
        assert!(cost.bytes_max < bound, "{} bytes", cost.bytes_max);
    }
}

mod rule_09_a_job_is_opaque_work {
    use super::*;

    #[test]
    fn it_may_run_on_any_thread() {
        let mut session = lines();
        session.received(b"!a\n");
        let job = runs(&mut session);
        let done = thread::spawn(move || job.run()).join().unwrap();
        session.done(done);
        writes(&mut session, b"a");
    }

    #[test]
    fn the_session_may_go_with_it() {
        let mut session = lines();
        session.received(b"!a\n");
        let mut session = thread::spawn(move || {
            let done = runs(&mut session).run();
            session.done(done);
            session
        })
        .join()
        .unwrap();
        writes(&mut session, b"a");
    }

    #[test]
    fn a_panic_gets_a_last_word_and_closes() {
        let mut session = lines();
        session.received(b"=a\nx\n=never\n");
        writes(&mut session, b"a");
        let done = runs(&mut session).run();
        session.done(done);
        writes(&mut session, b"failed");
        closes(&mut session);
    }

    #[test]
    fn a_panic_in_the_middle_of_a_reply_only_closes() {
        let mut session = lines();
        session.received(b"#2\ny\n=never\n");
        for piece in [b"222".as_slice(), b"111", b"first"] {
            let done = runs(&mut session).run();
            session.done(done);
            writes(&mut session, piece);
        }
        let done = runs(&mut session).run();
        session.done(done);
        closes(&mut session);
    }

    #[test]
    fn a_panic_after_a_reply_in_pieces_gets_its_last_word() {
        let mut session = lines();
        session.received(b"#2\nx\n");
        for piece in [b"222", b"111"] {
            let done = runs(&mut session).run();
            session.done(done);
            writes(&mut session, piece);
        }
        let done = runs(&mut session).run();
        session.done(done);
        writes(&mut session, b"failed");
        closes(&mut session);
    }
}

mod rule_10_pure {
    use super::*;

    #[test]
    fn a_deadline_is_a_call() {
        let mut session = lines();
        assert_eq!(session.phase(), Phase::Idle);
        session.received(b"=unfin");
        assert_eq!(session.phase(), Phase::Head);
        session.expired();
        writes(&mut session, b"too slow");
        closes(&mut session);
    }

    #[test]
    fn a_deadline_adds_nothing_to_a_reply_that_is_on_its_way() {
        let mut session = lines();
        session.received(b"=abc\n!d\n");
        assert_eq!(session.phase(), Phase::Reply);
        session.expired();
        writes(&mut session, b"abc");
        let job = runs(&mut session);
        assert_eq!(session.phase(), Phase::Reply);
        session.expired();
        session.done(job.run());
        writes(&mut session, b"d");
        reads(&mut session);
    }

    #[derive(Default)]
    struct Log(Mutex<VecDeque<(SocketAddr, Event, thread::ThreadId)>>);

    impl Observer for Log {
        fn saw(&self, peer: SocketAddr, event: Event, _: &[u8]) {
            self.0.lock().unwrap().push_back((peer, event, thread::current().id()));
        }
    }

    #[derive(Default)]
    struct Bytes(Mutex<Vec<(Event, Vec<u8>)>>);

    impl Observer for Bytes {
        fn saw(&self, _: SocketAddr, event: Event, bytes: &[u8]) {
            if !bytes.is_empty() {
                self.0.lock().unwrap().push((event, bytes.to_vec()));
            }
        }
    }

    #[test]
    fn an_observer_sees_everything_and_where_it_happened() {
        let log = Arc::new(Log::default());
        let peer = SocketAddr::from(([127, 0, 0, 1], 4242));
        let mut session = lines().observed(peer, Arc::clone(&log) as Arc<dyn Observer>);
        reads(&mut session);
        session.received(b"!a\n");
        let job = runs(&mut session);
        let worker = thread::spawn(move || (job.run(), thread::current().id()));
        let (done, worker) = worker.join().unwrap();
        session.done(done);
        writes(&mut session, b"a");
        session.received(&[]);
        closes(&mut session);
        let here = thread::current().id();
        let expected = [
            (Event::WantsRead, here),
            (Event::Received(3), here),
            (Event::WantsRun, here),
            (Event::JobStarted, worker),
            (Event::JobEnded, worker),
            (Event::Done, here),
            (Event::WantsWrite(1), here),
            (Event::Sent(1), here),
            (Event::Received(0), here),
            (Event::WantsClose, here),
        ];
        let seen: Vec<_> = log.0.lock().unwrap().iter().map(|&(_, e, t)| (e, t)).collect();
        assert_eq!(seen, expected);
        assert!(log.0.lock().unwrap().iter().all(|&(who, ..)| who == peer));
    }

    #[test]
    fn an_observer_sees_the_bytes_that_came_and_those_that_went() {
        let seen = Arc::new(Bytes::default());
        let peer = SocketAddr::from(([127, 0, 0, 1], 4242));
        let mut session = lines().observed(peer, Arc::clone(&seen) as Arc<dyn Observer>);
        session.received(b"=ab");
        session.received(b"c\n!d\n");
        for rest in [b"abc".as_slice(), b"bc"] {
            assert_eq!(wants(&mut session), ('w', rest.to_vec()));
            session.sent(1);
        }
        writes(&mut session, b"c");
        let job = runs(&mut session);
        session.done(job.run());
        session.received(&[]);
        let expected = [
            (Event::Received(3), b"=ab".to_vec()),
            (Event::Received(5), b"c\n!d\n".to_vec()),
            (Event::Sent(1), b"a".to_vec()),
            (Event::Sent(1), b"b".to_vec()),
            (Event::Sent(1), b"c".to_vec()),
        ];
        assert_eq!(*seen.0.lock().unwrap(), expected);
    }

    #[test]
    fn an_observer_is_told_of_no_more_than_was_offered() {
        let seen = Arc::new(Bytes::default());
        let peer = SocketAddr::from(([127, 0, 0, 1], 4242));
        let mut session = lines().observed(peer, Arc::clone(&seen) as Arc<dyn Observer>);
        session.received(b"=a\n");
        // A bug of the shell, on which a debug build panics.
        let _ = panic::catch_unwind(AssertUnwindSafe(|| session.sent(1000)));
        assert_eq!(seen.0.lock().unwrap().last(), Some(&(Event::Sent(1), b"a".to_vec())));
    }

    #[test]
    fn an_observer_sees_every_piece_of_a_reply_and_the_end_of_a_panic() {
        for (line, started) in [(b"#3\n".as_slice(), 3), (b"x\n", 1)] {
            let log = Arc::new(Log::default());
            let peer = SocketAddr::from(([127, 0, 0, 1], 4242));
            let session = lines().observed(peer, Arc::clone(&log) as Arc<dyn Observer>);
            converse(session, line, 100);
            let count = |wanted| {
                log.0.lock().unwrap().iter().filter(|(_, event, _)| *event == wanted).count()
            };
            assert_eq!(count(Event::JobStarted), started);
            assert_eq!(count(Event::JobEnded), started);
            assert_eq!(count(Event::Done), started);
        }
    }
}

mod rule_11_calls_out_of_turn {
    use super::*;

    #[test]
    fn asked_again_it_answers_the_same() {
        let mut session = lines();
        reads(&mut session);
        reads(&mut session);
        session.received(b"=a\n!b\n");
        for _ in 0..3 {
            assert_eq!(wants(&mut session), ('w', b"a".to_vec()));
        }
        session.sent(1);
        let job = runs(&mut session);
        reads(&mut session);
        session.done(job.run());
        session.sent(1);
        session.received(b"q\n");
        session.sent(3);
        closes(&mut session);
        closes(&mut session);
    }

    #[test]
    fn lent_bytes_stay_where_they_are_although_the_session_moves_and_more_arrives() {
        let mut session = lines();
        session.received(b"=abc\n");
        let lent = match session.want() {
            Want::Write(bytes) => bytes.as_ptr(),
            _ => panic!("it should want to write"),
        };
        session.received(&b"=d\n".repeat(1000));
        session.expired();
        let mut moved = Box::new(session);
        match moved.want() {
            Want::Write(bytes) => assert_eq!((bytes.as_ptr(), bytes), (lent, b"abc".as_slice())),
            _ => panic!("it should want to write"),
        }
        moved.sent(1);
        assert_eq!(wants(&mut moved), ('w', b"bc".to_vec()));
    }

    #[test]
    fn an_empty_step_comes_only_at_the_start_and_after_a_job() {
        let protocol = Lines::default();
        let calls = Arc::clone(&protocol.calls);
        converse(Session::new(Box::new(protocol)), b"=a\n!b\n=c\n", usize::MAX);
        // The start, `=a`, `!b`, and after the job `=c`; but not when all is consumed.
        assert_eq!(*calls.lock().unwrap(), [0, 9, 6, 3]);

        let protocol = Lines::default();
        let calls = Arc::clone(&protocol.calls);
        let mut session = Session::new(Box::new(protocol));
        reads(&mut session);
        session.received(b"!b\n");
        let done = runs(&mut session).run();
        session.done(done);
        writes(&mut session, b"b");
        reads(&mut session);
        assert_eq!(*calls.lock().unwrap(), [0, 3, 0]);
    }

    #[test]
    #[cfg_attr(debug_assertions, should_panic(expected = "after the end of input"))]
    fn bytes_after_the_end_are_a_bug_of_the_shell_and_harmless() {
        let mut session = lines();
        session.received(&[]);
        session.received(b"=a\n");
        closes(&mut session);
    }

    #[test]
    #[cfg_attr(debug_assertions, should_panic(expected = "were offered"))]
    fn to_send_more_than_offered_is_a_bug_of_the_shell_and_harmless() {
        let mut session = lines();
        session.received(b"=a\n");
        session.sent(1000);
        reads(&mut session);
    }

    #[test]
    #[cfg_attr(debug_assertions, should_panic(expected = "were offered"))]
    fn to_send_unasked_is_a_bug_of_the_shell_and_harmless() {
        let mut session = lines();
        session.sent(1);
        session.received(b"=a\n");
        writes(&mut session, b"a");
        reads(&mut session);
    }

    #[test]
    #[cfg_attr(debug_assertions, should_panic(expected = "no job is out"))]
    fn to_be_done_twice_is_a_bug_of_the_shell_and_harmless() {
        let mut other = lines();
        other.received(b"!never\n");
        let again = runs(&mut other).run();
        let mut session = lines();
        session.received(b"!a\n=b\n");
        let done = runs(&mut session).run();
        session.done(done);
        session.done(again);
        writes(&mut session, b"a");
        writes(&mut session, b"b");
        reads(&mut session);
    }

    #[test]
    #[cfg_attr(debug_assertions, should_panic(expected = "no job is out"))]
    fn to_be_done_after_the_last_word_is_a_bug_of_the_shell_and_harmless() {
        let mut other = lines();
        other.received(b"!never\n");
        let done = runs(&mut other).run();
        let mut session = lines();
        session.received(b"q\n");
        session.done(done);
        writes(&mut session, b"bye");
        closes(&mut session);
    }

    /// A protocol that claims to have used more than it was given.
    struct Greedy;

    impl Protocol for Greedy {
        fn step(&mut self, input: &[u8], output: &mut Vec<u8>) -> Step {
            if input.is_empty() {
                return Step::Incomplete;
            }
            output.extend_from_slice(input);
            Step::Advance(input.len() + 1)
        }
    }

    #[test]
    #[cfg_attr(debug_assertions, should_panic(expected = "consumed more than there was"))]
    fn to_consume_more_than_there_is_is_a_bug_of_the_protocol_and_harmless() {
        let mut session = Session::new(Box::new(Greedy));
        for piece in [b"ab", b"cd"] {
            session.received(piece);
            writes(&mut session, piece);
        }
        session.received(&[]);
        closes(&mut session);
    }

    #[test]
    #[cfg_attr(debug_assertions, should_panic(expected = "no job is out"))]
    fn a_job_of_another_session_is_a_bug_of_the_shell_and_harmless() {
        let mut other = lines();
        other.received(b"!a\n");
        let done = runs(&mut other).run();
        let mut session = lines();
        session.done(done);
        reads(&mut session);
    }
}

#[test]
fn a_session_can_move_between_threads() {
    fn is_send<T: Send>(_: &T) {}
    is_send(&lines());
}
