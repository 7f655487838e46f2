//! What the server of a trace served, served again.

use std::sync::Arc;

use app::Config;
use http_lite::{Answer, App, HttpDate, Request, Response};
use proto::{Frames, Session};

use crate::trace::Serves;

/// The date of every response here. No clock says it, and nobody else would: so where it is said, a
/// date was.
pub const SOME_DATE: HttpDate = *b"---, -- --- ---- --:--:-- GMT";

/// Makes a session for each client.
pub enum Service {
    Frames,
    Http(Arc<dyn App>),
}

impl Service {
    /// What `step` served.
    pub fn new(step: &str, serves: &Serves) -> Service {
        match serves {
            Serves::Frames => Service::Frames,
            Serves::Http(public) => {
                Service::Http(Arc::new(Undated(app::site(&Config { step, public }))))
            }
        }
    }

    /// A conversation that has not begun.
    pub fn session(&self) -> Session {
        Session::new(match self {
            Service::Frames => Box::new(Frames::new()),
            Service::Http(app) => Box::new(http_lite::Connection::new(Arc::clone(app))),
        })
    }
}

/// The site without a clock.
struct Undated(Arc<dyn App>);

impl App for Undated {
    fn answer(&self, request: &Request<'_>) -> Answer {
        self.0.answer(request)
    }

    fn date(&self) -> HttpDate {
        SOME_DATE
    }

    fn failure(&self) -> Response {
        self.0.failure()
    }
}
