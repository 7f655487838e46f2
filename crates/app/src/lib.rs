//! What every step serves with `--protocol http`. All work that blocks or computes is here.
//!
//! | method and path | answer |
//! |---|---|
//! | `GET /` | a page that says what the running step is about, and links to the rest |
//! | `GET /plain` | `Hello, World!`: nothing to do, for measuring what a request costs |
//! | `GET /sleep` | waits five seconds first, or `?ms=` |
//! | `GET /prime/{n}` | `prime` or `composite`, found by trial division |
//! | `GET /panic` | 500: its job panics, on purpose, and only its own connection notices |
//! | `POST /echo` | the same bytes, of the same type |
//! | `GET /guess` | the guessing game: a page with a button that starts one |
//! | `POST /guess` | starts a game: 201 and its `Location` |
//! | `GET /guess/{id}` | the game as it stands |
//! | `POST /guess/{id}` | a guess: too low, too high, or correct |
//! | `GET /api/stats` | what this server has done so far |
//! | `POST /api/primes` | a list of at most 16 numbers: whether each is prime |
//! | `GET` any other path | the file of that name in the public directory, or the page for 404 |
//!
//! A request goes through `site` (the table of routes, and the small handlers), and from there to
//! `guess` (the game over HTTP; its rules are in `game`), `api` or `files`. What the first two are
//! sent they read with `input`. What goes wrong is an `Error`, which becomes a page, a text or JSON
//! in one place, whichever the client accepts (`accept`). `pages` makes all HTML, and escapes what
//! is not.

mod accept;
mod api;
mod clock;
mod error;
mod files;
mod game;
mod guess;
mod input;
mod pages;
mod site;
mod steps;

use std::path::Path;
use std::sync::Arc;

use http_lite::App;

/// What the site is told when its server starts.
pub struct Config<'a> {
    /// The running step's package, as in `step-04-threadpool`: the first page says what it is
    /// about. Any other name will do.
    pub step: &'a str,
    /// Where the static files are. It need not be there.
    pub public: &'a Path,
}

/// The site.
pub fn site(config: &Config<'_>) -> Arc<dyn App> {
    Arc::new(site::Site::new(config))
}
