//! An HTTP connection with a small application, beside two naive readers.
//!
//! * However the input is sliced, the same is answered, to the byte.
//! * Each request that the application was asked is where a naive reader finds one, with the same
//!   body; and behind the last there is no other that should have been answered.
//! * What is answered is a sequence of responses that a naive client can tell apart: one to each
//!   request, and after a refusal, or another last word, nothing. Who waits to be told to go on
//!   with a body is told, and nobody else.
//! * What is held is bounded: see [`most_held`].

mod app;
mod reader;

use std::sync::Arc;

use http_lite::{App, Connection};
use proto::Protocol;

pub use app::{Asked, Probe, ignore_panics_on_purpose};

use crate::talk::{Plan, each_piece, sliced, whole};

/// What a client gets for its requests is right, and the same in whatever pieces they come.
pub fn check(data: &[u8]) -> Result<(), String> {
    check_of(&|app| Box::new(Connection::new(app)), data)
}

/// Makes a connection.
pub type Make<'a> = dyn Fn(Arc<dyn App>) -> Box<dyn Protocol + Send> + 'a;

/// The same of any protocol that claims to be this one.
pub fn check_of(make: &Make<'_>, data: &[u8]) -> Result<(), String> {
    let (plan, input) = Plan::split_off(data);
    let app = Arc::new(Probe::default());
    let said = whole(make(app.clone()), input);
    let asked = app.asked();
    for (how, plan) in [("byte by byte", Plan::BYTES), ("in pieces", plan)] {
        let app = Arc::new(Probe::default());
        let again = sliced(make(app.clone()), input, &plan);
        if again != said {
            return Err(format!(
                "{how}, the answer is {}\nin one piece {}",
                again.escape_ascii(),
                said.escape_ascii()
            ));
        }
        if app.asked() != asked {
            return Err(format!("{how}, it asks {:?}\nin one piece {asked:?}", app.asked()));
        }
    }
    let (waits, rest) = reader::requests(input, &asked)?;
    let last_word = reader::responses(&said, &asked, &waits)?;
    reader::nothing_is_missed(rest, last_word)
        .map_err(|why| format!("{why}\nin answer to {}", input.escape_ascii()))
}

/// Has the conversation in pieces, and keeps nothing of it: whoever measures memory sees what the
/// connection itself holds.
pub fn pass_through(data: &[u8]) {
    pass_through_of(&|app| Box::new(Connection::new(app)), data);
}

/// The same of any protocol that claims to be this one.
pub fn pass_through_of(make: &Make<'_>, data: &[u8]) {
    let (plan, input) = Plan::split_off(data);
    each_piece(make(Arc::new(Probe::forgetful())), input, &plan, |_| {});
}

/// How many bytes a connection may have allocated at any moment while it answers this input: some
/// for itself and for one batch of answers, and for what has arrived. That is there twice where a
/// buffer has just grown, and each may be twice as large as what is in it. A length that was only
/// declared makes no room.
pub fn most_held(data: &[u8]) -> u64 {
    const ONE_CONNECTION: u64 = 64 * 1024;
    ONE_CONNECTION + 4 * data.len() as u64
}
