//! The JSON API.

use serde_json::json;

use crate::client::{ask, assert_problem, site};

const JSON: (&str, &str) = ("Content-Type", "application/json");
const UNPROCESSABLE: &str = "422 Unprocessable Content";

#[test]
fn each_number_is_answered() {
    let site = site();
    let reply = ask(&site, "POST /api/primes", &[JSON], "[2, 97, 98, 0, 18446744073709551615, 2]");
    assert_eq!(reply.status, "200 OK");
    assert_eq!(reply.field("Content-Type"), "application/json");
    let answer = |number: u64, prime: bool| json!({ "number": number, "prime": prime });
    let expected = json!([
        answer(2, true),
        answer(97, true),
        answer(98, false),
        answer(0, false),
        answer(u64::MAX, false),
        answer(2, true),
    ]);
    assert_eq!(reply.json(), expected);
    assert_eq!(ask(&site, "POST /api/primes", &[JSON], "[]").json(), json!([]));
    let sixteen = json!(vec![4; 16]).to_string();
    let reply = ask(&site, "POST /api/primes", &[JSON], sixteen);
    assert_eq!(reply.json(), json!(vec![answer(4, false); 16]));
}

#[test]
fn what_is_no_list_of_numbers() {
    let site = site();
    let list = "send a list of numbers, as in [97, 98]";
    let number = |n| format!("element {n} is no whole number from 0 to 18446744073709551615");
    for (body, detail) in [
        ("{}", list),
        ("97", list),
        ("null", list),
        ("\"[97]\"", list),
        (&json!(vec![4; 17]).to_string(), "send at most 16 numbers; these are 17"),
        ("[\"97\"]", &number(1)),
        ("[1, -1]", &number(2)),
        ("[1, 2, 1.5]", &number(3)),
        ("[18446744073709551616]", &number(1)),
        ("[[1]]", &number(1)),
    ] {
        assert_problem(&ask(&site, "POST /api/primes", &[JSON], body), UNPROCESSABLE, detail);
    }
    for body in ["", "[", "[1,]", "[1] 2", "1 2", "\u{feff}[1]", &"[".repeat(1000)] {
        let reply = ask(&site, "POST /api/primes", &[JSON], body);
        assert_eq!(reply.status, "400 Bad Request", "{body}: {reply:?}");
        assert_eq!(reply.field("Content-Type"), "application/problem+json");
    }
    let long = format!("[1{}]", " ".repeat(16 * 1024));
    let reply = ask(&site, "POST /api/primes", &[JSON], long);
    assert_problem(&reply, "413 Content Too Large", "this may have at most 16384 bytes");
}

#[test]
fn only_json_is_taken() {
    let site = site();
    for fields in [&[][..], &[("Content-Type", "text/plain")]] {
        let reply = ask(&site, "POST /api/primes", fields, "[97]");
        let detail = "the body may be of type application/json";
        assert_problem(&reply, "415 Unsupported Media Type", detail);
        assert_eq!(reply.field("Accept"), "application/json");
    }
}

#[test]
fn errors_are_json_even_for_a_browser() {
    let site = site();
    let accept = ("Accept", "text/html");
    let reply = ask(&site, "POST /api/primes", &[JSON, accept], "{}");
    assert_problem(&reply, UNPROCESSABLE, "send a list of numbers, as in [97, 98]");
    let reply = ask(&site, "PUT /api/primes", &[JSON, accept], "{}");
    assert_problem(&reply, "405 Method Not Allowed", "there is only POST, OPTIONS here");
    assert_eq!(reply.field("Allow"), "POST, OPTIONS");
    let reply = ask(&site, "GET /api/nothing", &[accept], "");
    assert_problem(&reply, "404 Not Found", "there is nothing at this address");
}

#[test]
fn statistics_count_what_was_done() {
    let site = site();
    ask(&site, "GET /plain", &[], "");
    ask(&site, "GET /nowhere", &[], "");
    ask(&site, "POST /guess", &[], "");
    let reply = ask(&site, "GET /api/stats", &[], "");
    assert_eq!(reply.field("Content-Type"), "application/json");
    assert_eq!(reply.field("Cache-Control"), "no-store");
    let mut stats = reply.json();
    let uptime = stats["uptime_seconds"].take();
    assert!(uptime.is_u64(), "{uptime}");
    let expected = json!({
        "step": "step-04-threadpool",
        "uptime_seconds": null,
        "requests": 4,
        "games": { "started": 1, "won": 0, "kept": 1 },
    });
    assert_eq!(stats, expected);
}
