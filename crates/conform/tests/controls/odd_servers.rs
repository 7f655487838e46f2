//! Servers that do what nobody expects: what is said of them is true, comes soon, and costs little.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use conform::{Check, Finding, Protocol, Report, Target};
use libtest_mimic::Trial;

/// The tests below, each under its name.
pub fn trials() -> Vec<Trial> {
    let trial = |name: &str, test: fn()| {
        Trial::test(name, move || {
            test();
            Ok(())
        })
    };
    let mut trials = vec![
        trial("an_answer_without_a_head_is_no_response", an_answer_without_a_head_is_no_response),
        trial("who_closes_at_once_is_told_so", who_closes_at_once_is_told_so),
        trial("who_says_nothing_has_no_page", who_says_nothing_has_no_page),
        trial("who_says_nothing_is_not_waited_for_long", who_says_nothing_is_not_waited_for_long),
        trial("who_sends_without_end_is_not_listened_to", who_sends_without_end_is_not_listened_to),
        trial("nobody_must_keep_a_connection", nobody_must_keep_a_connection),
        trial("what_is_rare_and_right_passes", what_is_rare_and_right_passes),
        trial("who_takes_and_forgets_has_not_kept_it", who_takes_and_forgets_has_not_kept_it),
    ];
    if cfg!(unix) {
        trials.push(trial("a_command_that_ends_says_why", a_command_that_ends_says_why));
    }
    if cfg!(target_os = "linux") {
        trials.push(trial("nothing_that_was_started_is_left", nothing_that_was_started_is_left));
    }
    trials
}

/// Takes clients until the tests end, and does this with each, in a thread of its own.
fn server(talk: fn(TcpStream) -> io::Result<()>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    thread::spawn(move || {
        listener.incoming().flatten().for_each(|stream| drop(thread::spawn(move || talk(stream))))
    });
    addr
}

fn check(addr: SocketAddr, protocol: Protocol, names: &[&str]) -> anyhow::Result<Report> {
    let mut cases = conform::cases();
    cases.retain(|case| names.contains(&case.name));
    assert_eq!(cases.len(), names.len());
    let target = Target::Running(addr);
    let check = Check { target, protocol, seed: 1, path: "/".into(), cases, whole: false };
    check.run(|_| {})
}

/// What is found of one case.
fn finding(addr: SocketAddr, protocol: Protocol, name: &str) -> Finding {
    check(addr, protocol, &[name]).unwrap().outcomes.remove(0).finding
}

/// Why nothing can be said of an HTTP server.
fn refusal(addr: SocketAddr) -> String {
    let error = check(addr, Protocol::Http, &["http-plain"]).unwrap_err();
    format!("{error:#}")
}

/// What has come when the head of a request is there; nothing, when nobody asks any more.
fn head(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut seen = Vec::new();
    let mut buffer = [0; 1024];
    while !seen.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut buffer)? {
            0 => return Ok(Vec::new()),
            n => seen.extend_from_slice(&buffer[..n]),
        }
    }
    Ok(seen)
}

/// Answers one request with this and closes.
fn answers_once(mut stream: TcpStream, answer: &[u8]) -> io::Result<()> {
    if !head(&mut stream)?.is_empty() {
        stream.write_all(answer)?;
    }
    Ok(())
}

fn an_answer_without_a_head_is_no_response() {
    let said = refusal(server(|stream| answers_once(stream, b"<h1>It works</h1>\n")));
    assert!(said.contains("GET /: \"<h1>It works</h1>"), "{said}");
    assert!(said.contains("which is no response"), "{said}");
}

fn who_closes_at_once_is_told_so() {
    let said = refusal(server(|_| Ok(())));
    assert!(said.contains("does not come to its end"), "{said}");
}

fn mute(stream: TcpStream) -> io::Result<()> {
    thread::sleep(Duration::from_secs(600));
    drop(stream);
    Ok(())
}

fn who_says_nothing_has_no_page() {
    let said = refusal(server(mute));
    assert!(said.contains("does not come to its end"), "{said}");
}

fn who_says_nothing_is_not_waited_for_long() {
    let Finding::Fails(story) = finding(server(mute), Protocol::Frames, "greeting") else {
        panic!("nothing is no greeting");
    };
    assert_eq!(story.what, "A got nothing in 4 s");
}

fn who_sends_without_end_is_not_listened_to() {
    let said = refusal(server(|mut stream| {
        head(&mut stream)?;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")?;
        (0..1600).try_for_each(|_| stream.write_all(&[b'x'; 64 * 1024]))
    }));
    assert!(said.contains("GET /: more than 4 MiB"), "{said}");
    let endless = server(|mut stream| {
        stream.write_all(b"*")?;
        loop {
            stream.write_all(&[b'b'; 64 * 1024])?;
        }
    });
    let Finding::Fails(story) = finding(endless, Protocol::Frames, "echo") else {
        panic!("it said what nobody asked for");
    };
    assert!(story.what.starts_with("A got \"bbb"), "{}", story.what);
}

/// RFC 9112 §9.3: a server of HTTP/1.0 closes, and what came behind the first request is lost with it.
fn nobody_must_keep_a_connection() {
    let old = server(|stream| answers_once(stream, b"HTTP/1.0 200 OK\r\n\r\nhi"));
    let names = ["http-plain", "http-close", "http-pipelined"];
    let report = check(old, Protocol::Http, &names).unwrap();
    for outcome in report.outcomes {
        match (outcome.case.name, outcome.finding) {
            ("http-pipelined", Finding::NotTried(reason)) => {
                // It serves no numbers either.
                assert!(reason.starts_with("needs "), "{reason}");
            }
            (_, Finding::Passes) => {}
            (name, finding) => panic!("{name}: {finding:?}"),
        }
    }
    let keep_alive = finding(old, Protocol::Http, "http-keep-alive");
    assert!(matches!(keep_alive, Finding::Differs(_)), "{keep_alive:?}");
}

/// RFC 9110 §15.2 and §6.5, RFC 9112 §7.1: all of this is allowed.
fn what_is_rare_and_right_passes() {
    let rare = server(|mut stream| {
        while !head(&mut stream)?.is_empty() {
            stream.write_all(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n")?;
            stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n")?;
            (0..300).try_for_each(|n| stream.write_all(format!("X-{n}: y\r\n").as_bytes()))?;
            stream.write_all(b"\r\n2;a=b\r\nhi\r\n1 ; c=\"d\"\r\n!\r\n0\r\nX-Sum: 1\r\n\r\n")?;
        }
        Ok(())
    });
    for name in ["http-plain", "http-keep-alive"] {
        assert_eq!(finding(rare, Protocol::Http, name), Finding::Passes, "{name}");
    }
}

/// What is said of a command that is no server.
fn said_of(command: &str) -> String {
    let mut cases = conform::cases();
    cases.retain(|case| case.name == "greeting");
    let (target, path) = (Target::Command(command.into()), "/".into());
    let check = Check { target, protocol: Protocol::Frames, seed: 1, path, cases, whole: false };
    format!("{:#}", check.run(|_| {}).unwrap_err())
}

fn a_command_that_ends_says_why() {
    let said = said_of("sh -c 'echo no such file >&2; exit 3' {port}");
    for part in ["ended with exit status: 3 and never listened", "its stderr:\n    no such file"] {
        assert!(said.contains(part), "{said}");
    }
}

/// The children of a server end with it, also when it has ended before them.
fn nothing_that_was_started_is_left() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().display();
    said_of(&format!("sh -c 'sleep 600 & echo $! > {path}; exit 3' {{port}}"));
    let child = std::fs::read_to_string(file.path()).unwrap();
    // Until somebody has waited for it, a process that was killed is still listed, as `Z`.
    let stat = || std::fs::read_to_string(format!("/proc/{}/stat", child.trim()));
    let runs = || stat().is_ok_and(|stat| !stat.contains(") Z "));
    for _ in 0..500 {
        if !runs() {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("`sleep` is still there: {:?}", stat());
}

/// A server of frames that answers `^abc$` and whatever else with `bcd`, and asks this what to do
/// with a client that has sent so much.
fn frames(mut stream: TcpStream, keep: impl Fn(&[u8]) -> bool) -> io::Result<()> {
    stream.write_all(b"*")?;
    let mut buffer = vec![0; 64 * 1024];
    let mut kept = Vec::new();
    loop {
        match stream.read(&mut buffer)? {
            0 => return stream.write_all(&kept),
            n if n < 100 => stream.write_all(b"bcd")?,
            n if keep(&buffer[..n]) => kept.extend_from_slice(&buffer[..n]),
            _ => {}
        }
        // The client has offered all it has: it is answered at last.
        if kept.len() >= 64 * 1024 * 1024 {
            stream.write_all(&kept)?;
            kept.clear();
        }
    }
}

/// Nobody can look into the memory of a server that runs already.
fn who_takes_and_forgets_has_not_kept_it() {
    let forgets = server(|stream| frames(stream, |_| false));
    assert_eq!(finding(forgets, Protocol::Frames, "never-reads"), Finding::Passes);
    let keeps = server(|stream| frames(stream, |_| true));
    let Finding::Fails(story) = finding(keeps, Protocol::Frames, "never-reads") else {
        panic!("it has kept 64 MiB");
    };
    assert_eq!(story.what, "the server took all of 64 MiB: it keeps them");
}
