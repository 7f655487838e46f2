//! A load generator: many clients on one thread, who check every reply.
//!
//! Read it in this order:
//!
//! * [`schedule`]: when a request is due, whatever the server does. Two loops, one idea.
//! * [`exchange`]: what is asked, and what must come back, byte for byte.
//! * `connection`: one client: a socket, and what it has under way.
//! * `generator`: the event loop over all of them. It is the mirror image of an event-driven
//!   server: one thread, edge-triggered readiness, no allocation per request.
//! * `run`: the phases of a run: open, warm up, measure, close the books.
//! * [`book`]: what is written down, and about whom. A request that was not answered is written
//!   down too.
//! * [`report`]: what is told in the end, to people and to programs.
//!
//! The rest is the machine: [`cost`] (what the server spent), `alarm` (waking up on time) and
//! [`limits`] (descriptors).

mod alarm;
pub mod book;
mod connection;
pub mod cost;
pub mod exchange;
mod generator;
pub mod limits;
pub mod plan;
pub mod report;
mod run;
pub mod schedule;
pub mod units;

use std::{fmt, io};

pub use plan::{Plan, Protocol, Workload};
pub use report::{Crowd, Report};
pub use run::{crowd, measure};

/// Why there is no result. What a server does wrong is a result and is never one of these.
#[derive(Debug)]
pub enum Error {
    /// The plan contradicts itself; the text says how, and what to change.
    Plan(String),
    /// Nobody listens where the load should go.
    Refused(std::net::SocketAddr),
    /// The machine refused something that the generator itself needs.
    Io(&'static str, io::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Plan(text) => f.write_str(text),
            Error::Refused(target) => write!(f, "nobody listens on {target}: start a server first"),
            Error::Io(what, error) => write!(f, "{what}: {error}"),
        }
    }
}

impl std::error::Error for Error {}
