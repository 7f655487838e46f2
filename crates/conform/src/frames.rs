//! The cases of the frames protocol.

mod numbers;
mod remembers;
mod rude;
mod speaks;
mod stop;
mod waiting;

// The words that the cases below are written in.
use crate::given::{Random, is_prime};
use crate::script::{
    A, Action, B, C, Client, Reply, Script, accepted, closed, connect, expect, flood, half_close,
    leave, light, pause, refused_now, reset, send, send_ahead, stop, times,
};
use crate::{Case, Given, Property, Protocol};

/// As many silent clients as a pool of a few workers cannot bear.
const SILENT: u16 = 16;

/// How much a large request holds.
const LARGE: usize = 1024 * 1024;

/// Something of everything, short enough to be cut everywhere.
const SESSION: &[u8] = b"- $ ^ab$-^$^P7$^P08$^Px7$^c^P$^P$^d$";

/// Every case, by subject.
pub(crate) fn cases() -> Vec<Case> {
    [speaks::CASES, numbers::CASES, remembers::CASES, waiting::CASES, rude::CASES, stop::CASES]
        .concat()
}

const fn case(
    name: &'static str,
    property: Property,
    lesson: &'static str,
    script: fn(&Given) -> Script,
) -> Case {
    Case { name, protocol: Protocol::Frames, property, rule: None, lesson, mistake: None, script }
}

/// The client connects and is greeted.
fn greet(client: Client) -> Script {
    [connect(client), expect(client, "*")].concat()
}

/// The client says this and is answered.
fn say(client: Client, bytes: impl AsRef<[u8]>, answer: impl AsRef<[u8]>) -> Script {
    [send(client, bytes), expect(client, answer)].concat()
}

/// A client comes, says all this in one piece, and is answered.
fn ask(bytes: impl AsRef<[u8]>, answer: impl AsRef<[u8]>) -> Script {
    [greet(A), say(A, bytes, answer)].concat()
}

/// The question whether this is a prime.
fn prime(n: u64) -> String {
    format!("^P{n}$")
}

/// What the protocol answers to `sent`, greeting not included. Written for clarity, over the
/// whole input at once; a server must say the same with every byte at its time.
fn answer(sent: &[u8]) -> Vec<u8> {
    let mut answer = Vec::new();
    let mut rest = sent;
    while let Some(open) = rest.iter().position(|&byte| byte == b'^') {
        rest = &rest[open + 1..];
        let end = rest.iter().position(|&byte| byte == b'$');
        let payload = &rest[..end.unwrap_or(rest.len())];
        rest = end.map_or(&[], |end| &rest[end + 1..]);
        match payload.strip_prefix(b"P") {
            Some(digits) => answer.extend(number(digits, end.is_some()).bytes()),
            None => answer.extend(payload.iter().map(|byte| byte.wrapping_add(1))),
        }
    }
    answer
}

/// What is answered to a number of which so much has come.
fn number(digits: &[u8], complete: bool) -> String {
    let mut n = 0_u64;
    for byte in digits {
        if !byte.is_ascii_digit() {
            return format!("error: '{}' is not a digit\n", byte.escape_ascii());
        }
        match n.checked_mul(10).and_then(|n| n.checked_add(u64::from(byte - b'0'))) {
            Some(longer) => n = longer,
            None => return "error: over 18446744073709551615\n".into(),
        }
    }
    match (complete, digits) {
        (false, _) => "",
        (true, []) => "error: no digits\n",
        (true, _) if is_prime(n) => "prime\n",
        (true, _) => "composite\n",
    }
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_says_what_the_protocol_says() {
        let check = |sent: &str, expected: &str| {
            assert_eq!(String::from_utf8(answer(sent.as_bytes())).unwrap(), expected, "{sent}");
        };
        check("x$^ab$y^^c", "bc_d");
        check("^$^P7", "");
        check("^P2$^P9$^P0$", "prime\ncomposite\ncomposite\n");
        check("^P$^P1x2$^a$", "error: no digits\nerror: 'x' is not a digit\nb");
        check("^P18446744073709551616", "error: over 18446744073709551615\n");
        check(
            str::from_utf8(SESSION).unwrap(),
            "bcprime\ncomposite\nerror: 'x' is not a digit\nd_Qerror: no digits\ne",
        );
    }

    #[test]
    fn garbage_holds_every_byte_and_every_kind_of_frame() {
        let garbage = Given::default().random().bytes(LARGE);
        for byte in 0..=u8::MAX {
            assert!(garbage.contains(&byte), "{byte}");
        }
        for start in [b"^$", b"^P", b"^^", b"$$"] {
            assert!(garbage.windows(2).any(|pair| pair == start), "{start:?}");
        }
    }
}
