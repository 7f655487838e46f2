//! The frames protocol, byte by byte.

use super::{Flaw, Talk};

pub struct Frames {
    flaw: Flaw,
    state: State,
    /// How many frames have begun.
    frames: usize,
    /// How many bytes of this frame have come.
    length: usize,
    /// What is echoed only at the end, with [`Flaw::EchoesAtEnd`].
    kept: Vec<u8>,
    /// The digits of all numbers, with [`Flaw::HoardsDigits`].
    digits: Vec<u8>,
}

enum State {
    Outside,
    Opened,
    Echo,
    /// The digits so far, as a number; `None` before the first.
    Number(Option<u64>),
    /// A number is bad; what is still to be said about it.
    Bad(String),
}

impl Frames {
    pub fn new(flaw: Flaw) -> Frames {
        let (kept, digits) = (Vec::new(), Vec::new());
        Frames { flaw, state: State::Outside, frames: 0, length: 0, kept, digits }
    }

    fn echo(&mut self, byte: u8, replies: &mut Vec<u8>) {
        let echo = byte.wrapping_add(if self.flaw == Flaw::AddsTwo { 2 } else { 1 });
        match self.flaw {
            Flaw::Text if !echo.is_ascii() => replies.push(b'?'),
            Flaw::EchoesAtEnd => self.kept.push(echo),
            _ => replies.push(echo),
        }
    }

    fn digit(&mut self, value: Option<u64>, byte: u8, replies: &mut Vec<u8>) {
        if self.flaw == Flaw::HoardsDigits {
            self.digits.push(byte);
        }
        if !byte.is_ascii_digit() {
            return self.bad(format!("error: '{}' is not a digit\n", byte.escape_ascii()), replies);
        }
        let (so_far, digit) = (value.unwrap_or(0), u64::from(byte - b'0'));
        let longer = match self.flaw {
            Flaw::Wraps => Some(so_far.wrapping_mul(10).wrapping_add(digit)),
            Flaw::U32 if so_far > u64::from(u32::MAX) => None,
            Flaw::KeepsDigits if self.length > 100 => None,
            _ => so_far.checked_mul(10).and_then(|n| n.checked_add(digit)),
        };
        match longer {
            Some(longer) => self.state = State::Number(Some(longer)),
            None => self.bad(format!("error: over {}\n", u64::MAX), replies),
        }
    }

    fn bad(&mut self, error: String, replies: &mut Vec<u8>) {
        if self.flaw == Flaw::LateErrors {
            self.state = State::Bad(error);
        } else {
            replies.extend(error.bytes());
            self.state = State::Bad(String::new());
        }
    }

    /// At `$`.
    fn end(&mut self, replies: &mut Vec<u8>) {
        match &self.state {
            State::Outside => {}
            State::Opened if self.flaw == Flaw::AnswersEmpty => replies.push(b'\n'),
            State::Opened => {}
            State::Echo => replies.append(&mut self.kept),
            State::Number(None) => replies.extend(b"error: no digits\n"),
            State::Number(Some(n)) => {
                let prime = proto::is_prime(*n) || (self.flaw == Flaw::OneIsPrime && *n == 1);
                replies.extend(if prime { b"prime\n".as_slice() } else { b"composite\n" });
            }
            State::Bad(error) => replies.extend(error.bytes()),
        }
        self.state = State::Outside;
    }
}

impl Talk for Frames {
    fn hear(&mut self, bytes: &[u8], replies: &mut Vec<u8>) -> Option<usize> {
        if self.flaw == Flaw::Forgets {
            self.state = State::Outside;
        }
        for (i, &byte) in bytes.iter().enumerate() {
            self.length += 1;
            match (&self.state, byte) {
                (State::Number(Some(_)), b'$') if !replies.is_empty() => return Some(i),
                (State::Outside, b'^') => {
                    (self.frames, self.length) = (self.frames + 1, 0);
                    self.state = State::Opened;
                }
                (State::Outside, b'$') => {}
                (State::Outside, _) if self.flaw == Flaw::AnswersNoise => self.echo(byte, replies),
                (State::Outside, _) => {}
                (State::Number(None), b'$') if self.flaw == Flaw::ErrorsEnd => return None,
                (_, b'$') => {
                    self.end(replies);
                    if self.flaw == Flaw::FirstOnly {
                        return Some(bytes.len());
                    }
                }
                (_, b'^') if self.flaw == Flaw::CaretRestarts => self.state = State::Opened,
                (State::Opened, b'P') => self.state = State::Number(None),
                (State::Opened | State::Echo, _) => {
                    self.state = State::Echo;
                    self.echo(byte, replies);
                }
                (State::Number(value), _) => self.digit(*value, byte, replies),
                (State::Bad(_), _) => {}
            }
            let too_many = self.flaw == Flaw::TenFrames && self.frames > 10;
            let too_long = self.flaw == Flaw::SmallFrames && self.length > 64 * 1024;
            if too_many || too_long {
                return None;
            }
        }
        Some(bytes.len())
    }
}
