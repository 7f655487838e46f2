//! Whether a request still wants what there is now (RFC 9110 §13).

use std::time::SystemTime;

use http_lite::Request;

use super::validators::Validators;

/// The conditions that a `GET` or `HEAD` came with.
#[derive(Debug, Default)]
pub struct Conditions {
    /// Lists of entity tags, not parsed yet.
    if_match: Option<Vec<u8>>,
    if_none_match: Option<Vec<u8>>,
    /// What is no date is no condition (§13.1.3, §13.1.4).
    if_modified_since: Option<SystemTime>,
    if_unmodified_since: Option<SystemTime>,
    /// An entity tag or a date.
    if_range: Option<Vec<u8>>,
}

/// What follows from the conditions.
#[derive(Debug, PartialEq)]
pub enum Verdict {
    /// Answer as if there were none.
    Passed,
    /// The client has it already: 304.
    NotModified,
    /// 412.
    Failed,
}

impl Conditions {
    /// Those of this request.
    pub fn of(request: &Request<'_>) -> Conditions {
        Conditions {
            if_match: values(request, "if-match"),
            if_none_match: values(request, "if-none-match"),
            if_modified_since: values(request, "if-modified-since").and_then(|value| date(&value)),
            if_unmodified_since: values(request, "if-unmodified-since")
                .and_then(|value| date(&value)),
            if_range: values(request, "if-range"),
        }
    }

    /// Evaluates them against what there is, in the order of §13.2.2: of tag and date, the tag
    /// counts, as it says more.
    pub fn judge(&self, current: &Validators) -> Verdict {
        let strongly = |tag: Tag<'_>| tag.is_strongly(current);
        let weakly = |tag: Tag<'_>| tag.is_weakly(current);
        match (&self.if_match, self.if_unmodified_since, current.modified) {
            (Some(tags), ..) if !lists(tags, strongly) => return Verdict::Failed,
            (None, Some(date), Some(modified)) if modified > date => return Verdict::Failed,
            _ => {}
        }
        match (&self.if_none_match, self.if_modified_since, current.modified) {
            (Some(tags), ..) if lists(tags, weakly) => Verdict::NotModified,
            (None, Some(date), Some(modified)) if modified <= date => Verdict::NotModified,
            _ => Verdict::Passed,
        }
    }

    /// `If-Range`: whether parts of what there is now fit the parts that the client has. If not,
    /// it gets all of it (§13.1.5).
    ///
    /// A date fits if it is exactly that of the file; the client must know that it was old enough
    /// when it got it (§8.8.2.2).
    pub fn let_ranges_pass(&self, current: &Validators) -> bool {
        let Some(value) = &self.if_range else { return true };
        match Tag::parse(value) {
            Some((tag, [])) => tag.is_strongly(current),
            Some(_) => false,
            None => current.strong && current.modified.is_some_and(|m| date(value) == Some(m)),
        }
    }
}

/// All values of a field, as one list (§5.3).
fn values(request: &Request<'_>, name: &str) -> Option<Vec<u8>> {
    let fields = request.fields().filter(|field| field.0.eq_ignore_ascii_case(name.as_bytes()));
    fields.map(|field| field.1.to_vec()).reduce(|list, value| [list, value].join(&b", "[..]))
}

fn date(value: &[u8]) -> Option<SystemTime> {
    httpdate::parse_http_date(str::from_utf8(value).ok()?).ok()
}

/// Whether one of the tags in a list fits; `*` always does, as there is something. What follows
/// a mistake in the list does not count.
fn lists(list: &[u8], fits: impl Fn(Tag<'_>) -> bool) -> bool {
    let mut rest = list.trim_ascii();
    if rest == b"*" {
        return true;
    }
    while let Some((tag, after)) = Tag::parse(rest) {
        if fits(tag) {
            return true;
        }
        let after = after.trim_ascii_start();
        // Elements of a list may be empty (§5.6.1.2).
        let next = after.iter().position(|byte| !matches!(byte, b',' | b' ' | b'\t'));
        rest = match (after.first(), next) {
            (Some(b','), Some(next)) => &after[next..],
            _ => return false,
        };
    }
    false
}

/// An entity tag (§8.8.3).
struct Tag<'a> {
    is_weak: bool,
    /// With its quotes.
    opaque: &'a [u8],
}

impl<'a> Tag<'a> {
    /// The tag that a text begins with, and what follows.
    fn parse(text: &'a [u8]) -> Option<(Tag<'a>, &'a [u8])> {
        let (is_weak, text) = match text.strip_prefix(b"W/") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let end = text.strip_prefix(b"\"")?.iter().position(|&byte| byte == b'"')? + 2;
        Some((Tag { is_weak, opaque: &text[..end] }, &text[end..]))
    }

    /// §8.8.3.2.
    fn is_strongly(&self, current: &Validators) -> bool {
        self.is_weakly(current) && !self.is_weak && current.strong
    }

    /// §8.8.3.2.
    fn is_weakly(&self, current: &Validators) -> bool {
        self.opaque == current.tag.as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use proptest::prelude::*;

    use super::*;

    const DAY: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const BEFORE: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
    const AFTER: &str = "Sunday, 06-Nov-94 08:49:38 GMT";

    /// A file of `DAY` with the tag `"a"`.
    fn current(strong: bool) -> Validators {
        let modified = UNIX_EPOCH + Duration::from_secs(784_111_777);
        Validators { tag: "\"a\"".to_owned(), modified: Some(modified), strong }
    }

    /// The conditions in these lines.
    fn conditions(lines: &[(&str, &str)]) -> Conditions {
        let fields: String =
            lines.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let head = format!("GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n");
        let (request, _) = http_lite::parse(head.as_bytes()).unwrap().unwrap();
        Conditions::of(&request)
    }

    #[test]
    fn conditions_are_judged_in_the_order_of_the_rfc() {
        use Verdict::{Failed, NotModified, Passed};
        for (lines, expected) in [
            (&[][..], Passed),
            // §13.1.1: strong comparison.
            (&[("If-Match", "*")], Passed),
            (&[("If-Match", "\"a\"")], Passed),
            (&[("If-Match", "\"b\", \"a\"")], Passed),
            (&[("If-Match", "\"b\""), ("If-Match", "\"a\"")], Passed),
            (&[("If-Match", "W/\"a\"")], Failed),
            (&[("If-Match", "\"b\"")], Failed),
            (&[("If-Match", "a")], Failed),
            (&[("If-Match", "")], Failed),
            // §13.1.2: weak comparison.
            (&[("If-None-Match", "*")], NotModified),
            (&[("If-None-Match", "\"a\"")], NotModified),
            (&[("if-none-match", "W/\"a\"")], NotModified),
            (&[("If-None-Match", ", \"b\" ,\t,W/\"c,\",\"a\"")], Passed),
            (&[("If-None-Match", "\"b\" ,\t,W/\"c,\",\"a\"")], NotModified),
            (&[("If-None-Match", "\"b\""), ("If-None-Match", "\"a\"")], NotModified),
            (&[("If-None-Match", "\"b\" \"a\"")], Passed),
            (&[("If-None-Match", "\"b\", c, \"a\"")], Passed),
            (&[("If-None-Match", "a")], Passed),
            (&[("If-None-Match", "\"a")], Passed),
            (&[("If-None-Match", "w/\"a\"")], Passed),
            // §13.1.3.
            (&[("If-Modified-Since", BEFORE)], Passed),
            (&[("If-Modified-Since", DAY)], NotModified),
            (&[("If-Modified-Since", AFTER)], NotModified),
            (&[("If-Modified-Since", "yesterday")], Passed),
            (&[("If-Modified-Since", DAY), ("If-Modified-Since", DAY)], Passed),
            // §13.1.4.
            (&[("If-Unmodified-Since", BEFORE)], Failed),
            (&[("If-Unmodified-Since", DAY)], Passed),
            (&[("If-Unmodified-Since", AFTER)], Passed),
            (&[("If-Unmodified-Since", "yesterday")], Passed),
            // §13.2.2: a tag counts more than a date, and a precondition comes first.
            (&[("If-Match", "\"a\""), ("If-Unmodified-Since", BEFORE)], Passed),
            (&[("If-Match", "\"b\""), ("If-Unmodified-Since", AFTER)], Failed),
            (&[("If-None-Match", "\"a\""), ("If-Modified-Since", BEFORE)], NotModified),
            (&[("If-None-Match", "\"b\""), ("If-Modified-Since", AFTER)], Passed),
            (&[("If-Match", "\"b\""), ("If-None-Match", "\"a\"")], Failed),
            (&[("If-Match", "\"a\""), ("If-None-Match", "\"a\"")], NotModified),
            (&[("If-Unmodified-Since", BEFORE), ("If-None-Match", "\"a\"")], Failed),
            (&[("If-Unmodified-Since", AFTER), ("If-Modified-Since", AFTER)], NotModified),
        ] {
            assert_eq!(conditions(lines).judge(&current(true)), expected, "{lines:?}");
        }
    }

    #[test]
    fn weak_validators_match_only_weakly() {
        let judge = |name, value| conditions(&[(name, value)]).judge(&current(false));
        assert_eq!(judge("If-Match", "\"a\""), Verdict::Failed);
        assert_eq!(judge("If-Match", "*"), Verdict::Passed);
        assert_eq!(judge("If-None-Match", "\"a\""), Verdict::NotModified);
    }

    #[test]
    fn without_a_date_there_is_none_to_compare() {
        let current = Validators { modified: None, ..current(true) };
        for name in ["If-Modified-Since", "If-Unmodified-Since"] {
            assert_eq!(conditions(&[(name, DAY)]).judge(&current), Verdict::Passed, "{name}");
        }
        assert!(!conditions(&[("If-Range", DAY)]).let_ranges_pass(&current));
    }

    #[test]
    fn ranges_pass_if_the_rest_fits() {
        for (lines, expected) in [
            (&[][..], true),
            (&[("If-Range", "\"a\"")], true),
            (&[("If-Range", "\"b\"")], false),
            (&[("If-Range", "W/\"a\"")], false),
            (&[("If-Range", "\"a\", \"b\"")], false),
            (&[("If-Range", "*")], false),
            (&[("If-Range", "")], false),
            (&[("If-Range", DAY)], true),
            (&[("If-Range", BEFORE)], false),
            (&[("If-Range", AFTER)], false),
        ] {
            let conditions = conditions(lines);
            assert_eq!(conditions.let_ranges_pass(&current(true)), expected, "{lines:?}");
            assert_eq!(conditions.let_ranges_pass(&current(false)), lines.is_empty(), "{lines:?}");
        }
    }

    proptest! {
        #[test]
        fn a_tag_is_found_wherever_it_stands_in_a_list(
            others in prop::collection::vec("(W/)?\"[b-z,]{0,4}\"", 0..6),
            at in 0usize..6,
            separator in "[ \t]{0,2},[ \t,]{0,3}",
        ) {
            let judge = |tags: &[String]| {
                conditions(&[("If-None-Match", &tags.join(&separator))]).judge(&current(true))
            };
            let mut tags = others;
            prop_assert_eq!(judge(&tags), Verdict::Passed);
            tags.insert(at.min(tags.len()), "\"a\"".to_owned());
            prop_assert_eq!(judge(&tags), Verdict::NotModified);
        }

        #[test]
        fn whatever_is_sent_is_judged(value in "[\"W/a*, \t]{0,12}") {
            for name in ["If-Match", "If-None-Match", "If-Range", "If-Modified-Since"] {
                let conditions = conditions(&[(name, &value)]);
                let verdict = conditions.judge(&current(true));
                let has_tag = value.contains("\"a\"") || value.trim_matches([' ', '\t']) == "*";
                if !has_tag {
                    prop_assert_ne!(&verdict, &Verdict::NotModified);
                    prop_assert_eq!(conditions.let_ranges_pass(&current(true)), name != "If-Range");
                }
            }
        }
    }
}
