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

/// Whether a token is this one, which is given in lower case.
///
/// One bit tells lower case from upper. In a digit or a hyphen it is set anyway: there, only
/// control characters lack it, and a head that has those was refused before.
#[inline]
pub(crate) fn is(token: &[u8], lower: &[u8]) -> bool {
    let same = |(byte, lower): (&u8, &u8)| byte | 0x20 == *lower;
    token.len() == lower.len() && token.iter().zip(lower).all(same)
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

/// What may stand in a field's value: no CR, NUL and the like (RFC 9110 §5.5).
const VALUE: Class = class!(b'\t' | b' '..=b'~' | 0x80..);

/// How many bytes at the start belong to the class.
pub(crate) fn span(class: &Class, bytes: &[u8]) -> usize {
    let other = |&byte: &u8| !class[usize::from(byte)];
    let mut rest = bytes;
    // Eight at a time: so there is one check of the bounds for all of them.
    while let Some((block, after)) = rest.split_first_chunk::<8>() {
        if let Some(at) = block.iter().position(other) {
            let n = bytes.len() - rest.len() + at;
            count_examined(n + 1);
            return n;
        }
        rest = after;
    }
    let at = rest.iter().position(other).unwrap_or(rest.len());
    let n = bytes.len() - rest.len() + at;
    count_examined(bytes.len().min(n + 1));
    n
}

/// How many bytes at the start can be in a target.
pub(crate) fn target(bytes: &[u8]) -> usize {
    let rest = skip(bytes, |byte| (byte > b' ') & (byte < 0x7f) & (byte != b'#'));
    bytes.len() - rest.len() + span(&TARGET, rest)
}

/// How many bytes at the start can be in a field's value.
pub(crate) fn value(bytes: &[u8]) -> usize {
    // All but the tab, which is rare.
    let mut rest = skip(bytes, |byte| (byte >= b' ') & (byte != 0x7f));
    while let Some((block, after)) = rest.split_first_chunk() {
        count_examined(block.len());
        let controls = controls(*block);
        if controls != 0 {
            rest = &rest[controls.trailing_zeros() as usize / 8..];
            break;
        }
        rest = after;
    }
    let n = bytes.len() - rest.len();
    if rest.starts_with(b"\r") { n } else { n + span(&VALUE, rest) }
}

/// Leaves out blocks of only such bytes at the start. The compiler checks a block in a few
/// instructions, if nothing in the check is a branch.
fn skip(bytes: &[u8], usual: impl Fn(u8) -> bool) -> &[u8] {
    let (blocks, _) = bytes.as_chunks::<16>();
    let usual = |block: &&[u8; 16]| block.iter().fold(true, |all, &byte| all & usual(byte));
    let n = blocks.iter().take_while(usual).count();
    count_examined(blocks.len().min(n + 1) * 16);
    &bytes[n * 16..]
}

/// Which of eight bytes are control characters, tabs too: in the result, these have their highest
/// bit set, the first byte's being the lowest of all. It is zero if there are none.
///
/// All eight are compared at once, in one register. To each byte's lower seven bits such a number
/// is added that the eighth bit tells whether they were at least `n`.
fn controls(bytes: [u8; 8]) -> u64 {
    const fn eight(byte: u8) -> u64 {
        u64::from_le_bytes([byte; 8])
    }
    let bytes = u64::from_le_bytes(bytes);
    let at_least = |n: u8| (bytes & eight(0x7f)) + eight(0x80 - n);
    let control = !at_least(b' ') | at_least(0x7f);
    control & !bytes & eight(0x80)
}

/// Whether there is a byte that must not be in a field's value.
pub(crate) fn has_control(bytes: &[u8]) -> bool {
    value(bytes) < bytes.len()
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Long runs of what is usual, with anything now and then.
    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![
            40 => prop::sample::select(b"aZ09-/ ~!\x80\xff".to_vec()),
            1 => any::<u8>(),
            1 => prop::sample::select(b"\0\t\n\r\x1f#:\x7f".to_vec()),
        ];
        prop::collection::vec(byte, 0..100)
    }

    proptest! {
        #[test]
        fn many_at_a_time_find_what_one_by_one_would(bytes in bytes()) {
            let first_other = |class: &Class| {
                bytes.iter().position(|&byte| !class[usize::from(byte)]).unwrap_or(bytes.len())
            };
            prop_assert_eq!(span(&TOKEN, &bytes), first_other(&TOKEN));
            prop_assert_eq!(target(&bytes), first_other(&TARGET));
            prop_assert_eq!(value(&bytes), first_other(&VALUE));
        }
    }

    #[test]
    fn every_byte_at_every_place_of_a_block() {
        for byte in 0..=u8::MAX {
            for place in 0..40 {
                let mut bytes = [b'x'; 40];
                bytes[place] = byte;
                let expected = |class: &Class| if class[usize::from(byte)] { 40 } else { place };
                assert_eq!(span(&TOKEN, &bytes), expected(&TOKEN), "{byte} at {place}");
                assert_eq!(target(&bytes), expected(&TARGET), "{byte} at {place}");
                assert_eq!(value(&bytes), expected(&VALUE), "{byte} at {place}");
            }
        }
    }

    #[test]
    fn names_are_compared_without_case() {
        let names: [&[u8]; 5] =
            [b"host", b"expect", b"connection", b"content-length", b"transfer-encoding"];
        for name in names {
            assert!(is(&name.to_ascii_uppercase(), name));
            for place in 0..name.len() {
                for byte in (0..=u8::MAX).filter(|&byte| TOKEN[usize::from(byte)]) {
                    let mut other = name.to_vec();
                    other[place] = byte;
                    assert_eq!(is(&other, name), other.eq_ignore_ascii_case(name));
                }
            }
        }
    }
}
