//! The guessing game over HTTP, for people and for programs. The rules are in `game`.
//!
//! | | |
//! |---|---|
//! | `GET /guess` | a page with a button that starts a game |
//! | `POST /guess` | starts one: 201, its address in `Location`, and the game |
//! | `GET /guess/{id}` | the game as it stands |
//! | `POST /guess/{id}` | a guess; the game after it, and whether it was too low, too high or correct |
//!
//! A game is a page with a form if the client prefers HTML, as browsers do, and else JSON:
//!
//! ```json
//! {"id": "…", "from": 1, "to": 49, "tries": 1, "won": false, "guess": 50, "answer": "too high"}
//! ```
//!
//! A guess is the form field `number`, the JSON `{"number": 42}`, or digits as plain text.

use std::time::Instant;

use http_lite::{Answer, Params, Request, Response, Status};
use serde_json::{Value, json};

use crate::accept::Format;
use crate::api;
use crate::error::Error;
use crate::game::{Game, Id, Verdict};
use crate::input::number_in_body;
use crate::pages;
use crate::site::Site;

/// What a game comes as. To a client without a preference, as JSON.
const FORMATS: &[Format] = &[Format::Json, Format::Html];

/// `GET /guess`.
pub fn entrance(_: &Site, _: &Request<'_>, _: Params<'_>) -> Answer {
    pages::response(Status::OK, pages::entrance()).into()
}

/// `POST /guess`.
pub fn start(site: &Site, request: &Request<'_>, _: Params<'_>) -> Answer {
    let format = Format::wanted(request, FORMATS);
    match random() {
        Err(_) => Error::NoRandomness.response(format).into(),
        Ok((id, game)) => {
            site.games().start(id, game, Instant::now());
            let location = format!("/guess/{id}");
            shown(format, Status::CREATED, id, &game, None).with("Location", location).into()
        }
    }
}

/// `GET /guess/{id}`.
pub fn show(site: &Site, request: &Request<'_>, params: Params<'_>) -> Answer {
    let format = Format::wanted(request, FORMATS);
    match found(site, params) {
        Err(error) => error.response(format).into(),
        Ok((id, game)) => shown(format, Status::OK, id, &game, None).into(),
    }
}

/// `POST /guess/{id}`.
pub fn guess(site: &Site, request: &Request<'_>, params: Params<'_>) -> Answer {
    let format = Format::wanted(request, FORMATS);
    let (id, game) = match found(site, params) {
        Err(error) => return error.response(format).into(),
        Ok(found) => found,
    };
    let guessed = number_in_body(request, "number").and_then(|number| {
        let (game, verdict) = site.games().guess(id, number, Instant::now())?;
        Ok((game, (number, verdict)))
    });
    match guessed {
        Ok((game, last)) => shown(format, Status::OK, id, &game, Some(last)).into(),
        // Whoever sent the form wants to try again.
        Err(error) if format == Format::Html => {
            let page = pages::game(id, &game, &error.to_string());
            error.with_fields(pages::response(error.status(), page)).into()
        }
        Err(error) => error.response(format).into(),
    }
}

/// A new game. To ask the system for random bytes does not block, once it has started up.
fn random() -> Result<(Id, Game), getrandom::Error> {
    let mut id = [0; 16];
    getrandom::fill(&mut id)?;
    Ok((Id::new(id), Game::new(getrandom::u64()?)))
}

/// The game that the path names.
fn found(site: &Site, params: Params<'_>) -> Result<(Id, Game), Error> {
    let id = Id::parse(params.get("id")).ok_or(Error::NoSuchGame)?;
    let game = site.games().get(id, Instant::now())?;
    Ok((id, game))
}

/// A game, after this guess if there was one. It is not for caches: the next guess changes it.
fn shown(
    format: Format,
    status: Status,
    id: Id,
    game: &Game,
    last: Option<(u64, Verdict)>,
) -> Response {
    let response = if format == Format::Html {
        pages::response(status, pages::game(id, game, &said(game, last)))
    } else {
        api::json(status, &described(id, game, last))
    };
    response.with("Cache-Control", "no-store").with("Vary", "Accept")
}

/// What a program is told.
fn described(id: Id, game: &Game, last: Option<(u64, Verdict)>) -> Value {
    let mut described = json!({
        "id": id.to_string(),
        "from": game.from,
        "to": game.to,
        "tries": game.tries,
        "won": game.won,
    });
    if let Some((number, verdict)) = last {
        described["guess"] = number.into();
        described["answer"] = verdict.to_string().into();
    }
    described
}

/// What a person is told.
fn said(game: &Game, last: Option<(u64, Verdict)>) -> String {
    match last {
        _ if game.won => format!("correct: it is {}", game.from),
        Some((number, verdict)) => format!("{number} is {verdict}"),
        None => "guess my number".to_owned(),
    }
}
