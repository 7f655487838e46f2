//! What a connection wants, and nothing about who waits for it.
//!
//! A connection only ever wants one of four things: bytes in, bytes out, work done, or goodbye.
//! A [`Session`] says which, as a [`Want`]; a *shell* (a thread, an event loop, a future) does it
//! and reports back. That is the whole contract, and every shell is this loop:
//!
//! ```
//! use std::io::{self, Read, Write};
//! use proto::{READ_SIZE, Session, Want};
//!
//! fn serve(mut stream: impl Read + Write, mut session: Session) -> io::Result<()> {
//!     let mut buffer = [0; READ_SIZE];
//!     loop {
//!         match session.want() {
//!             Want::Read => {
//!                 let n = stream.read(&mut buffer)?;
//!                 session.received(&buffer[..n]);
//!             }
//!             Want::Write(bytes) => {
//!                 let n = stream.write(bytes)?;
//!                 session.sent(n);
//!             }
//!             Want::Run(job) => session.done(job.run()),
//!             Want::Close => return Ok(()),
//!         }
//!     }
//! }
//! ```
//!
//! What this crate must not know: sockets, files, threads, clocks, runtimes. What it is told, it
//! is told by calls: bytes by [`Session::received`], a peer that stays silent for too long by
//! [`Session::expired`].
//!
//! # The rules
//!
//! Each holds in one place, the session, and `tests/contract.rs` has a test with its number.
//!
//! 1. **Output first.** Nothing is parsed or run while bytes wait to be sent: a client that does
//!    not read its replies is not read from. This is all the backpressure there is.
//! 2. **Batching.** Pipelined requests are answered together, until the output reaches
//!    [`HIGH_WATER`], a request needs a job, or the input ends: one write for many replies.
//! 3. **One job at a time, replies in order.** An earlier reply leaves before a job runs.
//! 4. **The end of input still answers.** Whole requests that have arrived are answered, then the
//!    session closes. Stopping a server gracefully is the same call.
//! 5. **Sessions cannot fail.** A protocol error is a reply, so the only `?` in a shell is I/O.
//! 6. **The shell owns the read buffer.** The session keeps only bytes that it cannot use yet, and
//!    frees a buffer over [`KEEP`] when it is drained, or nearly so.
//! 7. **Linear.** Doubling the input at most doubles the work, however the network slices it.
//! 8. **Everything has a limit**, named, in `limits.rs` and beside each protocol.
//! 9. **A job is opaque work.** It may block; if it panics, its connection closes and nothing else
//!    notices.
//! 10. **Pure.** No I/O, no threads, no clocks: a session in a test is a session in production.
//! 11. **Calls out of turn are defined.** See each method.

mod buffer;
mod frames;
mod job;
mod limits;
mod observe;
mod prime;
mod protocol;
mod session;
mod shell;

pub use frames::Frames;
pub use job::{Done, Job, Output, Then};
pub use limits::{HIGH_WATER, KEEP, READ_SIZE};
pub use observe::{Event, Observer};
pub use prime::is_prime;
pub use protocol::{Phase, Protocol, Step};
pub use session::{Session, Want};
pub use shell::converse;
