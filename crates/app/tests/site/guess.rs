//! The guessing game, played to the end by programs, browsers and threads.

use std::collections::HashSet;
use std::sync::Arc;
use std::thread;

use http_lite::App;
use serde_json::json;

use crate::client::{Reply, ask, assert_problem, site};

const JSON: (&str, &str) = ("Content-Type", "application/json");
const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");
const BROWSER: (&str, &str) =
    ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8");

const NOT_FOUND: &str = "404 Not Found";
const UNPROCESSABLE: &str = "422 Unprocessable Content";

/// Starts a game: its address.
#[track_caller]
fn start(site: &Arc<dyn App>) -> String {
    let reply = ask(site, "POST /guess", &[], "");
    assert_eq!(reply.status, "201 Created");
    reply.field("Location").to_owned()
}

fn guess(site: &Arc<dyn App>, game: &str, number: u64) -> Reply {
    ask(site, &format!("POST {game}"), &[JSON], json!({ "number": number }).to_string())
}

/// Plays to the end, by halving what is left: the secret, and how many tries it took.
fn win(site: &Arc<dyn App>, game: &str) -> (u64, u64) {
    let (mut from, mut to) = (1, 100);
    for tries in 1..=7 {
        let number = (from + to) / 2;
        let reply = guess(site, game, number).json();
        assert_eq!(reply["tries"], tries, "{reply}");
        match reply["answer"].as_str() {
            Some("too low") => from = number + 1,
            Some("too high") => to = number - 1,
            Some("correct") => return (number, tries),
            _ => panic!("{reply}"),
        }
        assert_eq!((&reply["from"], &reply["to"]), (&json!(from), &json!(to)), "{reply}");
    }
    panic!("seven tries are always enough");
}

#[test]
fn a_program_plays_to_the_end() {
    let site = site();
    let game = start(&site);
    let (secret, tries) = win(&site, &game);
    let id = game.strip_prefix("/guess/").expect("it lies below /guess");
    let mut expected = json!({
        "id": id, "from": secret, "to": secret, "tries": tries, "won": true,
    });
    let shown = ask(&site, &format!("GET {game}"), &[], "");
    assert_eq!(shown.status, "200 OK");
    assert_eq!(shown.field("Content-Type"), "application/json");
    assert_eq!(shown.field("Cache-Control"), "no-store");
    assert_eq!(shown.json(), expected);
    assert_problem(
        &guess(&site, &game, secret),
        "409 Conflict",
        "this game is over: start another one",
    );
    // The 409 was no try.
    assert_eq!(ask(&site, &format!("GET {game}"), &[], "").json(), expected);
    // What a guess is answered with is the game, the guess and the answer.
    let other = start(&site);
    let answered = guess(&site, &other, 100).json();
    if answered["won"] == false {
        expected = json!({
            "id": other["/guess/".len()..], "from": 1, "to": 99, "tries": 1, "won": false,
            "guess": 100, "answer": "too high",
        });
        assert_eq!(answered, expected);
    }
}

/// What a browser would do next: the action of the page's one form, and whether it asks for a
/// number.
fn form(page: &Reply) -> (String, bool) {
    let (_, rest) = page.body.split_once("<form method=\"post\" action=\"").expect("a form");
    let (action, rest) = rest.split_once('"').expect("a quoted action");
    assert!(!rest.contains("<form"), "one form is enough: {rest}");
    (action.to_owned(), rest.contains("name=\"number\""))
}

#[test]
fn a_browser_plays_to_the_end() {
    let site = site();
    let page = ask(&site, "GET /guess", &[BROWSER], "");
    assert_eq!((page.status.as_str(), form(&page)), ("200 OK", ("/guess".to_owned(), false)));
    let mut page = ask(&site, "POST /guess", &[BROWSER, FORM], "");
    assert_eq!(page.status, "201 Created");
    let game = page.field("Location").to_owned();
    let (mut from, mut to) = (1, 100);
    for tries in 1..=7 {
        assert_eq!(page.field("Content-Type"), "text/html; charset=utf-8");
        assert_eq!(form(&page), (game.clone(), true));
        let number: u64 = (from + to) / 2;
        page = ask(&site, &format!("POST {game}"), &[BROWSER, FORM], format!("number={number}"));
        assert_eq!(page.status, "200 OK");
        let said = ["too low", "too high"].map(|verdict| format!("{number} is {verdict}"));
        let shows = |said: &str| {
            page.body.contains(&format!("<h1>{said}</h1>"))
                && page
                    .body
                    .contains(&format!("<title>{said} · Guess the number · Who Waits?</title>"))
        };
        let tries = if tries == 1 { "1 try".to_owned() } else { format!("{tries} tries") };
        if shows(&said[0]) {
            from = number + 1;
        } else if shows(&said[1]) {
            to = number - 1;
        } else {
            assert!(shows(&format!("Correct: it is {number}")), "{page:?}");
            assert!(page.body.contains(&format!("You needed {tries}.")), "{page:?}");
            assert_eq!(form(&page), ("/guess".to_owned(), false), "only another game is left");
            return;
        }
        let known = format!("It is from {from} to {to}, after {tries}.");
        assert!(page.body.contains(&known), "{page:?}");
    }
    panic!("seven tries are always enough");
}

#[test]
fn a_number_may_come_in_three_ways() {
    let site = site();
    let game = format!("POST {}", start(&site));
    for (content_type, body) in [
        ("application/x-www-form-urlencoded", "number=1"),
        ("application/x-www-form-urlencoded", "a=b&number=%31+&number=2"),
        ("Application/X-WWW-Form-URLEncoded; charset=UTF-8", "number=1"),
        ("application/json", "{\"number\": 1}"),
        ("application/json;charset=utf-8", " {\"other\": [], \"number\": 1} "),
        ("text/plain", "1"),
        ("text/plain; charset=utf-8", "  0001\r\n"),
    ] {
        let reply = ask(&site, &game, &[("Content-Type", content_type)], body);
        assert!(["200 OK", "409 Conflict"].contains(&reply.status.as_str()), "{body}: {reply:?}");
        // Had 1 been the secret, the game would be over now.
        if reply.status == "200 OK" {
            assert_eq!(reply.json()["guess"], 1, "{body}");
        }
    }
}

#[test]
fn what_is_no_guess_is_refused_and_no_try() {
    let site = site();
    let game = start(&site);
    let line = format!("POST {game}");
    let (form, json, text) =
        ("application/x-www-form-urlencoded", "application/json", "text/plain");
    let range = "is not a number from 1 to 100";
    let whole = "number: send a whole number, as in {\"number\": 42}";
    for (content_type, body, status, detail) in [
        (form, "number=", UNPROCESSABLE, "number: no digits"),
        (form, "number=x", UNPROCESSABLE, "number: 'x' is not a digit"),
        (form, "number=-1", UNPROCESSABLE, "number: '-' is not a digit"),
        (form, "number=1.5", UNPROCESSABLE, "number: '.' is not a digit"),
        (form, "number=%00", UNPROCESSABLE, "number: '\\0' is not a digit"),
        (form, "number=0", UNPROCESSABLE, &format!("0 {range}")),
        (form, "number=101", UNPROCESSABLE, &format!("101 {range}")),
        (form, "number=99999999999999999999", UNPROCESSABLE, "number: over 18446744073709551615"),
        (form, "guess=42", UNPROCESSABLE, "number: the form does not have it"),
        (form, "", UNPROCESSABLE, "number: the form does not have it"),
        (json, "{}", UNPROCESSABLE, whole),
        (json, "42", UNPROCESSABLE, whole),
        (json, "{\"number\": \"42\"}", UNPROCESSABLE, whole),
        (json, "{\"number\": 4.2}", UNPROCESSABLE, whole),
        (json, "{\"number\": -1}", UNPROCESSABLE, whole),
        (json, "{\"number\": 101}", UNPROCESSABLE, &format!("101 {range}")),
        (text, "forty-two", UNPROCESSABLE, "number: 'f' is not a digit"),
        (text, "", UNPROCESSABLE, "number: no digits"),
    ] {
        assert_problem(&ask(&site, &line, &[("Content-Type", content_type)], body), status, detail);
    }
    for body in ["", "{", "{\"number\": 42", "nonsense", &"[".repeat(200)] {
        let reply = ask(&site, &line, &[JSON], body);
        let detail = reply.json()["detail"].clone();
        assert!(detail.as_str().is_some_and(|detail| detail.starts_with("the body is no JSON: ")));
        assert_eq!(reply.status, "400 Bad Request", "{body}");
    }
    let reply = ask(&site, &line, &[FORM], b"number=\xff");
    assert_problem(&reply, "400 Bad Request", "the body is not UTF-8");
    let reply = ask(&site, &line, &[FORM], format!("number={}", "0".repeat(16 * 1024)));
    assert_problem(&reply, "413 Content Too Large", "this may have at most 16384 bytes");
    let shown = ask(&site, &format!("GET {game}"), &[], "").json();
    assert_eq!((&shown["tries"], &shown["won"]), (&json!(0), &json!(false)));
}

#[test]
fn another_media_type_is_refused_with_a_list_of_those_that_are_not() {
    let site = site();
    let game = format!("POST {}", start(&site));
    const TYPES: &str = "application/x-www-form-urlencoded, application/json, text/plain";
    for content_type in
        ["text/html", "application/jsonx", "json", "multipart/form-data; boundary=x"]
    {
        let reply = ask(&site, &game, &[("Content-Type", content_type)], "number=42");
        let detail = format!("the body may be of type {TYPES}");
        assert_problem(&reply, "415 Unsupported Media Type", &detail);
        assert_eq!(reply.field("Accept"), TYPES);
        let fields = [("Content-Type", content_type), BROWSER];
        let page = ask(&site, &game, &fields, "number=42");
        assert_eq!(page.status, "415 Unsupported Media Type");
        assert_eq!(page.field("Accept"), TYPES);
    }
    assert_eq!(ask(&site, &game, &[], "42").status, "415 Unsupported Media Type");
}

#[test]
fn a_person_who_sent_nonsense_may_try_again() {
    let site = site();
    let game = start(&site);
    for (body, said) in [
        ("number=%3Cb%3E", "Number: &#39;&lt;&#39; is not a digit"),
        ("number=500", "500 is not a number from 1 to 100"),
        ("", "Number: the form does not have it"),
    ] {
        let page = ask(&site, &format!("POST {game}"), &[BROWSER, FORM], body);
        assert_eq!(page.status, UNPROCESSABLE);
        assert_eq!(page.field("Vary"), "Accept");
        assert!(page.body.contains(&format!("<h1>{said}</h1>")), "{page:?}");
        assert!(page.body.contains(&format!("<title>{said} · ")), "{page:?}");
        assert!(page.body.contains("It is from 1 to 100."), "{page:?}");
        assert_eq!(form(&page), (game.clone(), true));
    }
}

#[test]
fn a_game_that_is_not_there() {
    let site = site();
    let detail = "there is no such game, or not any more";
    for id in ["0", "x", "%00", "00000000000000000000000000000000", "..", "<script>"] {
        let line = format!("GET /guess/{id}");
        assert_problem(&ask(&site, &line, &[], ""), NOT_FOUND, detail);
        let line = format!("POST /guess/{id}");
        assert_problem(&ask(&site, &line, &[JSON], "{\"number\":1}"), NOT_FOUND, detail);
        let page = ask(&site, &line, &[BROWSER, FORM], "number=1");
        assert_eq!(page.status, NOT_FOUND);
        assert!(page.body.contains("There is no such game, or not any more."), "{page:?}");
    }
    // Not even one of this site is known to another.
    let stranger = start(&crate::client::site());
    assert_problem(&ask(&site, &format!("GET {stranger}"), &[], ""), NOT_FOUND, detail);
}

#[test]
fn the_format_follows_accept() {
    let site = site();
    for (accept, expected) in [
        (None, "application/json"),
        (Some("*/*"), "application/json"),
        (Some(BROWSER.1), "text/html; charset=utf-8"),
        (Some("text/html"), "text/html; charset=utf-8"),
        (Some("application/json"), "application/json"),
        (Some("text/html;q=0.5, application/json;q=0.6"), "application/json"),
        (Some("image/png"), "application/json"),
    ] {
        let fields: Vec<_> = accept.map(|accept| ("Accept", accept)).into_iter().collect();
        let started = ask(&site, "POST /guess", &fields, "");
        assert_eq!(started.field("Content-Type"), expected, "{accept:?}");
        assert_eq!(started.field("Vary"), "Accept");
        let game = format!("GET {}", started.field("Location"));
        assert_eq!(ask(&site, &game, &fields, "").field("Content-Type"), expected, "{accept:?}");
    }
    // Several fields are one list (RFC 9110 §5.3).
    let fields = [("Accept", "application/json;q=0.1"), ("accept", "text/html")];
    let started = ask(&site, "POST /guess", &fields, "");
    assert_eq!(started.field("Content-Type"), "text/html; charset=utf-8");
}

#[test]
fn threads_share_the_games() {
    let site = site();
    // Each starts games and plays those of its neighbour.
    let started: Vec<Vec<String>> = thread::scope(|scope| {
        let players: Vec<_> =
            (0..4).map(|_| scope.spawn(|| (0..25).map(|_| start(&site)).collect())).collect();
        players.into_iter().map(|player| player.join().expect("no player fails")).collect()
    });
    let ids: HashSet<&String> = started.iter().flatten().collect();
    assert_eq!(ids.len(), 100, "no two games share an id");
    let played = &site;
    thread::scope(|scope| {
        for games in started.iter().cycle().skip(1).take(4) {
            scope.spawn(move || {
                for game in games {
                    win(played, game);
                }
            });
        }
    });
    let stats = ask(&site, "GET /api/stats", &[], "").json();
    assert_eq!(stats["games"], json!({ "started": 100, "won": 100, "kept": 100 }));
}

#[test]
fn guesses_at_one_game_at_once_are_all_counted() {
    let site = site();
    // Not the secret, whichever that is: 1 or 100 it may be, but not both of them.
    let game = loop {
        let game = start(&site);
        if guess(&site, &game, 100).json()["won"] == false {
            break game;
        }
    };
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..25 {
                    guess(&site, &game, 100);
                }
            });
        }
    });
    assert_eq!(ask(&site, &format!("GET {game}"), &[], "").json()["tries"], 101);
}
