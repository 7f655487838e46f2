//! The routes and their handlers.

use std::thread;
use std::time::Duration;

use http_lite::{Answer, App, HttpDate, Params, Request, Response, Router, Status, get};

use crate::accept::Format;
use crate::error::Error;
use crate::{Config, clock, pages};

/// What the handlers share.
pub struct Site {
    /// The first page: it never changes.
    index: String,
}

const ROUTES: Router<Site> = Router {
    routes: &[
        get("/", index),
        get("/plain", plain),
        get("/sleep", sleep),
        get("/prime/{n}", prime),
        get("/panic", panic),
    ],
    not_found,
};

/// How long `/sleep` sleeps if it is not told: long enough to see in a second terminal who waits.
const USUAL_SLEEP_MS: u64 = 5_000;

/// The longest sleep that can be asked for: under the time-out of most clients.
const MAX_SLEEP_MS: u64 = 60_000;

impl Site {
    /// A site that nobody has asked anything.
    pub fn new(config: &Config<'_>) -> Site {
        Site { index: pages::index(config.step) }
    }
}

impl App for Site {
    fn answer(&self, request: &Request<'_>) -> Answer {
        ROUTES.answer(self, request)
    }

    fn date(&self) -> HttpDate {
        clock::date()
    }
}

fn index(site: &Site, _: &Request<'_>, _: Params<'_>) -> Answer {
    pages::response(Status::OK, site.index.clone()).into()
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

fn not_found(_: &Site, request: &Request<'_>) -> Answer {
    let format = Format::wanted(request, &[Format::Html, Format::Text, Format::Json]);
    Error::NotFound.response(format).into()
}

fn bad_request(request: &Request<'_>, wrong: String) -> Answer {
    let format = Format::wanted(request, &[Format::Text, Format::Html, Format::Json]);
    Error::BadRequest(wrong).response(format).into()
}

/// Digits and nothing else, or what is wrong with them, in the words of the frames protocol.
fn number(text: &str, most: u64) -> Result<u64, String> {
    if text.is_empty() {
        return Err("no digits".to_string());
    }
    if let Some(wrong) = text.chars().find(|c| !c.is_ascii_digit()) {
        return Err(format!("'{wrong}' is not a digit"));
    }
    let value = text.parse().ok().filter(|value| *value <= most);
    value.ok_or_else(|| format!("over {most}"))
}
