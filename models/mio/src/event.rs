//! Events, and what they come from.

use crate::{Raise, Token};

/// Something arrived. (The clients of a model neither hang up nor fill their socket.)
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    token: Token,
}

impl Event {
    pub(crate) fn readable(token: Token) -> Event {
        Event { token }
    }

    pub fn token(&self) -> Token {
        self.token
    }

    pub fn is_readable(&self) -> bool {
        true
    }

    pub fn is_writable(&self) -> bool {
        false
    }

    pub fn is_read_closed(&self) -> bool {
        false
    }

    pub fn is_write_closed(&self) -> bool {
        false
    }

    pub fn is_error(&self) -> bool {
        false
    }
}

/// A socket.
pub trait Source {
    /// Tells of arrivals from now on.
    fn watch(&mut self, raise: Raise);

    /// Tells of nothing any more.
    fn forget(&mut self);
}
