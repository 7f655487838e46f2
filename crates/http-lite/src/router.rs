//! Which handler a request is for, as a table.

use crate::connection::Answer;
use crate::request::{Method, Request, text};
use crate::response::{Response, Status};

/// What answers a route: `state` is whatever the application shares between its requests.
pub type Handler<S> = fn(state: &S, request: &Request<'_>, params: Params<'_>) -> Answer;

/// One line of the table.
pub struct Route<S> {
    method: Method,
    pattern: &'static str,
    /// The pattern has no `{name}`: only the very same path fits.
    literal: bool,
    handler: Handler<S>,
}

/// A route for `GET`, and so for `HEAD`. In the pattern, `{name}` stands for one segment of the
/// path that is not empty: `/prime/{n}`.
pub const fn get<S>(pattern: &'static str, handler: Handler<S>) -> Route<S> {
    route(Method::Get, pattern, handler)
}

/// The same for `POST`.
pub const fn post<S>(pattern: &'static str, handler: Handler<S>) -> Route<S> {
    route(Method::Post, pattern, handler)
}

const fn route<S>(method: Method, pattern: &'static str, handler: Handler<S>) -> Route<S> {
    let (mut literal, mut at) = (true, 0);
    while at < pattern.len() {
        literal &= pattern.as_bytes()[at] != b'{';
        at += 1;
    }
    Route { method, pattern, literal, handler }
}

impl<S> Route<S> {
    fn fits(&self, path: &[u8]) -> bool {
        if self.literal {
            return is_same(path, self.pattern.as_bytes());
        }
        let (mut wanted, mut given) = (self.pattern.split('/'), path.split(|&byte| byte == b'/'));
        loop {
            match (wanted.next(), given.next()) {
                (None, None) => return true,
                (Some(pattern), Some(segment)) if is_same(segment, pattern.as_bytes()) => {}
                (Some(pattern), Some(segment))
                    if param(pattern).is_some() && !segment.is_empty() => {}
                _ => return false,
            }
        }
    }
}

/// A table of routes. The first that fits wins.
///
/// `OPTIONS` gets the methods that a path has, in `Allow` (RFC 9110 §9.3.7).
pub struct Router<S: 'static> {
    /// The table.
    pub routes: &'static [Route<S>],
    /// What answers when nothing fits.
    pub not_found: fn(state: &S, request: &Request<'_>) -> Answer,
    /// What answers when a route fits, but not with this method: a 405 with the methods that the
    /// path has in `Allow` (RFC 9110 §15.5.6).
    pub not_allowed: fn(state: &S, request: &Request<'_>, allow: String) -> Answer,
}

impl<S> Router<S> {
    /// The answer of the first route that fits.
    pub fn answer(&self, state: &S, request: &Request<'_>) -> Answer {
        let path = request.path_bytes();
        let method = match request.method() {
            Method::Head => Method::Get,
            other => other,
        };
        let mut fits = false;
        for route in self.routes {
            if route.fits(path) {
                if route.method == method {
                    return (route.handler)(
                        state,
                        request,
                        Params { pattern: route.pattern, path },
                    );
                }
                fits = true;
            }
        }
        if method == Method::Options && (fits || path == b"*") {
            return Response::empty(Status::NO_CONTENT).with("Allow", self.allow(path)).into();
        }
        if !fits {
            return (self.not_found)(state, request);
        }
        (self.not_allowed)(state, request, self.allow(path))
    }

    /// The methods of the routes that fit a path; of all routes for `*`.
    fn allow(&self, path: &[u8]) -> String {
        let mut allow = String::new();
        let mut seen = Vec::new();
        for route in self.routes {
            if (path == b"*" || route.fits(path)) && !seen.contains(&route.method) {
                seen.push(route.method);
                allow.push_str(route.method.as_str());
                allow.push_str(if route.method == Method::Get { ", HEAD, " } else { ", " });
            }
        }
        allow + "OPTIONS"
    }
}

/// The segments of a path that stand where its route has a `{name}`.
#[derive(Debug, Clone, Copy)]
pub struct Params<'a> {
    pattern: &'static str,
    path: &'a [u8],
}

impl<'a> Params<'a> {
    /// The segment that stands for `{name}`, as it was sent, percent-encoded; `""` if the route
    /// has no such name. (The crate `percent-encoding` decodes it.)
    pub fn get(&self, name: &str) -> &'a str {
        let mut segments = self.pattern.split('/').zip(self.path.split(|&byte| byte == b'/'));
        segments.find(|(pattern, _)| param(pattern) == Some(name)).map_or("", |found| text(found.1))
    }
}

/// Whether a path is this one, of which it may encode any letter (RFC 9110 §4.2.3). A slash it may
/// not: encoded, that separates nothing.
fn is_same(path: &[u8], pattern: &[u8]) -> bool {
    // What is encoded is longer.
    if path.len() <= pattern.len() {
        return path == pattern;
    }
    let mut rest = path;
    for &byte in pattern {
        rest = match rest {
            [first, after @ ..] if *first == byte => after,
            [b'%', high, low, after @ ..] if byte != b'/' && octet(*high, *low) == Some(byte) => {
                after
            }
            _ => return false,
        };
    }
    rest.is_empty()
}

/// What `%` and these two digits stand for.
fn octet(high: u8, low: u8) -> Option<u8> {
    let [high, low] = [high, low].map(|digit| char::from(digit).to_digit(16));
    Some((high? * 16 + low?) as u8)
}

/// `n` of `{n}`.
fn param(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_the_same_however_it_is_encoded() {
        let fits = |pattern, path: &str| {
            let nothing: Handler<()> = |(), _, _| Response::empty(Status::NO_CONTENT).into();
            get(pattern, nothing).fits(path.as_bytes())
        };
        for path in ["/plain", "/%70lain", "/plai%6e", "/plai%6E", "/%70%6c%61%69%6e"] {
            assert!(fits("/plain", path), "{path}");
        }
        for path in
            ["/", "/plai", "/plain%", "/plain%20", "%2fplain", "/%50lain", "/%7", "/%7glain"]
        {
            assert!(!fits("/plain", path), "{path}");
        }
        assert!(fits("/prime/{n}", "/%70rime/7") && !fits("/prime/{n}", "/prime%2f7"));
    }
}
