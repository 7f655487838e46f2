//! A request, as an application sees it.

/// What is to be done with the resource (RFC 9110 §9, and RFC 5789 for `PATCH`).
///
/// `CONNECT` and `TRACE` are missing: a server that is no proxy has nothing to connect to, and
/// one that echoes heads back gives away what they carry. Like any unknown method they get 501.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "a method is named by its name")]
pub enum Method {
    Get,
    Head,
    Post,
    Put,
    Delete,
    Options,
    Patch,
}

impl Method {
    pub(crate) fn parse(token: &[u8]) -> Option<Method> {
        Some(match token {
            b"GET" => Method::Get,
            b"HEAD" => Method::Head,
            b"POST" => Method::Post,
            b"PUT" => Method::Put,
            b"DELETE" => Method::Delete,
            b"OPTIONS" => Method::Options,
            b"PATCH" => Method::Patch,
            _ => return None,
        })
    }

    /// Whether a request with this method usually has a body.
    pub(crate) fn has_body(self) -> bool {
        matches!(self, Method::Post | Method::Put | Method::Patch)
    }

    /// The method as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Head => "HEAD",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Delete => "DELETE",
            Method::Options => "OPTIONS",
            Method::Patch => "PATCH",
        }
    }
}

/// Which HTTP a request is written in. A later minor version counts as 1.1 (RFC 9110 §2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// HTTP/1.0: one request to a connection, unless the client asks for more.
    Http10,
    /// HTTP/1.1.
    Http11,
}

impl Version {
    #[inline]
    pub(crate) fn parse(version: &[u8]) -> Option<Version> {
        match version.strip_prefix(b"HTTP/1.")? {
            b"0" => Some(Version::Http10),
            [b'1'..=b'9'] => Some(Version::Http11),
            _ => None,
        }
    }
}

/// A request that is whole and valid. It borrows from the bytes that arrived.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    pub(crate) method: Method,
    pub(crate) version: Version,
    /// Of an absolute-form target: what stands between `//` and the path.
    pub(crate) authority: Option<&'a str>,
    /// Path and query; of an absolute-form target, what follows the authority.
    pub(crate) target: &'a [u8],
    /// The field lines, each with its CRLF.
    pub(crate) fields: &'a [u8],
    /// All of it, without its transfer coding.
    pub(crate) body: &'a [u8],
}

impl<'a> Request<'a> {
    /// The method. An application may answer `HEAD` as if it were `GET`: the connection leaves
    /// the body out.
    pub fn method(&self) -> Method {
        self.method
    }

    /// The version.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The path as it was sent, percent-encoded: visible ASCII that starts with `/`, or `*` (with
    /// `OPTIONS` only).
    pub fn path(&self) -> &'a str {
        text(self.path_bytes())
    }

    /// The same, for comparing.
    pub(crate) fn path_bytes(&self) -> &'a [u8] {
        match self.split() {
            // `http://example.com` is the server as a whole to `OPTIONS` (RFC 9112 §3.2.4), and
            // to any other method the same as `http://example.com/` (RFC 9110 §4.2.3).
            (b"", None) if self.method == Method::Options => b"*",
            (b"", _) => b"/",
            (path, _) => path,
        }
    }

    /// What follows the first `?` of the target, as it was sent, percent-encoded.
    pub fn query(&self) -> Option<&'a str> {
        self.split().1.map(text)
    }

    /// The value of the first `name=value` in the query, as it was sent, percent-encoded; `""` if
    /// there is no `=`.
    pub fn query_value(&self, name: &str) -> Option<&'a str> {
        let pairs = self.query()?.split('&');
        pairs
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .find(|pair| pair.0 == name)
            .map(|pair| pair.1)
    }

    /// Whom the request is meant for: the authority of the target, or else the `Host` field
    /// (RFC 9112 §3.2.2). `None` in HTTP/1.0 only.
    pub fn host(&self) -> Option<&'a str> {
        self.authority.or_else(|| str::from_utf8(self.field("host")?).ok())
    }

    /// The value of the first field of this name, in whatever case, without the white space
    /// around it. It holds no control characters but tabs, and need not be UTF-8.
    pub fn field(&self, name: &str) -> Option<&'a [u8]> {
        self.fields()
            .find(|field| field.0.eq_ignore_ascii_case(name.as_bytes()))
            .map(|field| field.1)
    }

    /// All fields, names as they were sent, in order.
    pub fn fields(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + use<'a> {
        let mut rest = self.fields;
        std::iter::from_fn(move || {
            let colon = memchr::memchr(b':', rest)?;
            let end = memchr::memchr(b'\n', rest)?;
            let field = (&rest[..colon], rest[colon + 1..end].trim_ascii());
            rest = &rest[end + 1..];
            Some(field)
        })
    }

    /// The body, whole, as it was before it was put into chunks; empty if there is none.
    pub fn body(&self) -> &'a [u8] {
        self.body
    }

    fn split(&self) -> (&'a [u8], Option<&'a [u8]>) {
        match memchr::memchr(b'?', self.target) {
            Some(at) => (&self.target[..at], Some(&self.target[at + 1..])),
            None => (self.target, None),
        }
    }
}

pub(crate) fn text(target: &[u8]) -> &str {
    str::from_utf8(target).expect("a target is visible ASCII")
}
