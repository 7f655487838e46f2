//! The head of a request beside `httparse`.
//!
//! `httparse` only splits a head into its parts, for clients of any taste; we also answer for what
//! it means. So there are heads that it accepts and we refuse: for a reason that is in
//! [`STRICTER`], and that is seen to be so. What we accept, it accepts too, and in the same parts.

use http_lite::limits::{MAX_BODY, MAX_FIELDS, MAX_HEAD, MAX_REQUEST_LINE};
use http_lite::{Refusal, Version};

/// What a parser makes of a head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// These are its parts.
    Parsed(Parsed),
    /// More has to arrive.
    Incomplete,
    /// It is wrong, because of this.
    Refused(String),
}

/// The parts of a head.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the parts of a head are named by their names")]
pub struct Parsed {
    /// How many bytes it is long.
    pub length: usize,
    pub method: String,
    /// Which HTTP/1: the digit.
    pub version: u8,
    /// Without the authority of an absolute-form target.
    pub path: String,
    pub query: Option<String>,
    /// The authority, or else the `Host` field.
    pub host: Option<String>,
    pub fields: Vec<(String, Vec<u8>)>,
}

/// What we say to a head is what `httparse` says, or something stricter, for a good reason.
pub fn check(input: &[u8]) -> Result<(), String> {
    check_of(&ours, input)
}

/// The same of any parser.
pub fn check_of(parse: &dyn Fn(&[u8]) -> Outcome, input: &[u8]) -> Result<(), String> {
    // With an empty line behind it, a head that was whole is the same, and any other is whole.
    let ended = [input, b"\r\n\r\n"].concat();
    let ours = parse(input);
    match (&ours, theirs(input)) {
        (Outcome::Refused(_), Outcome::Refused(_)) => {}
        (Outcome::Refused(why), _) => {
            if let Outcome::Parsed(parsed) = theirs(&ended) {
                is_stricter(why, &ended, &parsed)?;
            }
        }
        // We judge a line when it is whole, so that the answer does not depend on the slicing.
        (Outcome::Incomplete, Outcome::Refused(why)) => {
            if let Outcome::Parsed(parsed) = parse(&ended) {
                return Err(format!("refused by httparse ({why}), and accepted here: {parsed:?}"));
            }
        }
        (_, theirs) if ours == theirs => {}
        (_, theirs) => return Err(format!("{ours:?}\n but httparse says {theirs:?}")),
    }
    if ours != Outcome::Incomplete && parse(&ended) != ours {
        return Err(format!("{ours:?}\n but with more behind it {:?}", parse(&ended)));
    }
    Ok(())
}

/// What `http_lite` makes of a head.
pub fn ours(input: &[u8]) -> Outcome {
    let (request, length) = match http_lite::parse(input) {
        Ok(Some(parsed)) => parsed,
        Ok(None) => return Outcome::Incomplete,
        Err(Refusal { why, .. }) => return Outcome::Refused(why.to_string()),
    };
    let field = |(name, value): (&[u8], &[u8])| (lossy(name), value.to_vec());
    Outcome::Parsed(Parsed {
        length,
        method: request.method().as_str().to_string(),
        version: u8::from(request.version() == Version::Http11),
        path: request.path().to_string(),
        query: request.query().map(str::to_string),
        host: request.host().map(str::to_string),
        fields: request.fields().map(field).collect(),
    })
}

/// What `httparse` makes of it, with the target split as RFC 9112 §3.2 says.
pub fn theirs(input: &[u8]) -> Outcome {
    let input = with_known_version(input);
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut request = httparse::Request::new(&mut fields);
    let length = match request.parse(&input) {
        Ok(httparse::Status::Partial) => return Outcome::Incomplete,
        Err(error) => return Outcome::Refused(error.to_string()),
        Ok(httparse::Status::Complete(length)) => length,
    };
    let fields: Vec<(String, Vec<u8>)> = request
        .headers
        .iter()
        .map(|field| (field.name.to_string(), field.value.to_vec()))
        .collect();
    let target = request.path.expect("a whole head has a target");
    let (authority, target) = match after_scheme(target) {
        None => (None, target),
        Some(rest) => {
            let (authority, rest) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
            (Some(authority.to_string()), rest)
        }
    };
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    let host = values(&fields, "host").next();
    Outcome::Parsed(Parsed {
        length,
        method: request.method.expect("a whole head has a method").to_string(),
        version: request.version.expect("a whole head has a version"),
        path: match (path, query) {
            ("", None) if request.method == Some("OPTIONS") => "*",
            ("", _) => "/",
            (path, _) => path,
        }
        .to_string(),
        query: query.map(str::to_string),
        host: authority.or_else(|| host.and_then(|host| String::from_utf8(host.to_vec()).ok())),
        fields,
    })
}

/// A later minor version is answered as the last one known (RFC 9110 §2.5), but `httparse` does
/// not know it.
fn with_known_version(input: &[u8]) -> Vec<u8> {
    let mut input = input.to_vec();
    let start = input.iter().position(|byte| !b"\r\n".contains(byte)).unwrap_or(0);
    let line = &mut input[start..];
    let end = line.iter().position(|&byte| byte == b'\r').unwrap_or(0);
    if let Some([b' ', b'H', b'T', b'T', b'P', b'/', b'1', b'.', minor @ b'2'..=b'9']) =
        line[..end].last_chunk_mut::<9>()
    {
        *minor = b'1';
    }
    input
}

/// What stands behind the `://` of an absolute-form target.
fn after_scheme(target: &str) -> Option<&str> {
    let (scheme, rest) = target.split_once("://")?;
    let known = ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
    known.then_some(rest)
}

/// Whether we may refuse, for this reason, a head that `httparse` splits into these parts.
fn is_stricter(why: &str, input: &[u8], parsed: &Parsed) -> Result<(), String> {
    match STRICTER.iter().find(|reason| reason.why == why) {
        None => Err(format!("\"{why}\" is not on the list of reasons to be stricter: {parsed:?}")),
        Some(reason) if (reason.holds)(input, parsed) => Ok(()),
        Some(_) => Err(format!("refused because \"{why}\", which is not so: {parsed:?}")),
    }
}

/// A reason to refuse what `httparse` accepts.
pub struct Reason {
    /// What the refusal says.
    pub why: &'static str,
    /// Whether it is true of these bytes, which `httparse` split into these parts.
    holds: fn(&[u8], &Parsed) -> bool,
}

/// What we refuse and `httparse` accepts.
pub const STRICTER: [Reason; 23] = [
    // RFC 9112 §2.2 allows to take a bare LF for the end of a line, and to skip more than one
    // empty line before a request. Where two readers of one connection differ in that, the second
    // can be made to see a request that the first did not.
    Reason { why: "a line ends in LF without CR", holds: |input, _| has_bare_lf(input) },
    Reason {
        why: "the request line is not 'METHOD /target HTTP/1.1'",
        holds: |input, _| input.starts_with(b"\r\n\r\n"),
    },
    // For `httparse` every token is a method, and nearly all bytes, `#` and those over 127
    // included, are a target.
    Reason { why: "the method is not known here", holds: |_, parsed| !has_known_method(parsed) },
    Reason {
        why: "the target has a character that does not belong there",
        holds: |input, _| {
            let line = request_line(input);
            line.contains(&b'#') || !line.is_ascii()
        },
    },
    Reason {
        why: "the target is neither a path nor an http URI",
        holds: |input, _| {
            let line = lossy(request_line(input));
            let target = line.split(' ').nth(1).unwrap_or("");
            !target.starts_with('/')
                && line != "OPTIONS * HTTP/1.1"
                && after_scheme(target).is_none()
        },
    },
    Reason {
        why: "the target's authority is not a host and a port",
        holds: |_, parsed| {
            let host = parsed.host.as_deref().unwrap_or("");
            host.is_empty() || host.starts_with(':') || !is_host(host.as_bytes())
        },
    },
    // It does not look at what fields mean.
    Reason {
        why: "the Host is missing",
        holds: |_, parsed| parsed.version == 1 && count(parsed, "host") == 0,
    },
    Reason { why: "there is more than one Host", holds: |_, parsed| count(parsed, "host") > 1 },
    Reason {
        why: "the Host is not a host and a port",
        holds: |_, parsed| values(&parsed.fields, "host").any(|host| !is_host(host)),
    },
    Reason {
        why: "there is more than one Content-Length",
        holds: |_, parsed| count(parsed, "content-length") > 1,
    },
    Reason {
        why: "the Content-Length is not a number of bytes",
        holds: |_, parsed| {
            values(&parsed.fields, "content-length").any(|value| number(value).is_none())
        },
    },
    Reason {
        why: "the body is over 1048576 bytes",
        holds: |_, parsed| {
            values(&parsed.fields, "content-length").any(|value| number(value) > Some(MAX_BODY))
        },
    },
    Reason {
        why: "in HTTP/1.0 this method needs a Content-Length",
        holds: |_, parsed| {
            parsed.version == 0
                && ["POST", "PUT", "PATCH"].contains(&parsed.method.as_str())
                && count(parsed, "content-length") == 0
        },
    },
    Reason {
        why: "there are both a Content-Length and a Transfer-Encoding",
        holds: |_, parsed| {
            count(parsed, "content-length") > 0 && count(parsed, "transfer-encoding") > 0
        },
    },
    Reason {
        why: "HTTP/1.0 has no Transfer-Encoding",
        holds: |_, parsed| parsed.version == 0 && count(parsed, "transfer-encoding") > 0,
    },
    Reason {
        why: "the Transfer-Encoding is empty",
        holds: |_, parsed| {
            let first = values(&parsed.fields, "transfer-encoding").next();
            first.is_some_and(|value| value.iter().all(|byte| b", \t".contains(byte)))
        },
    },
    Reason {
        why: "in Transfer-Encoding something follows chunked",
        holds: |_, parsed| codings(parsed).iter().rev().skip(1).any(|coding| coding == "chunked"),
    },
    Reason {
        why: "the last Transfer-Encoding is not chunked",
        holds: |_, parsed| codings(parsed).last().is_some_and(|last| last != "chunked"),
    },
    Reason {
        why: "only chunked is known as a coding",
        holds: |_, parsed| codings(parsed).len() > 1,
    },
    Reason {
        why: "only 100-continue can be expected",
        holds: |_, parsed| {
            values(&parsed.fields, "expect")
                .any(|value| !value.eq_ignore_ascii_case(b"100-continue"))
        },
    },
    // It has no limits but the number of fields.
    Reason {
        why: "the target is too long",
        holds: |input, _| request_line(input).len() + "\r\n".len() > MAX_REQUEST_LINE,
    },
    Reason {
        why: "no method is that long",
        holds: |_, parsed| parsed.method.len() >= MAX_REQUEST_LINE,
    },
    Reason { why: "the head is over 16384 bytes", holds: |_, parsed| parsed.length > MAX_HEAD },
];

pub(crate) fn has_bare_lf(input: &[u8]) -> bool {
    let crs = input.iter().filter(|&&byte| byte == b'\n').count();
    crs > input.windows(2).filter(|two| two == b"\r\n").count()
}

/// The first line that is not empty, without its end.
fn request_line(input: &[u8]) -> &[u8] {
    let line = |line: &'_ &[u8]| !line.is_empty();
    input.split(|byte| b"\r\n".contains(byte)).find(line).unwrap_or(b"")
}

fn has_known_method(parsed: &Parsed) -> bool {
    const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"];
    KNOWN.contains(&parsed.method.as_str())
}

/// `uri-host [ ":" port ]` (RFC 9110 §7.2).
fn is_host(host: &[u8]) -> bool {
    let Ok(host) = str::from_utf8(host) else { return false };
    let (name, port) = match host.rfind(':').filter(|_| !host.ends_with(']')) {
        Some(at) => (&host[..at], &host[at + 1..]),
        None => (host, ""),
    };
    let name_is_right = match name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
        Some(ip) => {
            !ip.is_empty() && ip.chars().all(|c| c.is_ascii_hexdigit() || c == ':' || c == '.')
        }
        None => name.chars().all(|c| c.is_ascii_alphanumeric() || "-._~%!$&'()*+,;=".contains(c)),
    };
    name_is_right && port.chars().all(|c| c.is_ascii_digit())
}

pub(crate) fn values<'a>(
    fields: &'a [(String, Vec<u8>)],
    name: &str,
) -> impl Iterator<Item = &'a [u8]> {
    fields
        .iter()
        .filter(move |field| field.0.eq_ignore_ascii_case(name))
        .map(|field| field.1.as_slice())
}

fn count(parsed: &Parsed, name: &str) -> usize {
    values(&parsed.fields, name).count()
}

/// All that `Transfer-Encoding` lists, in lower case.
fn codings(parsed: &Parsed) -> Vec<String> {
    values(&parsed.fields, "transfer-encoding")
        .flat_map(|value| value.split(|&byte| byte == b','))
        .map(|coding| lossy(coding.trim_ascii()).to_ascii_lowercase())
        .filter(|coding| !coding.is_empty())
        .collect()
}

fn number(value: &[u8]) -> Option<u64> {
    let text = str::from_utf8(value).ok()?;
    // Rust's own parser takes a sign.
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
