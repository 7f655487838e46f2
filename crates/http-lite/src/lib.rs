//! HTTP/1.1 for servers, sans I/O.
//!
//! A [`Connection`] is a [`proto::Protocol`]: it finds requests in the bytes that arrive, asks an
//! [`App`] for the [`Answer`], and frames the [`Response`]. The seam between the two is that one
//! trait; what framing needs (`HEAD`, keep-alive, versions, lengths, the limits) stays on this
//! side of it, and what a path means stays on the other.
//!
//! ```
//! use std::sync::Arc;
//! use http_lite::{Answer, App, Connection, HttpDate, Request, Response, Status};
//!
//! struct Greeter;
//!
//! impl App for Greeter {
//!     fn answer(&self, request: &Request<'_>) -> Answer {
//!         match request.path() {
//!             "/" => Response::text(Status::OK, "Hello!\n").into(),
//!             _ => Response::text(Status::NOT_FOUND, "Only / is here.\n").into(),
//!         }
//!     }
//!     fn date(&self) -> HttpDate {
//!         *b"Sun, 06 Nov 1994 08:49:37 GMT"
//!     }
//! }
//!
//! let session = proto::Session::new(Box::new(Connection::new(Arc::new(Greeter))));
//! let reply = proto::converse(session, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 3);
//! assert!(reply.starts_with(b"HTTP/1.1 200 OK\r\n") && reply.ends_with(b"\r\n\r\nHello!\n"));
//! ```
//!
//! What this crate must not know: sockets, files, threads, clocks, runtimes. The date is passed
//! in by [`App::date`]; a client that is too slow by [`proto::Session::expired`].
//!
//! # What it does
//!
//! * Requests by RFC 9112: origin-, absolute- and asterisk-form targets, HTTP/1.1 and 1.0,
//!   keep-alive, pipelining. A request borrows from the bytes that arrived; a small `GET` that is
//!   answered on the spot allocates nothing here.
//! * What is ambiguous is refused, not guessed at: after a refusal nothing more is parsed, and
//!   the connection closes. `tests/refusals.rs` has each case with its clause, and
//!   `DIFFERENCES.md` what nginx and HAProxy do with the same requests.
//! * A line is judged when it is whole, and in order, so the answer is the same however the
//!   network slices the request. Every byte is looked at once, or twice if its line comes in
//!   pieces; what framing depends on is looked at once more.
//! * Bodies with a `Content-Length` and in chunks, with trailers; `Expect: 100-continue` is told
//!   to go on. An application gets a body whole, at most [`limits::MAX_BODY`] of it.
//! * Responses with a length, in chunks, or in pieces that are made while they are sent, so that
//!   a file of any size needs the memory of one piece. To `HEAD`, and with 204 and 304, there is
//!   no body, whatever the application says.
//! * Every limit is in [`limits`].

mod chunked;
mod connection;
mod grammar;
mod head;
pub mod limits;
mod refusal;
mod request;
mod request_line;
mod response;
mod router;
mod stream;

pub use connection::{Answer, App, Connection, HttpDate};
pub use head::parse;
pub use refusal::Refusal;
pub use request::{Method, Request, Version};
pub use response::{Response, Status};
pub use router::{Handler, Params, Route, Router, get, post};
pub use stream::Pieces;
