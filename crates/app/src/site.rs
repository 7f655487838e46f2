//! The routes and their handlers.

use std::thread;
use std::time::Duration;

use http_lite::{Answer, App, HttpDate, Params, Request, Response, Router, Status, get};

use crate::clock;

/// What the handlers share.
pub struct Site;

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

impl App for Site {
    fn answer(&self, request: &Request<'_>) -> Answer {
        ROUTES.answer(self, request)
    }

    fn date(&self) -> HttpDate {
        clock::date()
    }
}

fn index(_: &Site, _: &Request<'_>, _: Params<'_>) -> Answer {
    Response::html(Status::OK, include_str!("page.html")).into()
}

fn plain(_: &Site, _: &Request<'_>, _: Params<'_>) -> Answer {
    Response::new(Status::OK, "text/plain", b"Hello, World!".as_slice()).into()
}

fn sleep(_: &Site, request: &Request<'_>, _: Params<'_>) -> Answer {
    let ms = match request.query_value("ms") {
        None => USUAL_SLEEP_MS,
        Some(value) => match value.parse() {
            Ok(ms) if ms <= MAX_SLEEP_MS => ms,
            _ => {
                let text = format!("ms is milliseconds, 0 to {MAX_SLEEP_MS}, but was '{value}'\n");
                return Response::text(Status::BAD_REQUEST, text).into();
            }
        },
    };
    Answer::later(move || {
        thread::sleep(Duration::from_millis(ms));
        Response::text(Status::OK, format!("slept {ms} ms\n"))
    })
}

fn prime(_: &Site, _: &Request<'_>, params: Params<'_>) -> Answer {
    let digits = params.get("n");
    let Ok(n) = digits.parse() else {
        let text = format!("a number from 0 to {} goes here, but it was '{digits}'\n", u64::MAX);
        return Response::text(Status::BAD_REQUEST, text).into();
    };
    Answer::later(move || {
        Response::text(Status::OK, if proto::is_prime(n) { "prime\n" } else { "composite\n" })
    })
}

fn panic(_: &Site, _: &Request<'_>, _: Params<'_>) -> Answer {
    Answer::later(|| panic!("somebody asked for /panic"))
}

fn not_found(_: &Site, _: &Request<'_>) -> Answer {
    Response::html(Status::NOT_FOUND, include_str!("not_found.html")).into()
}
