//! The site, asked without a socket.

use std::path::Path;
use std::sync::Arc;

use proto::Session;

fn site() -> Arc<dyn http_lite::App> {
    app::site(&app::Config { step: "step-04-threadpool", public: Path::new("no/such/place") })
}

/// The head and the body of what the site replies to this request line, delivered in pieces of
/// several sizes.
fn ask(line: &str) -> (String, String) {
    let request = format!("{line} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    let [reply, others @ ..] = [request.len(), 1, 7].map(|size| {
        let session = Session::new(Box::new(http_lite::Connection::new(site())));
        let reply = proto::converse(session, request.as_bytes(), size);
        let reply = String::from_utf8(reply).expect("all that the site says is text");
        let (head, body) = reply.split_once("\r\n\r\n").expect("a reply has a head");
        (head.to_string(), body.to_string())
    });
    for other in others {
        assert_eq!(other.1, reply.1, "{line}");
    }
    reply
}

#[track_caller]
fn check(line: &str, status: &str, content_type: &str, body: &str) {
    let (head, found) = ask(line);
    let lines: Vec<&str> = head.split("\r\n").collect();
    assert_eq!(lines[0], format!("HTTP/1.1 {status}"), "{line}");
    assert!(lines.contains(&format!("Content-Type: {content_type}").as_str()), "{line}: {head}");
    assert!(lines.contains(&format!("Content-Length: {}", body.len()).as_str()), "{line}: {head}");
    assert_eq!(found, if line.starts_with("HEAD") { "" } else { body }, "{line}");
}

const TEXT: &str = "text/plain; charset=utf-8";
const PAGE: &str = "text/html; charset=utf-8";

/// A page with this title, and what it says.
#[track_caller]
fn page(line: &str, status: &str, title: &str, says: &str) {
    let (head, body) = ask(line);
    let lines: Vec<&str> = head.split("\r\n").collect();
    assert_eq!(lines[0], format!("HTTP/1.1 {status}"), "{line}");
    assert!(lines.contains(&format!("Content-Type: {PAGE}").as_str()), "{line}: {head}");
    assert!(body.contains(&format!("<title>{title} · Who Waits?</title>")), "{line}: {body}");
    assert!(body.contains(says), "{line}: {body}");
}

#[test]
fn pages() {
    page("GET /", "200 OK", "A fixed number of workers", "N workers, behind a bounded queue");
    page("GET /nowhere", "404 Not Found", "Not Found", "There is nothing at this address.");
    page("POST /nowhere", "404 Not Found", "Not Found", "There is nothing at this address.");
    assert_eq!(ask("HEAD /").1, "");
}

#[test]
fn every_link_of_the_page_leads_somewhere() {
    let (_, page) = ask("GET /");
    let links: Vec<&str> =
        page.split("<a href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    for path in ["/plain", "/sleep", "/prime/97", "/panic"] {
        assert!(links.contains(&path), "{path}: {links:?}");
    }
    for link in links {
        // Asking what may be asked does none of the work.
        let (head, _) = ask(&format!("OPTIONS {link}"));
        let status = if link == "/nowhere" { "404 Not Found" } else { "204 No Content" };
        assert!(head.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{link}: {head}");
    }
}

#[test]
fn plain_is_thirteen_bytes() {
    check("GET /plain", "200 OK", "text/plain", "Hello, World!");
    check("HEAD /plain", "200 OK", "text/plain", "Hello, World!");
}

#[test]
fn sleep_sleeps_as_long_as_it_is_told() {
    check("GET /sleep?ms=0", "200 OK", TEXT, "slept 0 ms\n");
    check("GET /sleep?a=b&ms=12", "200 OK", TEXT, "slept 12 ms\n");
    let bad = |query, wrong| {
        let text = format!("400 Bad Request: ms: {wrong}\n");
        check(&format!("GET /sleep?{query}"), "400 Bad Request", TEXT, &text);
    };
    bad("ms", "no digits");
    bad("ms=", "no digits");
    bad("ms=1.5", "'.' is not a digit");
    bad("ms=-1", "'-' is not a digit");
    bad("ms=+1", "'+' is not a digit");
    bad("ms=60001", "over 60000");
    bad("ms=18446744073709551616", "over 60000");
}

#[test]
fn prime_tells_primes_from_composites() {
    check("GET /prime/7", "200 OK", TEXT, "prime\n");
    check("GET /prime/0007", "200 OK", TEXT, "prime\n");
    check("GET /prime/8", "200 OK", TEXT, "composite\n");
    check("GET /prime/0", "200 OK", TEXT, "composite\n");
    check("GET /prime/18446744073709551615", "200 OK", TEXT, "composite\n");
    check("HEAD /prime/7", "200 OK", TEXT, "prime\n");
    let bad = |n, wrong| {
        let text = format!("400 Bad Request: {wrong}\n");
        check(&format!("GET /prime/{n}"), "400 Bad Request", TEXT, &text);
    };
    bad("x", "'x' is not a digit");
    bad("+7", "'+' is not a digit");
    bad("7%20", "'%' is not a digit");
    bad("18446744073709551616", "over 18446744073709551615");
}

#[test]
fn a_panic_is_answered() {
    let text = "500 Internal Server Error: the server failed at this request\n";
    check("GET /panic", "500 Internal Server Error", TEXT, text);
}

#[test]
fn a_method_that_is_not_for_this_path() {
    let text = "405 Method Not Allowed: there is only GET, HEAD, OPTIONS here\n";
    check("POST /plain", "405 Method Not Allowed", TEXT, text);
    check("DELETE /prime/7", "405 Method Not Allowed", TEXT, text);
    assert!(ask("POST /sleep").0.contains("\r\nAllow: GET, HEAD, OPTIONS"));
}

#[test]
fn the_date_is_now() {
    let (head, _) = ask("GET /plain");
    let date = head.split("\r\n").find_map(|line| line.strip_prefix("Date: "));
    let date = httpdate::parse_http_date(date.expect("there is a date")).expect("it is a date");
    let now = std::time::SystemTime::now();
    let age = now.duration_since(date).unwrap_or_else(|ahead| ahead.duration());
    // A stopped machine may let minutes pass in between; a wrong date is off by decades.
    assert!(age.as_secs() < 3600, "{age:?}");
}
