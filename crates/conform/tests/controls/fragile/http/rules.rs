//! The head of a request, and every rule that it must keep. A flaw forgets one.

use super::{Flaw, MAX_BODY, MAX_LINE, sloppy};

const METHODS: [&str; 5] = ["GET", "HEAD", "POST", "DELETE", "OPTIONS"];

pub struct Head {
    pub method: String,
    pub target: String,
    pub version: String,
    /// Name, in lower case, and value.
    pub fields: Vec<(String, String)>,
}

impl Head {
    /// Parses a head without the empty line that ends it; an error is the status that says so.
    pub fn parse(bytes: &[u8], flaw: Flaw) -> Result<Head, u16> {
        let text: String = bytes.iter().map(|&byte| char::from(byte)).collect();
        let (line, rest) = text.split_once("\r\n").unwrap_or((&text, ""));
        let line = sloppy::request_line(line, flaw);
        let words: Vec<&str> = line.split(' ').collect();
        let [method, target, version] = match words[..] {
            [method, target, version] => [method, target, version],
            _ if flaw == Flaw::BelievesAll => ["GET", "/plain", "HTTP/1.1"],
            _ => return Err(400),
        };
        let mut fields = Vec::new();
        for line in sloppy::fields(rest, flaw).split("\r\n").filter(|line| !line.is_empty()) {
            fields.push(field(line, flaw)?);
        }
        let head =
            Head { method: method.into(), target: target.into(), version: version.into(), fields };
        match head.broken_rule(line.len(), flaw) {
            Some(status) => Err(status),
            None => Ok(head),
        }
    }

    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|field| field.0 == name).map(|field| field.1.as_str())
    }

    pub fn is_old(&self) -> bool {
        self.version == "HTTP/1.0"
    }

    /// Whether `Connection` has this option.
    pub fn wants(&self, option: &str, flaw: Flaw) -> bool {
        let lines = self.fields.iter().filter(|field| field.0 == "connection");
        let mut lines = lines.take(if flaw == Flaw::FirstLine { 1 } else { usize::MAX });
        lines.any(|(_, line)| match flaw {
            Flaw::OneOption => line.eq_ignore_ascii_case(option),
            Flaw::MindsOptionCase => line.split(',').any(|item| item.trim() == option),
            Flaw::StopsAtEmpty if line.starts_with(',') => false,
            Flaw::FindsOptions => line.to_ascii_lowercase().contains(option),
            _ => line.split(',').any(|item| item.trim().eq_ignore_ascii_case(option)),
        })
    }

    /// The host of a target that is a whole URI.
    pub fn authority(&self, flaw: Flaw) -> Option<&str> {
        let (scheme, rest) = self.target.split_once("://")?;
        let http = scheme.eq_ignore_ascii_case("http") && flaw != Flaw::MindsSchemes;
        (http || scheme == "http").then(|| rest.split(['/', '?']).next().unwrap_or_default())
    }

    pub fn expects_continue(&self, flaw: Flaw) -> bool {
        let old = self.is_old() && flaw != Flaw::AlwaysContinues;
        let length = self.field("content-length").is_some_and(|length| length != "0");
        let chunked = self.field("transfer-encoding").is_some();
        let body = match flaw {
            Flaw::ContinuesLengths => length,
            Flaw::ContinuesNothing => true,
            _ => length || chunked,
        };
        let expect = self.field("expect").unwrap_or_default();
        let expects = match flaw {
            Flaw::CaseOfContinue => expect == "100-continue",
            _ => expect.eq_ignore_ascii_case("100-continue"),
        };
        expects && body && !old && flaw != Flaw::NeverContinues
    }

    /// The status of the first rule that is broken, if it is not the one that the flaw forgets.
    fn broken_rule(&self, line: usize, flaw: Flaw) -> Option<u16> {
        let count = |name: &str| self.fields.iter().filter(|field| field.0 == name).count();
        let (method, version) = (self.method.as_str(), self.version.as_str());
        let known = ["HTTP/1.0", "HTTP/1.1"].contains(&version);
        let later = is_version(version) && version.starts_with("HTTP/1.") && !known;
        let visible = |c: char| c.is_ascii_graphic() && c != '#';
        let formed = is_token(method) && self.target.chars().all(visible) && is_version(version);
        let longest = if flaw == Flaw::ShortLines { MAX_LINE / 2 } else { MAX_LINE };
        let expects = self.field("expect").unwrap_or("100-continue").to_ascii_lowercase();
        let length = self.field("content-length");
        let lengths = count("content-length");
        let codings = self.list("transfer-encoding");
        let coded = count("transfer-encoding") > 0;
        let chunked = codings.iter().filter(|coding| *coding == "chunked").count();
        let minded = match flaw {
            Flaw::MindsCodingCase => {
                codings.concat() != self.field("transfer-encoding").unwrap_or("")
            }
            Flaw::MindsEmptyElements => {
                self.field("transfer-encoding").is_some_and(|list| list.contains(','))
            }
            _ => false,
        };
        let once = chunked < 2 || flaw == Flaw::ChunkedTwice;
        let ends = codings.last().is_some_and(|coding| coding == "chunked") && once;
        let traces = method == "TRACE" && flaw == Flaw::Traces;
        let rules = [
            (Flaw::BelievesAll, 400, !formed),
            (Flaw::LongLines, 414, line > longest),
            (Flaw::AnyVersion, 505, !version.starts_with("HTTP/1.")),
            (Flaw::AnyMethod, 501, !METHODS.contains(&method) && !traces),
            (Flaw::BelievesAll, 400, !self.has_target(flaw)),
            (Flaw::ManyFields, 431, self.fields.len() > 100),
            (Flaw::NeedsNoHost, 400, !self.is_old() && count("host") == 0),
            (Flaw::TwoHosts, 400, count("host") > 1),
            (Flaw::AnyHost, 400, self.field("host").is_some_and(|host| !is_host(host, flaw))),
            (Flaw::AnyExpectation, 417, expects != "100-continue"),
            (Flaw::FirstLength, 400, lengths > 1 && !self.has_equal_lengths(flaw)),
            (Flaw::BelievesAll, 400, length.is_some_and(|n| !is_number(n))),
            (Flaw::LengthAndChunks, 400, coded && lengths > 0),
            (Flaw::OldCoding, 400, coded && self.is_old()),
            (Flaw::BelievesAll, 400, coded && (!ends || minded)),
            (Flaw::AnyCoding, 501, coded && codings.len() > chunked),
            (
                Flaw::NoLimit,
                413,
                length.and_then(|n| n.parse().ok()).is_some_and(|n: u64| n > MAX_BODY),
            ),
            (Flaw::NeedsNoLength, 411, method == "POST" && self.is_old() && lengths == 0 && !coded),
        ];
        let kept = |flaw_of_rule| flaw != flaw_of_rule && flaw != Flaw::BelievesAll;
        // Those that refuse more than they should.
        let is_unknown = |field: &(String, String)| field.0.starts_with("x-");
        match flaw {
            Flaw::MindsMinor if later => return Some(505),
            Flaw::NeedsHostName if self.field("host") == Some("") => return Some(400),
            Flaw::OldNeedsHost if count("host") == 0 => return Some(400),
            Flaw::MindsOtherHosts if self.authority(flaw) != self.field("host") => {
                return self.authority(flaw).map(|_| 400);
            }
            Flaw::MindsUnknown if self.fields.iter().any(is_unknown) => return Some(400),
            Flaw::MindsEmptyValues if self.fields.iter().any(|field| field.1.is_empty()) => {
                return Some(400);
            }
            _ => {}
        }
        rules.into_iter().find(|&(forgets, _, broken)| broken && kept(forgets)).map(|rule| rule.1)
    }

    /// The elements of a list, in lower case.
    fn list(&self, name: &str) -> Vec<String> {
        let fields = self.fields.iter().filter(|field| field.0 == name);
        let elements = fields.flat_map(|field| field.1.split(','));
        let elements = elements.map(|element| element.trim_matches([' ', '\t']));
        elements.filter(|element| !element.is_empty()).map(str::to_ascii_lowercase).collect()
    }

    /// Whether a length is just repeated, and that is taken for one.
    fn has_equal_lengths(&self, flaw: Flaw) -> bool {
        let mut lengths = self.fields.iter().filter(|field| field.0 == "content-length");
        let first = lengths.next();
        flaw == Flaw::EqualLengths && lengths.all(|length| Some(length) == first)
    }

    /// Whether the target is one of the forms that this method may have.
    fn has_target(&self, flaw: Flaw) -> bool {
        let authority = self.authority(flaw).filter(|_| flaw != Flaw::OnlyPaths);
        self.target.starts_with('/')
            || (self.target == "*" && self.method == "OPTIONS")
            || authority.is_some_and(|host| !host.is_empty() && !host.contains('@'))
    }
}

/// Whether this is the value of a `Host`.
fn is_host(host: &str, flaw: Flaw) -> bool {
    let host = match (flaw, host.split_once('@')) {
        (Flaw::UserInHost, Some((_, host))) => host,
        _ => host,
    };
    let bracket = host.find(']').filter(|_| flaw != Flaw::MindsLiterals).unwrap_or(0);
    let colon = host[bracket..].find(':').map(|at| bracket + at);
    if colon.is_some() && flaw == Flaw::MindsPorts {
        return false;
    }
    let port = colon.map_or("80", |at| &host[at + 1..]);
    let is_port = port.is_empty() || is_number(port) || flaw == Flaw::AnyPort;
    !host[..colon.unwrap_or(host.len())].contains([' ', '\t', '/', '@']) && is_port
}

fn is_version(version: &str) -> bool {
    let digits = version.strip_prefix("HTTP/").unwrap_or_default();
    matches!(digits.as_bytes(), [b'0'..=b'9', b'.', b'0'..=b'9'])
}

/// Whether this can be a method or a field's name (RFC 9110 §5.6.2).
fn is_token(text: &str) -> bool {
    let other = |c: char| "\"(),/:;<=>?@[\\]{}".contains(c) || !c.is_ascii_graphic();
    !text.is_empty() && !text.contains(other)
}

/// Whether it is digits and nothing else, and can be reckoned with.
fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u64>().is_ok()
}

/// Name and value of a field or a trailer.
pub fn field(line: &str, flaw: Flaw) -> Result<(String, String), u16> {
    let line = sloppy::field(line, flaw);
    let colon = if flaw == Flaw::NeedsSpaces { ": " } else { ":" };
    let Some((name, value)) = line.split_once(colon) else { return Err(400) };
    let refused = |c: char| match flaw {
        Flaw::AsciiOnly if !c.is_ascii() => true,
        // One that will be trimmed away.
        Flaw::ControlledLengths | Flaw::ControlledCoding => false,
        _ => c.is_ascii_control() && c != '\t',
    };
    if !is_token(name) || value.contains(refused) {
        return Err(400);
    }
    let is_upper = name.as_bytes().get(1).is_some_and(u8::is_ascii_uppercase);
    if flaw == Flaw::MindsCase && is_upper {
        return Ok((name.into(), value.trim().into()));
    }
    let name = name.to_ascii_lowercase();
    let value = match flaw {
        Flaw::KeepsTabs => value.trim_matches(' '),
        Flaw::KeepsSpaces => value.strip_prefix(' ').unwrap_or(value),
        _ => value.trim_matches([' ', '\t']),
    };
    match name.as_str() {
        "content-length" => Ok((name, sloppy::length(value, flaw))),
        "transfer-encoding" => match sloppy::coding(value, flaw) {
            Some(value) => Ok((name, value)),
            None => Ok(("x".into(), value.into())),
        },
        _ => Ok((name, value.into())),
    }
}
