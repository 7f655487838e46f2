//! Which format of an answer a client wants: proactive negotiation (RFC 9110 §12.5.1).

use http_lite::Request;

/// The formats that the site answers in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people with a browser.
    Html,
    /// For programs. Errors are `application/problem+json`.
    Json,
    /// For people with a terminal.
    Text,
}

impl Format {
    /// The one of `offers` that the request's `Accept` gives the highest weight, and the first of
    /// several that it likes as much. A client that says nothing, or `*/*` as curl does, gets the
    /// first of all; so does one that accepts none of them, as what it cannot read may still tell
    /// it more than a 406 would.
    pub fn wanted(request: &Request<'_>, offers: &[Format]) -> Format {
        let is_accept = |name: &[u8]| name.eq_ignore_ascii_case(b"accept");
        let accept: Vec<&str> = request
            .fields()
            .filter(|(name, _)| is_accept(name))
            .filter_map(|(_, value)| str::from_utf8(value).ok())
            .collect();
        choose(&accept.join(","), offers)
    }

    /// The media types that a client may ask for it by.
    fn media_types(self) -> &'static [&'static str] {
        match self {
            Format::Html => &["text/html"],
            Format::Json => &["application/json", "application/problem+json"],
            Format::Text => &["text/plain"],
        }
    }
}

fn choose(accept: &str, offers: &[Format]) -> Format {
    let (mut best, mut most) = (offers[0], 0);
    for &offer in offers {
        let weight = weight(accept, offer);
        if weight > most {
            (best, most) = (offer, weight);
        }
    }
    best
}

/// How much a format is wanted, in thousandths: what the most specific range that it is in says.
/// Parameters other than `q` are ignored.
fn weight(accept: &str, format: Format) -> u16 {
    let mut found = (0, 0);
    for range in accept.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let specificity = specificity(parts.next().unwrap_or(""), format);
        let q = parts
            .filter_map(|parameter| parameter.split_once('='))
            .find(|(name, _)| name.eq_ignore_ascii_case("q"))
            .map_or(1000, |(_, value)| qvalue(value).unwrap_or(0));
        if specificity > 0 {
            found = found.max((specificity, q));
        }
    }
    found.1
}

/// How exactly a range names a format; 0 if it does not.
fn specificity(range: &str, format: Format) -> u8 {
    if format.media_types().iter().any(|media_type| range.eq_ignore_ascii_case(media_type)) {
        return 3;
    }
    let main = format.media_types()[0].split('/').next().unwrap_or("");
    match range.strip_suffix("/*") {
        Some("*") => 1,
        Some(range) if range.eq_ignore_ascii_case(main) => 2,
        _ => 0,
    }
}

/// `0`, `0.5`, `1.000`: at most three digits behind the point, and at most 1 (RFC 9110 §12.4.2).
fn qvalue(text: &str) -> Option<u16> {
    let (whole, behind) = text.split_once('.').unwrap_or((text, ""));
    if behind.len() > 3 || !behind.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let thousandths = format!("{behind:0<3}").parse().ok()?;
    match (whole, thousandths) {
        ("0", thousandths) => Some(thousandths),
        ("1", 0) => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::Format::{Html, Json, Text};
    use super::*;

    #[test]
    fn the_weights_decide_and_then_the_order_of_the_offers() {
        const CHROME: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,\
                              image/webp,image/apng,*/*;q=0.8,\
                              application/signed-exchange;v=b3;q=0.7";
        for (accept, expected) in [
            ("", Json),
            ("*/*", Json),
            (CHROME, Html),
            ("text/html", Html),
            ("TEXT/HTML", Html),
            ("text/*", Html),
            ("text/plain", Text),
            ("text/html;q=0.1, text/plain;q=0.2", Text),
            ("application/json", Json),
            ("application/problem+json", Json),
            ("application/*;q=0.1, text/html;q=0.2", Html),
            ("text/html, application/json", Json),
            ("text/html;q=0.9, application/json;q=0.8", Html),
            ("text/html;q=0.9 , application/json ; q=0.901", Json),
            // The most specific range counts, not the most generous one.
            ("*/*, application/json;q=0.1, text/plain;q=0", Html),
            ("text/html;level=1;q=0.3, */*;q=0.2", Html),
            // Nothing of ours is accepted, or nothing can be read: the first offer.
            ("image/png", Json),
            ("*/*;q=0", Json),
            ("text/html;q=2", Json),
            ("text/html;q=", Json),
            ("text", Json),
            (",;,=,/", Json),
        ] {
            assert_eq!(choose(accept, &[Json, Html, Text]), expected, "{accept}");
        }
        assert_eq!(choose("*/*", &[Html, Json]), Html);
        assert_eq!(choose("application/json;q=0.1", &[Html, Json]), Json);
    }

    #[test]
    fn weights_are_decimal_and_at_most_one() {
        for (text, expected) in [
            ("0", Some(0)),
            ("0.", Some(0)),
            ("0.5", Some(500)),
            ("0.05", Some(50)),
            ("0.999", Some(999)),
            ("1", Some(1000)),
            ("1.000", Some(1000)),
            ("1.001", None),
            ("0.9999", None),
            ("2", None),
            ("-0.5", None),
            (".5", None),
            ("0.+5", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(qvalue(text), expected, "{text}");
        }
    }
}
