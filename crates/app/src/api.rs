//! The JSON API. Its errors are `application/problem+json`, whatever a client accepts.
//!
//! `GET /api/stats`:
//!
//! ```json
//! {"step": "step-04-threadpool", "uptime_seconds": 12, "requests": 345,
//!  "games": {"started": 6, "won": 5, "kept": 6}}
//! ```
//!
//! `POST /api/primes` with `[97, 98]`:
//!
//! ```json
//! [{"number": 97, "prime": true}, {"number": 98, "prime": false}]
//! ```

use std::sync::atomic::Ordering;
use std::time::Instant;

use http_lite::{Answer, Params, Request, Response, Status};
use serde_json::{Value, json};

use crate::accept::Format;
use crate::error::Error;
use crate::input::{json_in_body, media_type};
use crate::site::Site;

/// How many numbers are checked for one request. The worst of them takes seconds.
const MAX_NUMBERS: usize = 16;

/// What this server has done so far.
pub fn stats(site: &Site, _: &Request<'_>, _: Params<'_>) -> Answer {
    let now = Instant::now();
    let games = site.games().counts(now);
    let stats = json!({
        "step": site.step,
        "uptime_seconds": now.duration_since(site.started).as_secs(),
        "requests": site.requests.load(Ordering::Relaxed),
        "games": { "started": games.started, "won": games.won, "kept": games.kept },
    });
    json(Status::OK, &stats).with("Cache-Control", "no-store").into()
}

/// Whether each number of a list is prime.
pub fn primes(_: &Site, request: &Request<'_>, _: Params<'_>) -> Answer {
    match numbers(request) {
        Err(error) => error.response(Format::Json).into(),
        Ok(numbers) => Answer::later(move || {
            let answers = numbers
                .into_iter()
                .map(|number| json!({ "number": number, "prime": proto::is_prime(number) }));
            json(Status::OK, &answers.collect())
        }),
    }
}

fn numbers(request: &Request<'_>) -> Result<Vec<u64>, Error> {
    if media_type(request) != "application/json" {
        return Err(Error::UnsupportedMediaType("application/json"));
    }
    let body = json_in_body(request)?;
    let Some(list) = body.as_array() else {
        return Err(Error::Unprocessable("send a list of numbers, as in [97, 98]".to_owned()));
    };
    if list.len() > MAX_NUMBERS {
        let wrong = format!("send at most {MAX_NUMBERS} numbers; these are {}", list.len());
        return Err(Error::Unprocessable(wrong));
    }
    let number = |(at, value): (usize, &Value)| {
        let wrong = || format!("element {} is no whole number from 0 to {}", at + 1, u64::MAX);
        value.as_u64().ok_or_else(|| Error::Unprocessable(wrong()))
    };
    list.iter().enumerate().map(number).collect()
}

/// A response of JSON, with a line end for whoever reads it on a terminal.
pub fn json(status: Status, value: &Value) -> Response {
    Response::new(status, "application/json", format!("{value}\n").into_bytes())
}
