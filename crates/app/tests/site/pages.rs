//! The pages, and the small routes.

use crate::client::{Reply, assert_problem, converse, site};

const TEXT: &str = "text/plain; charset=utf-8";
const PAGE: &str = "text/html; charset=utf-8";

/// What a site replies to this request line, which comes in pieces of several sizes.
fn ask(line: &str) -> Reply {
    let reply = converse(&site(), line, &[], b"", usize::MAX);
    for size in [1, 7] {
        assert_eq!(converse(&site(), line, &[], b"", size).body, reply.body, "{line}");
    }
    reply
}

#[track_caller]
fn check(line: &str, status: &str, content_type: &str, body: &str) {
    let reply = ask(line);
    assert_eq!(reply.status, status, "{line}");
    assert_eq!(reply.field("Content-Type"), content_type, "{line}");
    assert_eq!(reply.field("Content-Length"), body.len().to_string(), "{line}");
    assert_eq!(reply.body, if line.starts_with("HEAD") { "" } else { body }, "{line}");
}

/// A page with this title, and what it says.
#[track_caller]
fn page(line: &str, status: &str, title: &str, says: &str) {
    let reply = ask(line);
    assert_eq!(reply.status, status, "{line}");
    assert_eq!(reply.field("Content-Type"), PAGE, "{line}");
    assert!(reply.field("Content-Security-Policy").starts_with("default-src 'none'; "), "{line}");
    let title = format!("<title>{title} · Who Waits?</title>");
    assert!(reply.body.contains(&title), "{line}: {}", reply.body);
    assert!(reply.body.contains(says), "{line}: {}", reply.body);
}

#[test]
fn pages() {
    page("GET /", "200 OK", "A fixed number of workers", "N workers, behind a bounded queue");
    page("GET /nowhere", "404 Not Found", "Not Found", "There is nothing at this address.");
    page("POST /nowhere", "404 Not Found", "Not Found", "There is nothing at this address.");
    page("GET /guess", "200 OK", "Guess the number", "a whole number from 1 to 100");
    page("GET /panic", "500 Internal Server Error", "Internal Server Error", "The server failed");
    assert_eq!(ask("HEAD /").body, "");
}

#[test]
fn every_link_of_the_page_leads_somewhere() {
    let page = ask("GET /").body;
    let links: Vec<&str> =
        page.split("<a href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    for path in ["/guess", "/plain", "/sleep", "/prime/97", "/panic", "/api/stats"] {
        assert!(links.contains(&path), "{path}: {links:?}");
    }
    for link in links {
        // Asking what may be asked does none of the work.
        let reply = ask(&format!("OPTIONS {link}"));
        let status = if link == "/nowhere" { "404 Not Found" } else { "204 No Content" };
        assert_eq!(reply.status, status, "{link}");
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
fn the_first_page_has_commands_for_whoever_is_asked() {
    let page = ask("GET /").body;
    assert!(page.contains(" http://a.example/echo</code>"), "{page}");
    assert!(page.contains(" http://a.example/api/primes</code>"), "{page}");
    for (host, shown) in [
        ("b.example:81", "b.example:81"),
        ("127.0.0.1:8080", "127.0.0.1:8080"),
        ("[::1]:8080", "[::1]:8080"),
        // What a shell would read as more than a name.
        ("b&c.example:81", "localhost"),
        ("b;reboot;.example", "localhost"),
        ("$(reboot).example", "localhost"),
        ("'b'.example", "localhost"),
        ("%3breboot.example", "localhost"),
    ] {
        let page = ask(&format!("GET http://{host}/")).body;
        for path in ["echo", "api/primes", "guess", "guess/id"] {
            assert!(page.contains(&format!(" http://{shown}/{path}")), "{host}: {page}");
        }
        assert!(shown == host || !page.contains("reboot"), "{host}: {page}");
    }
}

#[test]
fn an_echo_is_the_same_bytes_of_the_same_type() {
    let all: Vec<u8> = (0..=127).collect();
    let site = site();
    for (content_type, expected) in [
        (Some("text/plain; charset=utf-8"), "text/plain; charset=utf-8"),
        (Some("text/html"), "text/html"),
        (Some("application/x.own+json ; a=\"b\""), "application/x.own+json ; a=\"b\""),
        (Some("text"), "application/octet-stream"),
        (Some("text/"), "application/octet-stream"),
        (Some("text/a b"), "application/octet-stream"),
        (Some("a/b/c"), "application/octet-stream"),
        (None, "application/octet-stream"),
    ] {
        let fields: Vec<_> =
            content_type.map(|value| ("Content-Type", value)).into_iter().collect();
        for body in [b"".as_slice(), b"Who waits?", &all] {
            for size in [1, 7, usize::MAX] {
                let reply = converse(&site, "POST /echo", &fields, body, size);
                assert_eq!(reply.status, "200 OK");
                assert_eq!(reply.field("Content-Type"), expected, "{content_type:?}");
                assert_eq!(reply.body.as_bytes(), body);
                // Whatever type it is given, no browser makes more of it, or runs it.
                assert_eq!(reply.field("X-Content-Type-Options"), "nosniff");
                assert_eq!(reply.field("Content-Security-Policy"), "sandbox");
            }
        }
    }
    let long = vec![b'x'; 1024 * 1024];
    let reply = converse(&site, "POST /echo", &[], &long, 16 * 1024);
    assert!(reply.body.as_bytes() == long, "{} bytes", reply.body.len());
}

#[test]
fn errors_come_in_the_format_that_is_accepted() {
    for (accept, not_found, bad_request) in [
        ("*/*", PAGE, TEXT),
        ("text/html", PAGE, PAGE),
        ("text/plain", TEXT, TEXT),
        ("application/json", "application/problem+json", "application/problem+json"),
        ("application/problem+json", "application/problem+json", "application/problem+json"),
        ("image/png", PAGE, TEXT),
    ] {
        let ask = |line| converse(&site(), line, &[("Accept", accept)], b"", usize::MAX);
        assert_eq!(ask("GET /echo").field("Content-Type"), bad_request, "{accept}");
        assert_eq!(ask("GET /nowhere").field("Content-Type"), not_found, "{accept}");
        assert_eq!(ask("GET /nowhere").field("Vary"), "Accept");
        assert_eq!(ask("GET /prime/x").field("Content-Type"), bad_request, "{accept}");
    }
    let json = converse(&site(), "GET /prime/x", &[("Accept", "application/json")], b"", 7);
    assert_problem(&json, "400 Bad Request", "'x' is not a digit");
    let page = converse(&site(), "GET /prime/%22%3C", &[("Accept", "text/html")], b"", 7);
    assert!(page.body.contains("&#39;%&#39; is not a digit"), "{}", page.body);
}

#[test]
fn a_method_that_is_not_for_this_path() {
    let text = "405 Method Not Allowed: there is only GET, HEAD, OPTIONS here\n";
    check("POST /plain", "405 Method Not Allowed", TEXT, text);
    check("DELETE /prime/7", "405 Method Not Allowed", TEXT, text);
    assert_eq!(ask("POST /sleep").field("Allow"), "GET, HEAD, OPTIONS");
    assert_eq!(ask("PUT /guess").field("Allow"), "GET, HEAD, POST, OPTIONS");
}

#[test]
fn the_date_is_now() {
    let reply = ask("GET /plain");
    let date = httpdate::parse_http_date(reply.field("Date")).expect("it is a date");
    let now = std::time::SystemTime::now();
    let age = now.duration_since(date).unwrap_or_else(|ahead| ahead.duration());
    // A stopped machine may let minutes pass in between; a wrong date is off by decades.
    assert!(age.as_secs() < 3600, "{age:?}");
}
