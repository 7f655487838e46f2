//! One client's requests, answered in order.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use proto::{Job, Output, Phase, Protocol, Step, Then};

use crate::head::Head;
use crate::refusal::Refusal;
use crate::request::Request;
use crate::response::{After, Framing, Response, Status};

/// What is served: a request in, an answer out.
pub trait App: Send + Sync {
    /// The answer to a request. It must not wait and should not compute: whoever called may have
    /// other clients to look after. What takes time goes into [`Answer::Later`].
    fn answer(&self, request: &Request<'_>) -> Answer;

    /// The time, for the `Date` field of every response (RFC 9110 §6.6.1). It is asked for each
    /// of them, so it should be kept for a second.
    fn date(&self) -> HttpDate;
}

/// A date as HTTP writes it (RFC 9110 §5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.
pub type HttpDate = [u8; 29];

/// What an application answers.
pub enum Answer {
    /// This response.
    Now(Response),
    /// The response that this work makes. It may block or compute for as long as it likes; if it
    /// panics, the client gets a 500, and the connection closes.
    Later(Box<dyn FnOnce() -> Response + Send>),
}

impl Answer {
    /// Work that makes the response.
    pub fn later(work: impl FnOnce() -> Response + Send + 'static) -> Answer {
        Answer::Later(Box::new(work))
    }
}

impl From<Response> for Answer {
    fn from(response: Response) -> Answer {
        Answer::Now(response)
    }
}

/// The server's side of one HTTP/1.1 connection. See the [crate].
pub struct Connection {
    app: Arc<dyn App>,
    state: State,
    /// How the answer that is being made must be framed, should the work fail.
    framing: Framing,
}

enum State {
    /// Between two requests, or in a head.
    Head(Head),
    /// In a body that nobody reads.
    Body {
        /// How much of it is still to come.
        left: u64,
        /// Whether another request may follow.
        then: After,
    },
}

impl Connection {
    /// A connection that has just been accepted.
    pub fn new(app: Arc<dyn App>) -> Connection {
        let framing = Framing { head_only: false, after: After::Close };
        Connection { app, state: State::Head(Head::default()), framing }
    }

    /// Answers the request with this head; `bytes` are all of it.
    fn answer(&mut self, head: &Head, bytes: &[u8], output: &mut Vec<u8>) -> Step {
        let framing = Framing { head_only: head.is_head(), after: head.after() };
        self.framing = framing;
        // A body that was announced is read past even before closing: a client that is still
        // sending when the connection closes may lose the answer (RFC 9112 §9.6). Unless it
        // waits to be told to send it.
        let left = if head.expects_continue() { 0 } else { head.body() };
        let last = framing.after == After::Close && left == 0;
        self.state = match left {
            0 => State::Head(Head::default()),
            left => State::Body { left, then: framing.after },
        };
        let request = head.request(bytes);
        match catch_unwind(AssertUnwindSafe(|| self.app.answer(&request))) {
            Ok(Answer::Now(response)) => {
                response.write(framing, &self.app.date(), output);
                if last { Step::Finish } else { Step::Advance(bytes.len()) }
            }
            Ok(Answer::Later(work)) => {
                let app = Arc::clone(&self.app);
                let job = Job::new(move || {
                    let mut bytes = Vec::new();
                    work().write(framing, &app.date(), &mut bytes);
                    Output { bytes, then: if last { Then::Finish } else { Then::Continue } }
                });
                Step::Defer(bytes.len(), job)
            }
            // The panic hook has reported it. One client cannot end a server.
            Err(_) => {
                self.failed(output);
                Step::Finish
            }
        }
    }

    /// The last word: what is wrong, and that the connection closes. To `HEAD` it has no body
    /// (RFC 9110 §9.3.2), if the request line was good enough to tell that it was one.
    fn refuse(&self, Refusal { status, why }: Refusal, output: &mut Vec<u8>) {
        let head_only = matches!(&self.state, State::Head(head) if head.is_head());
        let framing = Framing { head_only, after: After::Close };
        let text = [status.as_str(), ": ", why, "\n"].concat();
        Response::text(status, text).write(framing, &self.app.date(), output);
    }
}

impl Protocol for Connection {
    fn step(&mut self, input: &[u8], output: &mut Vec<u8>) -> Step {
        match &mut self.state {
            State::Head(head) => match head.advance(input) {
                Ok(None) => Step::Incomplete,
                Ok(Some(n)) => {
                    let head = mem::take(head);
                    self.answer(&head, &input[..n], output)
                }
                Err(refusal) => {
                    self.refuse(refusal, output);
                    Step::Finish
                }
            },
            State::Body { left, then } => {
                if input.is_empty() {
                    return Step::Incomplete;
                }
                let n = usize::try_from(*left).map_or(input.len(), |left| left.min(input.len()));
                *left -= n as u64;
                match (*left, *then) {
                    (0, After::Close) => return Step::Finish,
                    (0, _) => self.state = State::Head(Head::default()),
                    _ => {}
                }
                Step::Advance(n)
            }
        }
    }

    fn failed(&mut self, output: &mut Vec<u8>) {
        let framing = Framing { after: After::Close, ..self.framing };
        let text = "500 Internal Server Error: the server failed at this request\n";
        Response::text(Status::INTERNAL_ERROR, text).write(framing, &self.app.date(), output);
    }

    fn expired(&mut self, output: &mut Vec<u8>) {
        // Between requests nothing was asked, and in a body the answer was already given: then
        // closing says it all (RFC 9112 §9.5).
        if self.phase() == Phase::Head {
            let why = "the request took too long to arrive";
            self.refuse(Refusal { status: Status::REQUEST_TIMEOUT, why }, output);
        }
    }

    fn phase(&self) -> Phase {
        match &self.state {
            State::Head(head) if head.has_begun() => Phase::Head,
            State::Head(_) => Phase::Idle,
            State::Body { .. } => Phase::Body,
        }
    }
}
