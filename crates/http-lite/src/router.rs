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
            return self.pattern.as_bytes() == path;
        }
        let (mut wanted, mut given) = (self.pattern.split('/'), path.split(|&byte| byte == b'/'));
        loop {
            match (wanted.next(), given.next()) {
                (None, None) => return true,
                (Some(pattern), Some(segment)) if pattern.as_bytes() == segment => {}
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

/// `n` of `{n}`.
fn param(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}
