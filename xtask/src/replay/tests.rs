use std::fs::File;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use super::*;
use crate::scratch::Scratch;
use crate::{steps, timeline};

/// Long enough for anything that will happen at all.
const PATIENCE: Duration = Duration::from_secs(20);

/// Steps that wait in a different way each: a mistake, a thread, a loop, a loop with workers, futures.
const STEPS: [&str; 5] = ["01", "03", "05", "06", "10"];

fn built(number: &str) -> &'static Path {
    let (_, program) = steps::all_built().iter().find(|(step, _)| step.number() == number).unwrap();
    program
}

/// What the server `program` writes down of what `talk` does with it.
fn recorded(program: &Path, flags: &[&str], talk: impl FnOnce(SocketAddr)) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trace");
    let mut command = Command::new(program);
    command.args(["--addr", "127.0.0.1:0", "--trace-bytes", "--trace"]).arg(&file).args(flags);
    let (mut server, addr) = timeline::start(command.stderr(Stdio::piped())).unwrap();
    talk(addr);
    timeline::stop(&mut server).unwrap();
    fs::read_to_string(file).unwrap()
}

fn verdicts(trace: &str) -> Vec<Verdict> {
    replay(&read(trace).unwrap()).unwrap().iter().map(Conversation::verdict).collect()
}

fn client(addr: SocketAddr) -> TcpStream {
    let client = TcpStream::connect(addr).unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    client.set_nodelay(true).unwrap();
    client
}

/// All that still comes. Step 01 may hang up before it has read everything.
fn rest(mut client: TcpStream) -> Vec<u8> {
    let mut said = Vec::new();
    if client.shutdown(Shutdown::Write).is_ok() {
        let _ = client.read_to_end(&mut said);
    }
    said
}

/// Each piece is sent when the answer to the one before is here, so that they are cut like this.
fn frames(addr: SocketAddr) {
    let mut a = client(addr);
    for (piece, answer) in [("", "*"), ("^ec", "fd"), ("ho$^P7", "ip"), ("$nothing", "prime\n")] {
        let _ = a.write_all(piece.as_bytes());
        let mut said = vec![0; answer.len()];
        if a.read_exact(&mut said).is_err() {
            return;
        }
        assert_eq!(said, answer.as_bytes());
    }
    let mut b = client(addr);
    let _ = b.write_all(b"^P8$^\xff\x00\"\\$^P12x$");
    rest(a);
    rest(b);
}

#[test]
#[cfg(unix)]
fn frames_are_said_again_whoever_waited_for_them() {
    for step in STEPS {
        let trace = recorded(built(step), &[], frames);
        let conversations = replay(&read(&trace).unwrap()).unwrap();
        assert!(!conversations.is_empty(), "{step}: {trace}");
        for conversation in conversations {
            assert_eq!(conversation.verdict(), Verdict::Same, "{step}, {conversation}: {trace}");
        }
        // It is one byte that is received, and one that is sent.
        for (was, is, at) in [("\"^ec", "\"^ed", 2), ("\"*\"", "\"+\"", 0)] {
            assert!(trace.contains(was), "{step}: {trace}");
            let differs = |verdict| matches!(verdict, Verdict::Differs { at: n, .. } if n == at);
            assert!(differs(verdicts(&trace.replacen(was, is, 1)).remove(0)), "{step}, {was}");
        }
    }
}

/// Every way in which the site answers: at once, by a job, in pieces, with a part, and with a panic.
const REQUESTS: &[&str] = &[
    "GET /plain HTTP/1.1\r\nHost: a\r\n\r\nGET /prime/97 HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
    "lo\r\n7\r\n there\n\r\n0\r\n\r\n",
    "HEAD /large.bin HTTP/1.1\r\nHost: a\r\n\r\nGET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /large.bin HTTP/1.1\r\nHost: a\r\nRange: bytes=100000-\r\n\r\n",
    "GET /sleep?ms=1 HTTP/1.1\r\nHost: a\r\n\r\nGET /no/file HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /panic HTTP/1.1\r\nHost: a\r\n\r\nGET /plain HTTP/1.1\r\nHost: a\r\n\r\n",
];

fn http(addr: SocketAddr) {
    let mut a = client(addr);
    let mut b = client(addr);
    for request in REQUESTS {
        let _ = a.write_all(request.as_bytes());
        // What is no request ends the conversation.
        let _ = b.write_all(b"GET /plain HTTP/1.1\r\nHost: a\r\n\r\nno request\r\n\r\n");
    }
    rest(a);
    rest(b);
}

#[test]
#[cfg(unix)]
fn http_is_said_again_whoever_waited_for_it() {
    let scratch = Scratch::new("replay-http");
    scratch.write("large.bin", &"0123456789abcdef".repeat(20_000));
    // Whether an entity tag is weak depends on how long the file has been left alone.
    let file = File::options().write(true).open(scratch.dir.join("large.bin")).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(3600)).unwrap();
    let public = scratch.dir.to_str().unwrap();
    for step in STEPS {
        let trace = recorded(built(step), &["--protocol", "http", "--public", public], http);
        let conversations = replay(&read(&trace).unwrap()).unwrap();
        // The stop wakes whoever accepts by a connection of its own, which may be one more.
        assert!(conversations.len() >= 2, "{step}");
        for conversation in conversations {
            assert_eq!(conversation.verdict(), Verdict::Same, "{step}, {conversation}");
        }
        if step != "01" {
            for part in ["206 Partial", "500 Internal", "hello there", "no request"] {
                assert!(trace.contains(part), "{step}: {part}");
            }
        }
        // The date is any, and still one.
        for (was, is, place) in [("200 OK", "201 OK", 11), (" GMT", " gmt", 23)] {
            let verdicts = verdicts(&trace.replacen(was, is, 1));
            let there =
                |verdict: &&Verdict| matches!(verdict, Verdict::Differs { at, .. } if *at == place);
            assert_eq!(verdicts.iter().filter(there).count(), 1, "{step}: {verdicts:?}");
        }
    }
}

#[test]
#[cfg(unix)]
fn what_is_drawn_by_lot_differs() {
    let start = |addr| {
        let mut client = client(addr);
        client.write_all(b"POST /guess HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").unwrap();
        rest(client);
    };
    let trace = recorded(built("06"), &["--protocol", "http"], start);
    let verdict = verdicts(&trace).remove(0);
    assert!(
        matches!(&verdict, Verdict::Differs { then, .. } if then.contains("guess/")),
        "{verdict:?}"
    );
}

/// A trace with bytes of a client who says `^ab$`.
const TRACE: &str = r#"trace 1 step 1700
serves frames
thread 0 main
1 0 1 opened 127.0.0.1:9
2 0 1 wants-write 1
3 0 1 sent 1 "*"
4 0 1 wants-read
5 0 1 received 4 "^ab$"
6 0 1 wants-write 2
7 0 1 sent 2 "bc"
8 0 1 wants-read
9 0 1 received 0 ""
10 0 1 wants-close
11 0 1 closed
"#;

#[test]
fn what_differs_is_shown() {
    let differs = |at, then: &str, now: &str| {
        vec![Verdict::Differs { at, then: then.into(), now: now.into() }]
    };
    assert_eq!(verdicts(TRACE), [Verdict::Same]);
    for (was, is, verdict) in [
        ("\"bc\"", "\"bd\"", differs(2, "*bd", "*bc")),
        ("\"^ab$\"", "\"^ac$\"", differs(2, "*bc", "*bd")),
        ("\"^ab$\"", "\"xxxx\"", differs(1, "it wanted to write 2 bytes", "it wanted to read")),
        ("10 0 1 wants-close", "10 0 1 wants-read", {
            differs(3, "it wanted to read", "it wanted to close")
        }),
    ] {
        assert_eq!(verdicts(&TRACE.replacen(was, is, 1)), verdict, "{is}");
    }
}

#[test]
fn of_much_that_was_said_the_place_that_differs_is_shown() {
    let said = "bc".repeat(50) + "!" + &"bc".repeat(50)[1..];
    let trace = TRACE
        .replace("4 \"^ab$\"", &format!("201 \"^{}\"", "ab".repeat(100)))
        .replace("wants-write 2", "wants-write 200")
        .replace("2 \"bc\"", &format!("200 \"{said}\""));
    let verdict = verdicts(&trace).remove(0);
    let (before, after) = ("bc".repeat(20), "c".to_owned() + &"bc".repeat(19));
    assert_eq!(
        verdict,
        Verdict::Differs {
            at: 101,
            then: format!("…{before}!{after}…"),
            now: format!("…{before}b{after}…"),
        }
    );
}

#[test]
fn a_trace_that_was_cut_is_replayed_as_far_as_it_goes() {
    for end in 0..TRACE.len() {
        let trace = read(&TRACE[..end]);
        let Ok(trace) = trace else {
            assert!(!TRACE[..end].contains('\n'), "{end}");
            continue;
        };
        let Ok(conversations) = replay(&trace) else {
            assert!(trace.serves.is_none(), "{end}");
            continue;
        };
        for conversation in conversations {
            assert_eq!(conversation.verdict(), Verdict::Same, "{end}");
            assert!(conversation.to_string().ends_with("the trace was cut"), "{end}");
        }
    }
    let whole = replay(&read(TRACE).unwrap()).unwrap().remove(0).to_string();
    assert_eq!(whole, "client 1    127.0.0.1:9                  4 in        3 out");
}

#[test]
fn an_answer_may_leave_in_pieces_even_its_date() {
    let kept = include_str!("../../tests/replay/chunks-cut-in-two.trace");
    let line = kept.lines().find(|line| line.contains(" sent 115 ")).unwrap();
    let (first, second) = line.split_once(" Nov").unwrap();
    let first = first.replace("115", "30");
    let more = "229545 0 2 wants-write 85\n229545 0 2 sent 85";
    let pieces = format!("{first}\"\n{more} \" Nov{second}");
    assert_eq!(verdicts(&kept.replace(line, &pieces)), [Verdict::Same, Verdict::Same]);
    let wrong = pieces.replace(" Nov", " Nev");
    let verdict = verdicts(&kept.replace(line, &wrong)).remove(1);
    assert!(matches!(verdict, Verdict::Differs { at: 145, .. }), "{verdict:?}");
}

#[test]
fn what_cannot_be_replayed_is_said() {
    let wrong = |trace: &str| format!("{:#}", read(trace).and_then(|t| replay(&t)).err().unwrap());
    for (was, is, says) in [
        ("serves frames\n", "", "`--trace-bytes` beside `--trace` records that"),
        ("trace 1", "[\n{\"name\"", "if FILE does not end in .json"),
        ("11 0 1 closed", "lost 3", "3 events are missing"),
        ("serves frames", "serves smtp", "line 2"),
        (" \"bc\"", "", "client 1, 7 µs: what was said is missing"),
        ("1 0 1 opened 127.0.0.1:9\n", "", "client 1 never came"),
        ("10 0 1 wants-close", "10 0 1 received 1 \"a\"", "came after the end"),
        ("8 0 1 wants-read", "8 0 1 sent 1 \"d\"", "more was sent than it wanted to send"),
        ("8 0 1 wants-read", "8 0 1 job-started", "there is no job to run"),
        ("8 0 1 wants-read", "8 0 1 done", "no job has run"),
    ] {
        let error = wrong(&TRACE.replacen(was, is, 1));
        assert!(error.contains(says), "{is}: {error}");
    }
}
