//! One client's requests, answered in order.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use proto::{Job, Output, Phase, Protocol, Step, Then};

use crate::chunked::Chunks;
use crate::head::{Body, Head};
use crate::refusal::Refusal;
use crate::request::{Request, Version};
use crate::response::{After, Framing, Response, Status};

/// What is served: a request in, an answer out.
pub trait App: Send + Sync {
    /// The answer to a request, which is whole, with its body. It must not wait and should not
    /// compute: whoever called may have other clients to look after. What takes time goes into
    /// [`Answer::Later`].
    ///
    /// If it panics, the client gets [`App::failure`], and the connection closes.
    fn answer(&self, request: &Request<'_>) -> Answer;

    /// The time, for the `Date` field of every response (RFC 9110 §6.6.1). It is asked for each
    /// of them, so it should be kept for a second. It must not panic: nobody here would catch it.
    /// There is no clock in this crate; with one, the crate `httpdate` writes this format.
    fn date(&self) -> HttpDate;

    /// What a client gets whose answer panicked before any of it was sent. All of it must be
    /// there: nothing runs any more that would make pieces. If it panics too, the connection just
    /// closes.
    fn failure(&self) -> Response {
        let text = "500 Internal Server Error: the server failed at this request\n";
        Response::text(Status::INTERNAL_ERROR, text)
    }
}

/// A date as HTTP writes it (RFC 9110 §5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.
pub type HttpDate = [u8; 29];

/// What an application answers.
pub enum Answer {
    /// This response.
    Now(Response),
    /// The response that this work makes. It may block or compute for as long as it likes; if it
    /// panics, the client gets [`App::failure`], and the connection closes.
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
    /// In a body that stays in the input, behind its head, until it is whole.
    Length {
        head: Head,
        /// How long the head is.
        start: usize,
        /// How long head and body are.
        end: usize,
    },
    /// In a body that comes in chunks.
    Chunked(Box<Chunked>),
}

/// A request whose head has left the input before its body was whole.
struct Chunked {
    head: Head,
    bytes: Vec<u8>,
    chunks: Chunks,
    /// What the chunks have brought so far.
    body: Vec<u8>,
}

impl Connection {
    /// A connection that has just been accepted.
    pub fn new(app: Arc<dyn App>) -> Connection {
        let framing = Framing { head_only: false, version: Version::Http11, after: After::Close };
        Connection { app, state: State::default(), framing }
    }

    /// In a head. The input begins with it.
    fn head(&mut self, mut head: Head, input: &[u8], output: &mut Vec<u8>) -> Step {
        let length = match head.advance(input) {
            Ok(Some(length)) => length,
            Ok(None) => {
                self.state = State::Head(head);
                return Step::Incomplete;
            }
            Err(refusal) => return self.refuse(refusal, head.is_head(), output),
        };
        if head.expects_continue() {
            // A client that does not wait may have sent some of the body already. It is told all
            // the same: what it gets does not depend on how the network slices its request.
            output.extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
        }
        let bytes = &input[..length];
        match head.body() {
            Body::None => self.answer(&head.request(bytes, &[]), head.framing(), length, output),
            Body::Length(n) => self.length(head, length, length + n, input, output),
            Body::Chunked => {
                let (bytes, chunks, body) = (bytes.to_vec(), Chunks::new(), Vec::new());
                self.state = State::Chunked(Box::new(Chunked { head, bytes, chunks, body }));
                Step::Advance(length)
            }
        }
    }

    /// In a body with a length. The input begins with its head, of `start` bytes.
    fn length(
        &mut self,
        head: Head,
        start: usize,
        end: usize,
        input: &[u8],
        output: &mut Vec<u8>,
    ) -> Step {
        let Some(body) = input.get(start..end) else {
            self.state = State::Length { head, start, end };
            return Step::Incomplete;
        };
        self.answer(&head.request(&input[..start], body), head.framing(), end, output)
    }

    /// In a body that comes in chunks. The input begins where they were not yet used.
    fn chunked(&mut self, mut chunked: Box<Chunked>, input: &[u8], output: &mut Vec<u8>) -> Step {
        let Chunked { head, bytes, chunks, body } = &mut *chunked;
        match chunks.advance(input, body) {
            Ok((used, true)) => {
                self.answer(&head.request(bytes, body), head.framing(), used, output)
            }
            Ok((used, false)) => {
                self.state = State::Chunked(chunked);
                if used == 0 { Step::Incomplete } else { Step::Advance(used) }
            }
            Err(refusal) => self.refuse(refusal, head.is_head(), output),
        }
    }

    /// Answers a request, for which `used` bytes of the input go.
    fn answer(
        &mut self,
        request: &Request<'_>,
        framing: Framing,
        used: usize,
        output: &mut Vec<u8>,
    ) -> Step {
        self.framing = framing;
        let answer = catch_unwind(AssertUnwindSafe(|| self.app.answer(request)));
        match answer {
            Ok(Answer::Now(response)) if response.is_whole() => {
                response.write(framing, &self.app.date(), output);
                match framing.after {
                    After::Close => Step::Finish,
                    _ => Step::Advance(used),
                }
            }
            Ok(Answer::Now(response)) => Step::Defer(used, self.job(|| response)),
            Ok(Answer::Later(work)) => Step::Defer(used, self.job(work)),
            // The panic hook has reported it. One client cannot end a server.
            Err(_) => {
                self.failed(output);
                Step::Finish
            }
        }
    }

    /// The job that makes the response, or its head and its first piece.
    fn job(&self, work: impl FnOnce() -> Response + Send + 'static) -> Job {
        let (app, framing) = (Arc::clone(&self.app), self.framing);
        Job::new(move || {
            let mut bytes = Vec::new();
            match work().write(framing, &app.date(), &mut bytes) {
                Some(rest) => rest.next(bytes),
                None if framing.after == After::Close => Output { bytes, then: Then::Finish },
                None => Output { bytes, then: Then::Continue },
            }
        })
    }

    /// The last word: what is wrong, and that the connection closes. To a `HEAD` it has no body
    /// (RFC 9110 §9.3.2), if the request line was good enough to tell that it was one.
    fn refuse(&self, refusal: Refusal, head_only: bool, output: &mut Vec<u8>) -> Step {
        let framing = Framing { head_only, version: Version::Http11, after: After::Close };
        let response = Response::text(refusal.status, format!("{refusal}\n"));
        response.write(framing, &self.app.date(), output);
        Step::Finish
    }
}

impl Protocol for Connection {
    fn step(&mut self, input: &[u8], output: &mut Vec<u8>) -> Step {
        match mem::take(&mut self.state) {
            State::Head(head) => self.head(head, input, output),
            State::Length { head, start, end } => self.length(head, start, end, input, output),
            State::Chunked(chunked) => self.chunked(chunked, input, output),
        }
    }

    fn failed(&mut self, output: &mut Vec<u8>) {
        let framing = Framing { after: After::Close, ..self.framing };
        // One client cannot end a server, not even if this fails as well.
        if let Ok(response) = catch_unwind(AssertUnwindSafe(|| self.app.failure())) {
            response.write(framing, &self.app.date(), output);
        }
    }

    fn expired(&mut self, output: &mut Vec<u8>) {
        // Between requests nothing was asked: then closing says it all (RFC 9112 §9.5).
        if self.phase() != Phase::Idle {
            let why = "the request took too long to arrive";
            let head_only = match &self.state {
                State::Head(head) | State::Length { head, .. } => head.is_head(),
                State::Chunked(chunked) => chunked.head.is_head(),
            };
            let _ =
                self.refuse(Refusal { status: Status::REQUEST_TIMEOUT, why }, head_only, output);
        }
    }

    fn phase(&self) -> Phase {
        match &self.state {
            State::Head(head) if head.has_begun() => Phase::Head,
            State::Head(_) => Phase::Idle,
            State::Length { .. } | State::Chunked(_) => Phase::Body,
        }
    }
}

impl Default for State {
    fn default() -> State {
        State::Head(Head::default())
    }
}
