//! What every step serves with `--protocol http`. All work that blocks or computes is here.
//!
//! | path | answer |
//! |---|---|
//! | `/` | a page that says what the running step is about, and links to the rest |
//! | `/plain` | `Hello, World!`: nothing to do, for measuring what a request costs |
//! | `/sleep` | waits five seconds first, or `?ms=` |
//! | `/prime/{n}` | `prime` or `composite`, found by trial division |
//! | `/panic` | 500: its job panics, on purpose, and only its own connection notices |
//!
//! A request goes through `site` (the table of routes, and the small handlers). What goes wrong is
//! an `Error`, which becomes a page, a text or JSON in one place, whichever the client accepts
//! (`accept`). `pages` makes all HTML, and escapes what came from a client.

mod accept;
mod clock;
mod error;
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
