//! What every step serves with `--protocol http`. All work that blocks or computes is here.
//!
//! | path | answer |
//! |---|---|
//! | `/` | a page that links to the rest |
//! | `/plain` | `Hello, World!`: nothing to do, for measuring what a request costs |
//! | `/sleep` | waits five seconds first, or `?ms=` |
//! | `/prime/{n}` | `prime` or `composite`, found by trial division |
//! | `/panic` | 500: its job panics, on purpose, and only its own connection notices |

mod clock;
mod site;

use std::sync::Arc;

use http_lite::App;

/// The site.
pub fn site() -> Arc<dyn App> {
    Arc::new(site::Site)
}
