//! The frames protocol.
//!
//! The server greets with `*`. A client frames each request between `^` and `$`; bytes outside a
//! frame are ignored. Inside a frame `^` is an ordinary byte.
//!
//! * `P` and the digits of a `u64`: the reply is `prime\n` or `composite\n`.
//! * Anything else comes back with 1 added to each byte (255 becomes 0), as the bytes arrive, not
//!   at `$`. The empty frame `^$` answers nothing.
//! * A `P` frame that is not a number is answered at the byte that is wrong with one line,
//!   `error: …\n`; the rest of the frame is skipped, and the session goes on.
//!
//! No frame is ever stored, so none is too long: a frame without end costs what its bytes cost
//! to echo, and a number without end (`P000…`) costs nothing but its reading.

use crate::job::{Job, Output, Then};
use crate::prime::is_prime;
use crate::protocol::{Phase, Protocol, Step};

/// One conversation in the frames protocol.
///
/// Origin: the framed echo of Eli Bendersky's series on concurrent servers, and its prime check.
#[derive(Default)]
pub struct Frames {
    state: State,
}

#[derive(Default, Clone, Copy)]
enum State {
    /// Nothing was said yet.
    #[default]
    Greeting,
    /// Outside a frame.
    Between,
    /// The next byte decides what the frame asks for.
    Opened,
    /// Inside a frame that is echoed.
    Echoing,
    /// Inside a `P` frame: the value of the digits so far, `None` before the first.
    Number(Option<u64>),
    /// Inside a `P` frame that was answered with an error.
    Skipping,
}

impl Frames {
    /// A conversation that has not begun.
    pub fn new() -> Frames {
        Frames::default()
    }

    /// Consumes digits up to the `$` that ends the number, or the byte that is wrong.
    fn number(&mut self, mut value: Option<u64>, input: &[u8], output: &mut Vec<u8>) -> Step {
        for (i, &byte) in input.iter().enumerate() {
            count_examined(1);
            let digit = match (byte, value) {
                (b'0'..=b'9', _) => u64::from(byte - b'0'),
                (b'$', Some(n)) => {
                    self.state = State::Between;
                    return Step::Defer(i + 1, prime_check(n));
                }
                (b'$', None) => {
                    self.state = State::Between;
                    output.extend_from_slice(b"error: no digits\n");
                    return Step::Advance(i + 1);
                }
                _ => {
                    self.state = State::Skipping;
                    let wrong = byte.escape_ascii();
                    output
                        .extend_from_slice(format!("error: '{wrong}' is not a digit\n").as_bytes());
                    return Step::Advance(i + 1);
                }
            };
            let longer = value.unwrap_or(0).checked_mul(10).and_then(|v| v.checked_add(digit));
            let Some(longer) = longer else {
                self.state = State::Skipping;
                output.extend_from_slice(format!("error: over {}\n", u64::MAX).as_bytes());
                return Step::Advance(i + 1);
            };
            value = Some(longer);
        }
        self.state = State::Number(value);
        Step::Advance(input.len())
    }
}

impl Protocol for Frames {
    fn step(&mut self, input: &[u8], output: &mut Vec<u8>) -> Step {
        match (self.state, input.first()) {
            (State::Greeting, _) => {
                output.push(b'*');
                self.state = State::Between;
                Step::Advance(0)
            }
            (_, None) => Step::Incomplete,
            (State::Between, _) => Step::Advance(match find(b'^', input) {
                Some(at) => {
                    self.state = State::Opened;
                    at + 1
                }
                None => input.len(),
            }),
            (State::Opened, Some(b'P')) => {
                self.state = State::Number(None);
                Step::Advance(1)
            }
            (State::Opened | State::Echoing, _) => {
                let end = find(b'$', input);
                let payload = &input[..end.unwrap_or(input.len())];
                output.extend(payload.iter().map(|byte| byte.wrapping_add(1)));
                self.state = if end.is_some() { State::Between } else { State::Echoing };
                Step::Advance(end.map_or(input.len(), |at| at + 1))
            }
            (State::Number(value), _) => self.number(value, input, output),
            (State::Skipping, _) => Step::Advance(match find(b'$', input) {
                Some(at) => {
                    self.state = State::Between;
                    at + 1
                }
                None => input.len(),
            }),
        }
    }

    fn phase(&self) -> Phase {
        match self.state {
            State::Greeting | State::Between => Phase::Idle,
            State::Opened => Phase::Head,
            State::Echoing | State::Number(_) | State::Skipping => Phase::Body,
        }
    }
}

fn prime_check(n: u64) -> Job {
    Job::new(move || {
        let answer: &[u8] = if is_prime(n) { b"prime\n" } else { b"composite\n" };
        Output { bytes: answer.to_vec(), then: Then::Continue }
    })
}

fn find(byte: u8, input: &[u8]) -> Option<usize> {
    let at = memchr::memchr(byte, input);
    count_examined(at.map_or(input.len(), |at| at + 1));
    at
}

#[cfg(not(test))]
fn count_examined(_: usize) {}
#[cfg(test)]
use tests::count_examined;

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::session::Session;
    use crate::shell::converse;

    thread_local! {
        static EXAMINED: Cell<usize> = const { Cell::new(0) };
    }

    pub fn count_examined(n: usize) {
        EXAMINED.set(EXAMINED.get() + n);
    }

    fn talk(input: &[u8], chunk: usize) -> Vec<u8> {
        converse(Session::new(Box::new(Frames::new())), input, chunk)
    }

    #[track_caller]
    fn check(input: &[u8], expected: &[u8]) {
        for chunk in 1..=input.len().max(1) {
            let answer = talk(input, chunk);
            assert_eq!(answer.escape_ascii().to_string(), expected.escape_ascii().to_string());
        }
    }

    #[test]
    fn greets() {
        check(b"", b"*");
    }

    #[test]
    fn echoes_with_one_added() {
        check(b"^echo$", b"*fdip");
        check(b"^ab$^cd$", b"*bcde");
        check(b"^\xff\xfe$", b"*\x00\xff");
    }

    #[test]
    fn every_byte_is_echoed() {
        for byte in (0..=u8::MAX).filter(|&byte| byte != b'$') {
            check(&[b'^', b'x', byte, b'$'], &[b'*', b'y', byte.wrapping_add(1)]);
        }
    }

    #[test]
    fn echoes_before_the_frame_ends() {
        check(b"^unfinished", b"*vogjojtife");
    }

    #[test]
    fn an_empty_frame_answers_nothing() {
        check(b"^$^$^a$", b"*b");
    }

    #[test]
    fn ignores_what_is_outside_a_frame() {
        check(b"noise$P7$ ^a$ P7$ ^b$", b"*bc");
    }

    #[test]
    fn a_caret_inside_a_frame_is_an_ordinary_byte() {
        check(b"^^^a$", b"*__b");
    }

    #[test]
    fn only_a_first_p_asks_for_a_prime() {
        check(b"^aP7$^p7$", b"*bQ8q8");
    }

    #[test]
    fn tells_primes_from_composites() {
        check(b"^P7$^P8$^P1$^P0$^P2$", b"*prime\ncomposite\ncomposite\ncomposite\nprime\n");
        check(b"^P00000000000000000000000000000007$", b"*prime\n");
        check(b"^P18446744073709551614$", b"*composite\n");
    }

    #[test]
    fn an_unfinished_number_is_not_answered() {
        check(b"^P7", b"*");
    }

    #[test]
    fn bad_numbers_get_a_line_and_the_session_goes_on() {
        check(b"^P$^a$", b"*error: no digits\nb");
        check(b"^P7x9^$^a$", b"*error: 'x' is not a digit\nb");
        check(b"^P-7$^P7$", b"*error: '-' is not a digit\nprime\n");
        check(b"^P\x00$^a$", b"*error: '\\x00' is not a digit\nb");
        check(b"^PP7$^a$", b"*error: 'P' is not a digit\nb");
        check(b"^P18446744073709551616$^a$", b"*error: over 18446744073709551615\nb");
    }

    #[test]
    fn an_error_is_said_at_the_byte_that_is_wrong() {
        check(b"^P7x", b"*error: 'x' is not a digit\n");
        check(b"^P18446744073709551616", b"*error: over 18446744073709551615\n");
    }

    #[test]
    fn examines_no_byte_more_than_twice() {
        let frames = b"noise^echo$^P12345$^$^Px123456789$^P99999999999999999999999$".repeat(50);
        let long = [b"^".as_slice(), &[b'a'; 5000], b"$"].concat();
        for input in [frames, long, vec![b'x'; 5000], [b"^P", [b'0'; 5000].as_slice()].concat()] {
            for chunk in [1, 2, 3, 7, 100, input.len()] {
                EXAMINED.set(0);
                talk(&input, chunk);
                let (examined, calls) = (EXAMINED.get(), input.len().div_ceil(chunk));
                assert!(examined <= input.len() * 2 + calls, "{examined} in pieces of {chunk}");
            }
        }
    }

    #[test]
    fn tells_what_it_is_in_the_middle_of() {
        for (input, phase) in [
            (b"".as_slice(), Phase::Idle),
            (b"noise", Phase::Idle),
            (b"^", Phase::Head),
            (b"^P7", Phase::Body),
            (b"^$", Phase::Idle),
        ] {
            let mut frames = Frames::new();
            let mut used = 0;
            let mut steps = 0;
            while steps == 0 || used < input.len() {
                if let Step::Advance(n) = frames.step(&input[used..], &mut Vec::new()) {
                    used += n;
                }
                steps += 1;
            }
            assert_eq!(frames.phase(), phase, "{}", input.escape_ascii());
        }
    }
}
