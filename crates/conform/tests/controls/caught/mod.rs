//! Who is to be caught by which case, and how: a list for each file of cases.

mod bodies;
mod files;
mod frames;
mod framing;
mod messages;
mod persistence;
mod refusals;
mod waiting;

pub use super::fragile::Flaw::{self, *};

/// A broken server, the case that is there for it, and what that must say.
pub type Control = (Flaw, &'static str, Caught);

/// What a case must say of a broken server.
#[derive(Clone, Copy)]
pub enum Caught {
    /// That it is broken; this is somewhere in the report.
    Broken(&'static str),
    /// That it fails by design: a client waits for so many others to leave.
    Held(usize),
    /// That it fails by design: somebody gets in after the stop, until so many others have left.
    LetIn(usize),
    /// That it fails by design: one answer waits for another.
    Behind,
    /// That it fails by design: many clients cost too much memory.
    Heavy,
    /// That it fails by design: it hangs up after one read.
    HungUp,
}
pub use Caught::*;

/// All of them.
pub fn controls() -> Vec<Control> {
    [
        frames::CONTROLS,
        messages::CONTROLS,
        files::CONTROLS,
        refusals::CONTROLS,
        framing::CONTROLS,
        persistence::CONTROLS,
        bodies::CONTROLS,
        waiting::CONTROLS,
    ]
    .concat()
}
