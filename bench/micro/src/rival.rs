//! `httparse`, and on top of it what `http-lite` checks: written to be fast, too.

use std::mem::MaybeUninit;

use http_lite::limits::{MAX_BODY, MAX_FIELDS, MAX_HEAD, MAX_REQUEST_LINE};
use http_lite::{Method, Status, Version};
use httparse::Header;

/// What `http-lite` knows of a request after it has parsed the head.
#[expect(dead_code, reason = "it is made, and not read")]
pub struct Head<'h, 'b> {
    method: Method,
    version: Version,
    authority: Option<&'b str>,
    target: &'b str,
    fields: &'h [Header<'b>],
    length: Option<u64>,
    chunked: bool,
    close: bool,
    keep_alive: bool,
    expect: bool,
    /// How long the head is.
    end: usize,
}

/// Where the fields go, uninitialized: to clear them would cost more than to parse a short request.
pub type Fields<'b> = [MaybeUninit<Header<'b>>; MAX_FIELDS];

/// Only what `httparse` itself does: `None` if there is not a whole head.
pub fn split<'b>(input: &'b [u8], fields: &mut Fields<'b>) -> Result<Option<usize>, Status> {
    let mut request = httparse::Request::new(&mut []);
    match request.parse_with_uninit_headers(input, fields) {
        Ok(httparse::Status::Complete(end)) => Ok(Some(end)),
        Ok(httparse::Status::Partial) => Ok(None),
        Err(_) => Err(Status::BAD_REQUEST),
    }
}

/// Parses and validates.
pub fn parse<'h, 'b>(
    input: &'b [u8],
    fields: &'h mut Fields<'b>,
) -> Result<Option<Head<'h, 'b>>, Status> {
    let mut request = httparse::Request::new(&mut []);
    let end = match request.parse_with_uninit_headers(input, fields) {
        Ok(httparse::Status::Complete(end)) => end,
        Ok(httparse::Status::Partial) if input.len() >= MAX_HEAD => {
            return Err(Status::HEAD_TOO_LARGE);
        }
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(Status::HEAD_TOO_LARGE),
        Err(_) => return Err(Status::BAD_REQUEST),
    };
    let (Some(method), Some(path), Some(minor)) = (request.method, request.path, request.version)
    else {
        return Err(Status::BAD_REQUEST);
    };
    // The line is `METHOD path HTTP/1.1\r\n`.
    if method.len() + path.len() + 12 > MAX_REQUEST_LINE {
        return Err(Status::URI_TOO_LONG);
    }
    if end > MAX_HEAD {
        return Err(Status::HEAD_TOO_LARGE);
    }
    let method = match method {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        "OPTIONS" => Method::Options,
        "PATCH" => Method::Patch,
        _ => return Err(Status::NOT_IMPLEMENTED),
    };
    let version = if minor == 0 { Version::Http10 } else { Version::Http11 };
    let (authority, target) = target(method, path)?;
    let mut head = Head {
        method,
        version,
        authority,
        target,
        fields: request.headers,
        length: None,
        chunked: false,
        close: false,
        keep_alive: false,
        expect: false,
        end,
    };
    head.check_fields()?;
    Ok(Some(head))
}

/// Authority and path. `httparse` lets bytes over 127 and `#` through, so they are looked for.
fn target(method: Method, target: &str) -> Result<(Option<&str>, &str), Status> {
    if !target.bytes().fold(true, |valid, byte| valid & (byte < 0x80) & (byte != b'#')) {
        return Err(Status::BAD_REQUEST);
    }
    if target.starts_with('/') || (target == "*" && method == Method::Options) {
        return Ok((None, target));
    }
    let scheme = ["http://", "https://"].into_iter().find(|scheme| {
        target.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    });
    let Some(scheme) = scheme else { return Err(Status::BAD_REQUEST) };
    let rest = &target[scheme.len()..];
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    if authority.is_empty() || authority.starts_with(':') || !is_host(authority.as_bytes()) {
        return Err(Status::BAD_REQUEST);
    }
    Ok((Some(authority), path))
}

impl Head<'_, '_> {
    fn check_fields(&mut self) -> Result<(), Status> {
        let (mut host, mut coding, mut others) = (false, false, false);
        for field in self.fields {
            let (name, value) = (field.name.as_bytes(), field.value);
            // Told apart by length first: most fields need no comparison at all.
            match name.len() {
                4 if name.eq_ignore_ascii_case(b"host") => {
                    if host || !is_host(value) {
                        return Err(Status::BAD_REQUEST);
                    }
                    host = true;
                }
                6 if name.eq_ignore_ascii_case(b"expect") => {
                    if !value.eq_ignore_ascii_case(b"100-continue") {
                        return Err(Status::EXPECTATION_FAILED);
                    }
                    self.expect = true;
                }
                10 if name.eq_ignore_ascii_case(b"connection") => {
                    for option in value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii) {
                        self.close |= option.eq_ignore_ascii_case(b"close");
                        self.keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
                    }
                }
                14 if name.eq_ignore_ascii_case(b"content-length") => {
                    if self.length.is_some() {
                        return Err(Status::BAD_REQUEST);
                    }
                    self.length = Some(number(value).ok_or(Status::BAD_REQUEST)?);
                }
                17 if name.eq_ignore_ascii_case(b"transfer-encoding") => {
                    let codings = value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii);
                    for element in codings.filter(|element| !element.is_empty()) {
                        if self.chunked {
                            return Err(Status::BAD_REQUEST);
                        }
                        self.chunked = element.eq_ignore_ascii_case(b"chunked");
                        others |= !self.chunked;
                        coding = true;
                    }
                    if !coding {
                        return Err(Status::BAD_REQUEST);
                    }
                }
                _ => {}
            }
        }
        self.check_whole(host, coding, others)
    }

    fn check_whole(&self, host: bool, coding: bool, others: bool) -> Result<(), Status> {
        let old = self.version == Version::Http10;
        if (!host && !old) || (coding && (self.length.is_some() || old || !self.chunked)) {
            return Err(Status::BAD_REQUEST);
        }
        if others {
            return Err(Status::NOT_IMPLEMENTED);
        }
        let usually_a_body = matches!(self.method, Method::Post | Method::Put | Method::Patch);
        match self.length {
            Some(length) if length > MAX_BODY => Err(Status::CONTENT_TOO_LARGE),
            None if old && usually_a_body => Err(Status::LENGTH_REQUIRED),
            _ => Ok(()),
        }
    }
}

fn number(digits: &[u8]) -> Option<u64> {
    let value = digits.iter().try_fold(0u64, |value, byte| {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit < 10)?;
        value.checked_mul(10)?.checked_add(u64::from(digit))
    });
    value.filter(|_| !digits.is_empty())
}

fn is_host(value: &[u8]) -> bool {
    let end = if value.starts_with(b"[") {
        let literal = |byte: &u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.');
        let digits = span(literal, &value[1..]);
        if digits == 0 || value.get(digits + 1) != Some(&b']') {
            return false;
        }
        digits + 2
    } else {
        span(|&byte| REG_NAME[usize::from(byte)], value)
    };
    match value[end..].split_first() {
        None => true,
        Some((b':', port)) => port.iter().all(u8::is_ascii_digit),
        Some(_) => false,
    }
}

fn span(class: impl Fn(&u8) -> bool, bytes: &[u8]) -> usize {
    bytes.iter().position(|byte| !class(byte)).unwrap_or(bytes.len())
}

const REG_NAME: [bool; 256] = {
    let mut class = [false; 256];
    let mut byte = 0;
    while byte < class.len() {
        class[byte] = matches!(
            byte as u8,
            b'!' | b'$'..=b'.' | b'0'..=b'9' | b';' | b'=' | b'A'..=b'Z' | b'_' | b'a'..=b'z' | b'~'
        );
        byte += 1;
    }
    class
};

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(request: &str) {
        let theirs = parse(request.as_bytes(), &mut [const { MaybeUninit::uninit() }; _])
            .map(|head| head.map(|head| head.end));
        let ours = http_lite::parse(request.as_bytes());
        let ours = ours.map(|head| head.map(|head| head.1)).map_err(|refusal| refusal.status);
        assert_eq!(theirs, ours, "{request:?}");
    }

    #[test]
    fn validates_what_http_lite_validates() {
        for line in [
            "GET /a?b HTTP/1.1",
            "PATCH / HTTP/1.1",
            "BREW / HTTP/1.1",
            "GET a HTTP/1.1",
            "GET /# HTTP/1.1",
            "GET /é HTTP/1.1",
            "OPTIONS * HTTP/1.1",
            "GET * HTTP/1.1",
            "GET http://a:1/b HTTP/1.1",
            "GET http://a@b/ HTTP/1.1",
            "GET http:///b HTTP/1.1",
            "GET ftp://a/ HTTP/1.1",
            "POST / HTTP/1.0",
            &format!("GET /{} HTTP/1.1", "a".repeat(8_176)),
            &format!("GET /{} HTTP/1.1", "a".repeat(8_177)),
        ] {
            check(&format!("{line}\r\nHost: a\r\n\r\n"));
        }
        for fields in [
            "",
            "Host: a\r\nHost: a\r\n",
            "Host: a b\r\n",
            "Host: [::1]:80\r\n",
            "Host: [::1\r\n",
            "Host: a:b\r\n",
            "Host: a\r\nX\r\n",
            "Host: a\r\nX : y\r\n",
            "Host: a\r\nX: \x01\r\n",
            "Host: a\r\nContent-Length: 5\r\n",
            "Host: a\r\nContent-Length: 5, 5\r\n",
            "Host: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n",
            "Host: a\r\nContent-Length: 1048577\r\n",
            "Host: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n",
            "Host: a\r\nTransfer-Encoding: chunked\r\n",
            "Host: a\r\nTransfer-Encoding: gzip, chunked\r\n",
            "Host: a\r\nTransfer-Encoding: chunked, gzip\r\n",
            "Host: a\r\nTransfer-Encoding: gzip\r\n",
            "Host: a\r\nTransfer-Encoding: ,\r\n",
            "Host: a\r\nExpect: 100-continue\r\n",
            "Host: a\r\nExpect: more\r\n",
            "Host: a\r\nConnection: close, x\r\n",
            &("Host: a\r\n".to_owned() + &"X: y\r\n".repeat(99)),
            &("Host: a\r\n".to_owned() + &"X: y\r\n".repeat(100)),
            &format!("Host: a\r\nX: {}\r\n", "y".repeat(16_384 - 32)),
            &format!("Host: a\r\nX: {}\r\n", "y".repeat(16_384 - 31)),
        ] {
            check(&format!("GET / HTTP/1.1\r\n{fields}\r\n"));
        }
    }
}
