//! A small application that answers in every way there is, and remembers what it was asked.

use std::io;
use std::panic;
use std::sync::{Mutex, Once, PoisonError};

use http_lite::{Answer, App, HttpDate, Pieces, Request, Response, Status};

/// The application.
#[derive(Default)]
pub struct Probe {
    asked: Mutex<Vec<Asked>>,
    forgets: bool,
}

/// A request as the application saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the parts of a request are named by their names")]
pub struct Asked {
    pub method: &'static str,
    pub path: String,
    pub body: Vec<u8>,
}

impl Probe {
    /// One that remembers nothing.
    pub fn forgetful() -> Probe {
        Probe { forgets: true, ..Probe::default() }
    }

    /// What it was asked so far, in order.
    pub fn asked(&self) -> Vec<Asked> {
        // Whoever panicked while it held the lock was answering, and had already remembered.
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl App for Probe {
    fn answer(&self, request: &Request<'_>) -> Answer {
        let asked = Asked {
            method: request.method().as_str(),
            path: request.path().to_string(),
            body: request.body().to_vec(),
        };
        let answer = asked.answer();
        if !self.forgets {
            self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(asked);
        }
        answer
    }

    fn date(&self) -> HttpDate {
        *b"Sun, 06 Nov 1994 08:49:37 GMT"
    }
}

/// How an answer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// As it should.
    Whole,
    /// In the middle, and then the connection closes.
    Cut,
}

impl Asked {
    /// The second byte of the path says how it is answered.
    fn answer(&self) -> Answer {
        let text = self.text();
        let (length, half) = (text.len() as u64, text.len() / 2);
        let pieces = |length, pieces: Pieces| {
            Answer::from(Response::pieces(Status::OK, "text/plain", length, pieces))
        };
        let halves =
            [text.as_bytes()[..half].to_vec(), Vec::new(), text.as_bytes()[half..].to_vec()];
        let halves = halves.into_iter().map(Ok);
        let fails = halves.clone().take(1).chain([Err(io::Error::other("on purpose"))]);
        match self.kind() {
            b'l' => Answer::later(move || Response::text(Status::OK, text)),
            b'p' => pieces(Some(length), Box::new(halves)),
            b'c' => pieces(None, Box::new(halves)),
            b'o' => pieces(Some(length), Box::new(halves.chain([Ok(b"too much".to_vec())]))),
            b's' => pieces(Some(length + 1), Box::new(halves)),
            b'f' => pieces(Some(length), Box::new(fails)),
            b'g' => pieces(None, Box::new(fails)),
            b'e' => Response::text(Status::NO_CONTENT, text).into(),
            b'n' => Response::text(Status::NOT_MODIFIED, text).into(),
            b'j' => Answer::later(|| panic::panic_any(OnPurpose)),
            b'k' => Answer::later(|| {
                let panics = std::iter::from_fn(|| panic::panic_any(OnPurpose));
                Response::pieces(Status::OK, "text/plain", Some(1), Box::new(panics))
            }),
            _ => Response::text(Status::OK, text).into(),
        }
    }

    /// What a client must see of that answer: the status, the body, and how it ends.
    pub fn expected(&self) -> (u16, Vec<u8>, End) {
        let whole = self.text().into_bytes();
        let half = whole[..whole.len() / 2].to_vec();
        let (status, body, end) = match self.kind() {
            b's' => (200, whole, End::Cut),
            b'f' | b'g' => (200, half, End::Cut),
            b'e' => (204, Vec::new(), End::Whole),
            b'n' => (304, Vec::new(), End::Whole),
            // Nothing of the answer was sent yet, so there is another.
            b'j' | b'k' => (500, FAILURE.to_vec(), End::Whole),
            _ => (200, whole, End::Whole),
        };
        match self.method {
            // Pieces that would not be sent are not made, so they cannot fail either.
            "HEAD" if self.kind() == b'k' => (200, Vec::new(), End::Whole),
            "HEAD" => (status, Vec::new(), End::Whole),
            _ => (status, body, end),
        }
    }

    fn kind(&self) -> u8 {
        self.path.as_bytes().get(1).copied().unwrap_or(b'/')
    }

    /// Says how the request was understood.
    fn text(&self) -> String {
        format!("{} {} {} bytes\n", self.method, self.path, self.body.len())
    }
}

/// With this the application's jobs panic.
struct OnPurpose;

/// From here on, the panics of the application's jobs are not reported: a fuzzer would end at the
/// first, and the report would be memory that somebody holds. Any other is reported as before.
pub fn ignore_panics_on_purpose() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let report = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !info.payload().is::<OnPurpose>() {
                report(info);
            }
        }));
    });
}

/// What [`App::failure`] says.
const FAILURE: &[u8] = b"500 Internal Server Error: the server failed at this request\n";
