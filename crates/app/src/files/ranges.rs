//! Which parts of a file are wanted (RFC 9110 §14).

use std::ops::Range;

use http_lite::{Method, Request};

use crate::error::Error;

/// The most ranges in one request. With more, it gets the whole file.
///
/// 16: a PDF viewer asks for a few at once. Each costs a head of its own, and a server that made
/// as many as were asked for has been brought down by that (CVE-2011-3192).
const MAX_RANGES: usize = 16;

/// The ranges of a request, before it is known how long the file is.
#[derive(Debug, PartialEq)]
pub struct Ranges(Vec<Spec>);

/// One of them. A number that no `u64` can hold counts as the largest: no file ends behind it.
#[derive(Debug, PartialEq)]
enum Spec {
    /// From the first to the last of these, counted from 0, both included.
    FromTo(u64, u64),
    /// So many at the end.
    Last(u64),
}

impl Ranges {
    /// Those of this request. `None`: it wants the whole, or it gets it, since with another method
    /// than `GET` (§14.2), in another unit than bytes, or where a mistake is in it, the field is ignored.
    pub fn of(request: &Request<'_>) -> Option<Ranges> {
        let mut fields = request.fields().filter(|field| field.0.eq_ignore_ascii_case(b"range"));
        match (request.method(), fields.next(), fields.next()) {
            (Method::Get, Some((_, value)), None) => Ranges::parse(str::from_utf8(value).ok()?),
            _ => None,
        }
    }

    fn parse(value: &str) -> Option<Ranges> {
        let (unit, set) = value.split_once('=')?;
        if !unit.eq_ignore_ascii_case("bytes") {
            return None;
        }
        // Elements of a list may be empty (§5.6.1.2).
        let specs = set.split(',').map(|spec| spec.trim_matches([' ', '\t']));
        let specs = specs.filter(|spec| !spec.is_empty()).take(MAX_RANGES + 1);
        let specs: Vec<Spec> = specs.map(Spec::parse).collect::<Option<_>>()?;
        (1..=MAX_RANGES).contains(&specs.len()).then_some(Ranges(specs))
    }

    /// The parts of a file of this length that they mean, in their order. None: all of it.
    pub fn within(&self, length: u64) -> Result<Vec<Range<u64>>, Error> {
        let parts: Vec<_> = self.0.iter().filter_map(|spec| spec.within(length)).collect();
        let bytes = parts.iter().map(|part| u128::from(part.end - part.start)).sum::<u128>();
        // The end of an empty file can be asked for, but `Content-Range` has no way to say it.
        let empty_end = length == 0 && self.0.iter().any(|spec| matches!(spec, Spec::Last(1..)));
        if empty_end || bytes > length.into() {
            // More than there is: they overlap, and whoever wants that wants the whole (§17.15).
            return Ok(Vec::new());
        }
        match parts.is_empty() {
            true => Err(Error::RangeNotSatisfiable(length)),
            false => Ok(parts),
        }
    }
}

impl Spec {
    fn parse(spec: &str) -> Option<Spec> {
        match spec.split_once('-')? {
            ("", last) => Some(Spec::Last(number(last)?)),
            (first, "") => Some(Spec::FromTo(number(first)?, u64::MAX)),
            (first, last) => {
                let (first, last) = (number(first)?, number(last)?);
                (first <= last).then_some(Spec::FromTo(first, last))
            }
        }
    }

    fn within(&self, length: u64) -> Option<Range<u64>> {
        let range = match *self {
            Spec::FromTo(first, last) => first..length.min(last.saturating_add(1)),
            Spec::Last(n) => length.saturating_sub(n)..length,
        };
        (!range.is_empty()).then_some(range)
    }
}

fn number(digits: &str) -> Option<u64> {
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The parts of a file; the error in words; or that the field is ignored.
    fn select(value: &str, length: u64) -> String {
        match Ranges::parse(value).map(|ranges| ranges.within(length)) {
            None => "ignored".to_owned(),
            Some(Err(_)) => "416".to_owned(),
            Some(Ok(parts)) if parts.is_empty() => "all".to_owned(),
            Some(Ok(parts)) => {
                let parts = parts.iter().map(|part| format!("{}-{}", part.start, part.end - 1));
                parts.collect::<Vec<_>>().join(" ")
            }
        }
    }

    #[test]
    fn ranges_mean_parts_of_the_file() {
        for (value, length, expected) in [
            ("bytes=0-0", 10, "0-0"),
            ("bytes=2-5", 10, "2-5"),
            ("BYTES=2-5", 10, "2-5"),
            ("bytes=2-", 10, "2-9"),
            ("bytes=2-9", 10, "2-9"),
            ("bytes=2-10", 10, "2-9"),
            ("bytes=0002-05", 10, "2-5"),
            ("bytes=-3", 10, "7-9"),
            ("bytes=-10", 10, "0-9"),
            ("bytes=-11", 10, "0-9"),
            ("bytes=0-1,4-5", 10, "0-1 4-5"),
            ("bytes= 4-5 ,\t, -1,", 10, "4-5 9-9"),
            // In the order in which they were asked for.
            ("bytes=4-5,0-1", 10, "4-5 0-1"),
            // What lies behind the end is left out while anything else remains.
            ("bytes=10-,0-1", 10, "0-1"),
            ("bytes=10-", 10, "416"),
            ("bytes=10-11,-0", 10, "416"),
            ("bytes=-0", 10, "416"),
            ("bytes=0-", 0, "416"),
            ("bytes=-1", 0, "all"),
            ("bytes=0-,-1", 0, "all"),
            // Overlapping is fine as long as the whole file is not less.
            ("bytes=0-4,2-6", 10, "0-4 2-6"),
            ("bytes=0-4,0-4", 10, "0-4 0-4"),
            ("bytes=0-4,0-5", 10, "all"),
            ("bytes=0-,0-,0-,0-", 10, "all"),
            // Not bytes, or not as the grammar has it.
            ("lines=0-1", 10, "ignored"),
            ("bytes", 10, "ignored"),
            ("bytes=", 10, "ignored"),
            ("bytes=,", 10, "ignored"),
            ("bytes=-", 10, "ignored"),
            ("bytes=1", 10, "ignored"),
            ("bytes=5-2", 10, "ignored"),
            ("bytes=0-1,5-2", 10, "ignored"),
            ("bytes=--2", 10, "ignored"),
            ("bytes=+1-2", 10, "ignored"),
            ("bytes=1-2-3", 10, "ignored"),
            ("bytes=a-b", 10, "ignored"),
            ("bytes=0x1-2", 10, "ignored"),
            ("bytes=1 - 2", 10, "ignored"),
            ("bytes =1-2", 10, "ignored"),
            ("bytes=0-1;2-3", 10, "ignored"),
        ] {
            assert_eq!(select(value, length), expected, "{value} of {length}");
        }
    }

    /// Numbers that do not fit must not become small ones (CVE-2017-7529).
    #[test]
    fn numbers_too_large_for_the_type_are_large() {
        let most = u64::MAX;
        for (value, length, expected) in [
            ("bytes=0-18446744073709551615", 10, "0-9"),
            ("bytes=0-18446744073709551616", 10, "0-9"),
            ("bytes=2-99999999999999999999999999", 10, "2-9"),
            ("bytes=-18446744073709551615", 10, "0-9"),
            ("bytes=-99999999999999999999999999", 10, "0-9"),
            ("bytes=18446744073709551616-", 10, "416"),
            ("bytes=18446744073709551616-18446744073709551617", 10, "416"),
            ("bytes=-9223372036854775608,-9223372036854775608", 1000, "all"),
            ("bytes=0-18446744073709551614", most, "0-18446744073709551614"),
            ("bytes=0-18446744073709551615,0-", most, "all"),
            ("bytes=18446744073709551614-", most, "18446744073709551614-18446744073709551614"),
        ] {
            assert_eq!(select(value, length), expected, "{value} of {length}");
        }
    }

    #[test]
    fn there_are_not_too_many() {
        let many = |n| format!("bytes={}", vec!["0-0"; n].join(","));
        assert_eq!(select(&many(MAX_RANGES), 1000), ["0-0"; MAX_RANGES].join(" "));
        assert_eq!(select(&many(MAX_RANGES + 1), 1000), "ignored");
        // The request that brought Apache down (CVE-2011-3192).
        let killer: String = (0..1300).map(|n| format!(",5-{n}")).collect();
        assert_eq!(select(&format!("bytes=0-{killer}"), 100_000), "ignored");
    }

    proptest! {
        #[test]
        fn what_is_sent_is_inside_and_no_more_than_there_is(
            value in "bytes=[0-9,\\- ]{0,40}",
            length in 0u64..200,
        ) {
            if let Some(Ok(parts)) = Ranges::parse(&value).map(|ranges| ranges.within(length)) {
                prop_assert!(parts.len() <= MAX_RANGES);
                prop_assert!(parts.iter().all(|part| part.start < part.end && part.end <= length));
                prop_assert!(parts.iter().map(|part| part.end - part.start).sum::<u64>() <= length);
            }
        }

        #[test]
        fn one_range_is_what_a_slice_would_be(
            first in 0usize..30,
            last in 0usize..30,
            length in 1usize..30,
        ) {
            let bytes: Vec<usize> = (0..length).collect();
            let expected = bytes.get(first..=last.min(length - 1)).filter(|part| !part.is_empty());
            let found = select(&format!("bytes={first}-{last}"), length as u64);
            match expected {
                _ if first > last => prop_assert_eq!(found, "ignored"),
                None => prop_assert_eq!(found, "416"),
                Some(part) => {
                    let expected = format!("{}-{}", part[0], part[part.len() - 1]);
                    prop_assert_eq!(found, expected);
                }
            }
        }
    }
}
