//! The frames protocol, byte by byte.

use super::{Flaw, Talk};

pub struct Frames {
    flaw: Flaw,
    state: State,
    /// How many frames have begun.
    frames: usize,
    /// How many bytes of this frame have come.
    length: usize,
    /// Whether this number begins with 0.
    zero: bool,
    /// What is said only later, with [`Flaw::EchoesAtEnd`] and [`Flaw::NumbersLast`].
    kept: Vec<u8>,
    /// What nobody needs, with [`Flaw::HoardsDigits`] and [`Flaw::HoardsNoise`].
    hoard: Vec<u8>,
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
        let (kept, hoard) = (Vec::new(), Vec::new());
        Frames { flaw, state: State::Outside, frames: 0, length: 0, zero: false, kept, hoard }
    }

    /// Before the bytes of a read.
    fn read_begins(&mut self) {
        self.state = match (self.flaw, &self.state) {
            (Flaw::Forgets, _) | (Flaw::ForgetsErrors, State::Bad(_)) => State::Outside,
            (Flaw::ForgetsDigits, State::Number(_)) => State::Number(None),
            _ => return,
        };
    }

    /// Behind them.
    fn read_ends(&mut self, bytes: &[u8], replies: &mut Vec<u8>) {
        match (self.flaw, &self.state) {
            (Flaw::LooksAhead, State::Opened) => self.state = State::Echo,
            (Flaw::ForgetsRest, _) if bytes.contains(&b'$') => self.state = State::Outside,
            (Flaw::AnswersReads, State::Number(Some(_))) => self.end(replies),
            _ => {}
        }
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
            self.hoard.push(byte);
        }
        let byte = match (self.flaw, byte) {
            (Flaw::TakesSigns, b'+' | b'-') if value.is_none() => return,
            (Flaw::Trims, b' ' | b'\t' | b'\r' | b'\n') => return,
            (Flaw::UnicodeDigits, 0xd9) => return,
            (Flaw::UnicodeDigits, 0xa0..=0xa9) => byte - 0xa0 + b'0',
            _ => byte,
        };
        if !byte.is_ascii_digit() {
            let error = match self.flaw {
                Flaw::Atoi => return self.state = State::Bad(self.answer(value.unwrap_or(0))),
                Flaw::ShowsRaw => format!("error: '{}' is not a digit\n", char::from(byte)),
                _ => format!("error: '{}' is not a digit\n", byte.escape_ascii()),
            };
            return self.bad(error, replies);
        }
        if value.is_none() {
            self.zero = byte == b'0';
        }
        let base = if self.flaw == Flaw::Octal && self.zero { 8 } else { 10 };
        let (so_far, digit) = (value.unwrap_or(0), u64::from(byte - b'0'));
        let longer = match self.flaw {
            Flaw::Wraps => Some(so_far.wrapping_mul(10).wrapping_add(digit)),
            Flaw::U32 if so_far > u64::from(u32::MAX / 10) => None,
            Flaw::Signed if so_far > i64::MAX as u64 / 10 => None,
            Flaw::KeepsDigits if self.length > 21 => None,
            _ => so_far.checked_mul(base).and_then(|n| n.checked_add(digit)),
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
            State::Number(None) if self.flaw == Flaw::NothingIsZero => {
                replies.extend(self.answer(0).bytes());
            }
            State::Number(None) => replies.extend(b"error: no digits\n"),
            State::Number(Some(n)) if self.flaw == Flaw::NumbersLast => {
                self.kept.extend(self.answer(*n).bytes());
            }
            State::Number(Some(n)) => replies.extend(self.answer(*n).bytes()),
            State::Bad(error) => replies.extend(error.bytes()),
        }
        self.state = State::Outside;
    }

    fn answer(&self, n: u64) -> String {
        let prime = match self.flaw {
            Flaw::OneIsPrime if n == 1 => true,
            Flaw::TwoIsComposite if n == 2 => false,
            Flaw::SquaresArePrime => (2..).take_while(|d| d * d < n).all(|d| !n.is_multiple_of(d)),
            Flaw::GivesUp => (2..1000).take_while(|d| d * d <= n).all(|d| !n.is_multiple_of(d)),
            Flaw::Fermat => power_of_two(n - 1, n) == 1,
            _ => proto::is_prime(n),
        };
        if prime { "prime\n" } else { "composite\n" }.into()
    }
}

/// 2^exponent mod n.
fn power_of_two(exponent: u64, n: u64) -> u64 {
    let n = u128::from(n);
    let (mut result, mut power) = (1, 2);
    for bit in 0..u64::BITS {
        if exponent >> bit & 1 == 1 {
            result = result * power % n;
        }
        power = power * power % n;
    }
    result as u64
}

impl Talk for Frames {
    fn hear(&mut self, bytes: &[u8], replies: &mut Vec<u8>) -> Option<usize> {
        self.read_begins();
        for (i, &byte) in bytes.iter().enumerate() {
            self.length += 1;
            match (&self.state, byte) {
                (State::Number(Some(_)), b'$') if !replies.is_empty() => return Some(i),
                (State::Outside, b'^') => {
                    (self.frames, self.length) = (self.frames + 1, 0);
                    self.state = State::Opened;
                }
                (State::Outside, b'$') if self.flaw == Flaw::Toggles => self.state = State::Opened,
                (State::Outside, b'$') => {}
                (State::Outside, _) if self.flaw == Flaw::AnswersNoise => self.echo(byte, replies),
                (State::Outside, _) if self.flaw == Flaw::HoardsNoise => self.hoard.push(byte),
                (State::Outside, _) => {}
                (State::Bad(_) | State::Number(None), b'$') if self.flaw == Flaw::ErrorsEnd => {
                    return None;
                }
                (_, b'$') => {
                    self.end(replies);
                    if self.flaw == Flaw::FirstOnly {
                        return Some(bytes.len());
                    }
                }
                (_, b'^') if self.flaw == Flaw::CaretRestarts => self.state = State::Opened,
                (State::Opened, b'P') => self.state = State::Number(None),
                (State::Opened, b'p') if self.flaw == Flaw::SmallP => {
                    self.state = State::Number(None);
                }
                (State::Echo, b'P') if self.flaw == Flaw::FindsP => {
                    self.state = State::Number(None);
                }
                (State::Opened | State::Echo, b'\r' | b'\n') if self.flaw == Flaw::Lines => {}
                (State::Opened | State::Echo, 0) if self.flaw == Flaw::CString => {
                    self.state = State::Bad(String::new());
                }
                (State::Opened | State::Echo, 255) if self.flaw == Flaw::Overflows => return None,
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
        self.read_ends(bytes, replies);
        Some(bytes.len())
    }

    fn is_unfinished(&self) -> bool {
        !matches!(self.state, State::Outside)
    }
}
