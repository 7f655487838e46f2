//! What may stand where in a head, and the loops that look for it.

/// Whether this is `uri-host [ ":" port ]` (RFC 9110 §7.2, RFC 3986 §3.2.2). The host may be
/// empty: so it is sent when the target has none.
pub(crate) fn is_host(value: &[u8]) -> bool {
    let literal = value.starts_with(b"[");
    let host_end = if literal {
        let digits = span(&IP_LITERAL, &value[1..]);
        if digits == 0 || value.get(digits + 1) != Some(&b']') {
            return false;
        }
        digits + 2
    } else {
        span(&REG_NAME, value)
    };
    match value[host_end..].split_first() {
        None => true,
        Some((b':', port)) => span(&DIGIT, port) == port.len(),
        Some(_) => false,
    }
}

/// The elements of a comma-separated list, of which some may be empty (RFC 9110 §5.6.1).
pub(crate) fn elements(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    count_examined(value.len());
    value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii).filter(|element| !element.is_empty())
}

/// The value of a number that is only digits; `None` if it is not, or over `u64::MAX`.
pub(crate) fn number(digits: &[u8]) -> Option<u64> {
    count_examined(digits.len());
    let value = digits.iter().try_fold(0u64, |value, byte| {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit < 10)?;
        value.checked_mul(10)?.checked_add(u64::from(digit))
    });
    value.filter(|_| !digits.is_empty())
}

/// A set of bytes.
pub(crate) type Class = [bool; 256];

macro_rules! class {
    ($class:pat) => {{
        let mut class = [false; 256];
        let mut byte = 0;
        while byte < class.len() {
            class[byte] = matches!(byte as u8, $class);
            byte += 1;
        }
        class
    }};
}

/// `tchar` (RFC 9110 §5.6.2).
pub(crate) const TOKEN: Class = class!(
    b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.'
        | b'0'..=b'9' | b'A'..=b'Z' | b'^'..=b'z' | b'|' | b'~'
);

/// Visible ASCII without `#`: a fragment is not sent (RFC 9112 §3.2.1). Browsers do send some
/// characters that RFC 3986 wants encoded, such as `|`.
pub(crate) const TARGET: Class = class!(b'!'..=b'"' | b'$'..=b'~');

/// `reg-name`, with `%` for `pct-encoded`, and so `IPv4address` (RFC 3986 §3.2.2).
const REG_NAME: Class = class!(
    b'!' | b'$'..=b'.' | b'0'..=b'9' | b';' | b'=' | b'A'..=b'Z' | b'_' | b'a'..=b'z' | b'~'
);

/// What may stand between the brackets of an `IP-literal` (RFC 3986 §3.2.2).
const IP_LITERAL: Class = class!(b'0'..=b'9' | b'A'..=b'F' | b'a'..=b'f' | b':' | b'.');

/// `DIGIT` (RFC 5234 §B.1).
const DIGIT: Class = class!(b'0'..=b'9');

/// `HEXDIG`, in either case (RFC 5234 §B.1, §2.3).
pub(crate) const HEX_DIGIT: Class = class!(b'0'..=b'9' | b'A'..=b'F' | b'a'..=b'f');

/// How many bytes at the start belong to the class.
pub(crate) fn span(class: &Class, bytes: &[u8]) -> usize {
    let n = bytes.iter().position(|&byte| !class[usize::from(byte)]).unwrap_or(bytes.len());
    count_examined(n + 1);
    n
}

/// Whether there is a byte that must not be in a field's value: CR, NUL and the like
/// (RFC 9110 §5.5). Looks at all of them, without a branch: so the compiler makes it many at once.
pub(crate) fn has_control(value: &[u8]) -> bool {
    count_examined(value.len());
    let control = |&byte: &u8| (byte < b' ' && byte != b'\t') | (byte == 0x7f);
    value.iter().fold(false, |found, byte| found | control(byte))
}

/// Where this byte stands first.
pub(crate) fn find(byte: u8, input: &[u8]) -> Option<usize> {
    let at = memchr::memchr(byte, input);
    count_examined(at.map_or(input.len(), |at| at + 1));
    at
}

/// Tests count how many bytes are looked at: the cost of parsing must be linear.
#[cfg(not(test))]
pub(crate) fn count_examined(_: usize) {}
#[cfg(test)]
pub(crate) use crate::head::tests::count_examined;
