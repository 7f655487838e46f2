//! The routes and their handlers.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use http_lite::{Answer, App, HttpDate, Params, Request, Response, Router, Status, get, post};

use crate::accept::Format;
use crate::error::Error;
use crate::files::Files;
use crate::game::Games;
use crate::input::number;
use crate::{Config, api, clock, guess, pages};

/// What the handlers share, on whichever thread they run.
pub struct Site {
    /// The running step's name.
    pub step: String,
    /// When the server started.
    pub started: Instant,
    /// How many requests were answered here. Those that are none, `http-lite` refuses by itself.
    pub requests: AtomicU64,
    games: Mutex<Games>,
    /// What is at every other path.
    files: Files,
}

const ROUTES: Router<Site> = Router {
    routes: &[
        get("/", index),
        get("/plain", plain),
        get("/sleep", sleep),
        get("/prime/{n}", prime),
        get("/panic", panic),
        post("/echo", echo),
        get("/guess", guess::entrance),
        post("/guess", guess::start),
        get("/guess/{id}", guess::show),
        post("/guess/{id}", guess::guess),
        get("/api/stats", api::stats),
        post("/api/primes", api::primes),
    ],
    not_found: file,
    not_allowed,
};

/// How long `/sleep` sleeps if it is not told: long enough to see in a second terminal who waits.
const USUAL_SLEEP_MS: u64 = 5_000;

/// The longest sleep that can be asked for: under the time-out of most clients.
const MAX_SLEEP_MS: u64 = 60_000;

impl Site {
    /// A site that nobody has asked anything.
    pub fn new(config: &Config<'_>) -> Site {
        Site {
            step: config.step.to_owned(),
            started: Instant::now(),
            requests: AtomicU64::new(0),
            games: Mutex::default(),
            files: Files::new(config.public),
        }
    }

    /// The games. This may be held while one of them is looked up and changed, and no longer:
    /// others wait.
    pub fn games(&self) -> MutexGuard<'_, Games> {
        // Should a thread ever panic in there, one game may be odd; the others are not.
        self.games.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl App for Site {
    fn answer(&self, request: &Request<'_>) -> Answer {
        self.requests.fetch_add(1, Ordering::Relaxed);
        ROUTES.answer(self, request)
    }

    fn date(&self) -> HttpDate {
        clock::date()
    }

    fn failure(&self) -> Response {
        Error::Failure.response(Format::Html)
    }
}

fn index(site: &Site, request: &Request<'_>, _: Params<'_>) -> Answer {
    // HTTP/1.0 may leave out whom it asks; then any name will do for an example.
    let host = request.host().filter(|host| is_safe_in_a_shell(host)).unwrap_or("localhost");
    pages::response(Status::OK, pages::index(&site.step, host)).into()
}

/// Whether a host is only a name or an address, and a port. The page puts it into commands that
/// people paste into a shell. A host may have `;`, `$` and the like in it (RFC 3986 §3.2.2), and
/// whoever made a link that leads here has chosen it.
fn is_safe_in_a_shell(host: &str) -> bool {
    let is_safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
    !host.is_empty() && host.bytes().all(is_safe)
}

fn plain(_: &Site, _: &Request<'_>, _: Params<'_>) -> Answer {
    Response::new(Status::OK, "text/plain", b"Hello, World!".as_slice()).into()
}

fn sleep(_: &Site, request: &Request<'_>, _: Params<'_>) -> Answer {
    let ms = request.query_value("ms").map_or(Ok(USUAL_SLEEP_MS), |ms| number(ms, MAX_SLEEP_MS));
    match ms {
        Err(wrong) => bad_request(request, format!("ms: {wrong}")),
        Ok(ms) => Answer::later(move || {
            thread::sleep(Duration::from_millis(ms));
            Response::text(Status::OK, format!("slept {ms} ms\n"))
        }),
    }
}

fn prime(_: &Site, request: &Request<'_>, params: Params<'_>) -> Answer {
    match number(params.get("n"), u64::MAX) {
        Err(wrong) => bad_request(request, wrong),
        Ok(n) => Answer::later(move || {
            Response::text(Status::OK, if proto::is_prime(n) { "prime\n" } else { "composite\n" })
        }),
    }
}

fn panic(_: &Site, _: &Request<'_>, _: Params<'_>) -> Answer {
    Answer::later(|| panic!("somebody asked for /panic"))
}

/// The body comes back as it was sent. What it is, the client says, and so whoever sends a browser
/// here could make it run a script as if it were ours: it is told to run none, and to guess at
/// nothing.
fn echo(_: &Site, request: &Request<'_>, _: Params<'_>) -> Answer {
    let content_type = request.field("content-type").and_then(|value| str::from_utf8(value).ok());
    let content_type = content_type.filter(|value| is_media_type(value));
    let content_type = content_type.unwrap_or("application/octet-stream").to_owned();
    Response::new(Status::OK, content_type, request.body().to_vec())
        .with("Content-Security-Policy", "sandbox")
        .with("X-Content-Type-Options", "nosniff")
        .into()
}

/// `type/subtype`, with or without parameters (RFC 9110 §8.3.1).
fn is_media_type(value: &str) -> bool {
    let essence = value.split(';').next().unwrap_or("").trim_end();
    let is_name = |name: &str| {
        let is_tchar =
            |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        !name.is_empty() && name.bytes().all(is_tchar)
    };
    essence.split_once('/').is_some_and(|(main, sub)| is_name(main) && is_name(sub))
}

/// What no route fits may be a file.
fn file(site: &Site, request: &Request<'_>) -> Answer {
    let format = error_format(request, &[Format::Html, Format::Text, Format::Json]);
    site.files.answer(request, format)
}

fn not_allowed(_: &Site, request: &Request<'_>, allow: String) -> Answer {
    refused(request, &Error::MethodNotAllowed(allow.into()))
}

fn bad_request(request: &Request<'_>, wrong: String) -> Answer {
    refused(request, &Error::BadRequest(wrong))
}

/// The routes here answer with text, and so do their errors, unless something else is accepted.
fn refused(request: &Request<'_>, error: &Error) -> Answer {
    let format = error_format(request, &[Format::Text, Format::Html, Format::Json]);
    error.response(format).into()
}

/// The API speaks JSON to everyone.
fn error_format(request: &Request<'_>, offers: &[Format]) -> Format {
    if request.path().starts_with("/api/") { Format::Json } else { Format::wanted(request, offers) }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_thread_that_panics_with_the_games_leaves_them_to_the_others() {
        let site = Site::new(&Config { step: "any", public: Path::new("no/such/place") });
        let panicked = thread::scope(|scope| {
            let thread = scope.spawn(|| {
                let _games = site.games();
                panic!("on purpose");
            });
            thread.join().is_err()
        });
        assert!(panicked && site.games.is_poisoned());
        assert_eq!(site.games().counts(Instant::now()).kept, 0);
    }
}
