//! What comes without end, and how much of it a server may keep. Pure: no sockets, no clocks.

use conform::{FLOOD, Protocol};
use http_lite::limits::{MAX_BODY, MAX_CHUNK_EXTENSIONS, MAX_HEAD, MAX_TRAILERS};
use proto::{HIGH_WATER, READ_SIZE};

/// How much each client sends, unless it is stopped before: more than may be kept of anything, and what
/// the kernel holds besides.
const AMOUNT: usize = 6 * 1024 * 1024;

/// Something without end.
#[derive(Debug, Clone, Copy)]
pub struct Input {
    /// Short and stable: the command line names inputs by it.
    pub name: &'static str,
    pub protocol: Protocol,
    /// What it is, for the table.
    pub is: &'static str,
    /// How it begins.
    pub start: &'static str,
    /// What comes again and again after that.
    pub unit: &'static str,
    /// How much is sent in all.
    pub amount: usize,
    /// Whether the client reads what it is answered.
    pub reads: bool,
    /// How much of what has come a session may hold, besides one read.
    held: usize,
}

const ENDLESS: Input = Input {
    name: "",
    protocol: Protocol::Http,
    is: "",
    start: "",
    unit: "",
    amount: AMOUNT,
    reads: true,
    held: 0,
};

/// Every one. The longest body is held until its last byte comes; what is longer is refused, and so is
/// the rest: it is held for no longer than that takes.
pub const INPUTS: [Input; 11] = [
    Input {
        name: "number",
        protocol: Protocol::Frames,
        is: "a number without end",
        start: "^P",
        unit: "0",
        ..ENDLESS
    },
    Input {
        name: "frame",
        protocol: Protocol::Frames,
        is: "a frame without end",
        start: "^",
        unit: "abcdefgh",
        ..ENDLESS
    },
    Input {
        name: "noise",
        protocol: Protocol::Frames,
        is: "bytes outside a frame",
        unit: "abcdefgh",
        ..ENDLESS
    },
    Input {
        name: "unread-frames",
        protocol: Protocol::Frames,
        is: "frames, and nothing is read",
        unit: "^abcdefghijklmnopqrstuvw$",
        amount: FLOOD,
        reads: false,
        ..ENDLESS
    },
    Input {
        name: "field",
        is: "a head whose field has no end",
        start: "GET / HTTP/1.1\r\nHost: a\r\nA: ",
        unit: "a",
        held: MAX_HEAD,
        ..ENDLESS
    },
    Input {
        name: "fields",
        is: "a head with fields without end",
        start: "GET / HTTP/1.1\r\nHost: a\r\n",
        unit: "A: b\r\n",
        held: MAX_HEAD,
        ..ENDLESS
    },
    Input {
        name: "largest-body",
        is: "the longest body, but for its last byte",
        start: "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1048576\r\n\r\n",
        unit: "a",
        amount: MAX_BODY as usize - 1,
        held: MAX_HEAD + MAX_BODY as usize,
        ..ENDLESS
    },
    Input {
        name: "chunks",
        is: "chunks without end",
        start: "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
        unit: "10\r\n0123456789abcdef\r\n",
        held: MAX_HEAD + MAX_BODY as usize,
        ..ENDLESS
    },
    Input {
        name: "extension",
        is: "an extension without end",
        start: "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;a=",
        unit: "a",
        held: MAX_HEAD + MAX_CHUNK_EXTENSIONS,
        ..ENDLESS
    },
    Input {
        name: "trailers",
        is: "trailers without end",
        start: "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
        unit: "A: b\r\n",
        held: MAX_HEAD + MAX_TRAILERS,
        ..ENDLESS
    },
    Input {
        name: "unread-responses",
        is: "requests, and nothing is read",
        unit: "GET /plain HTTP/1.1\r\nHost: a\r\n\r\n",
        amount: FLOOD,
        reads: false,
        held: MAX_HEAD,
        ..ENDLESS
    },
];

impl Input {
    /// How much memory one connection may take, in bytes: what its session holds, in vectors that have
    /// room for twice as much as they grow, and the shell's read buffer. Of its answers a session holds
    /// those up to the high-water mark, and those that one more read brings.
    pub fn bound(&self) -> u64 {
        let (input, output) = (self.held + READ_SIZE, HIGH_WATER + READ_SIZE);
        (2 * (input + output) + READ_SIZE) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_body_is_the_one_that_is_allowed() {
        let largest = INPUTS.iter().find(|input| input.name == "largest-body").unwrap();
        assert!(largest.start.contains(&format!("Content-Length: {MAX_BODY}\r\n")));
        assert_eq!(largest.amount as u64, MAX_BODY - 1);
    }
}
