//! Which handler a request is for, as a table.

use crate::connection::Answer;
use crate::request::{Method, Request};
use crate::response::{Response, Status};

/// What answers a route: `state` is whatever the application shares between its requests.
pub type Handler<S> = fn(state: &S, request: &Request<'_>, params: Params<'_>) -> Answer;

/// One line of the table.
pub struct Route<S> {
    method: Method,
    pattern: &'static str,
    handler: Handler<S>,
}

/// A route for `GET`, and so for `HEAD`. In the pattern, `{name}` stands for one segment of the
/// path that is not empty: `/prime/{n}`.
pub const fn get<S>(pattern: &'static str, handler: Handler<S>) -> Route<S> {
    Route { method: Method::Get, pattern, handler }
}

/// The same for `POST`.
pub const fn post<S>(pattern: &'static str, handler: Handler<S>) -> Route<S> {
    Route { method: Method::Post, pattern, handler }
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
        let path = request.path();
        let method = match request.method() {
            Method::Head => Method::Get,
            other => other,
        };
        let mut fits = false;
        for route in self.routes {
            if matches(route.pattern, path) {
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
        if method == Method::Options && (fits || path == "*") {
            return Response::empty(Status::NO_CONTENT).with("Allow", self.allow(path)).into();
        }
        if !fits {
            return (self.not_found)(state, request);
        }
        (self.not_allowed)(state, request, self.allow(path))
    }

    /// The methods of the routes that fit a path; of all routes for `*`.
    fn allow(&self, path: &str) -> String {
        let mut allow = String::new();
        let mut seen = Vec::new();
        for route in self.routes {
            if (path == "*" || matches(route.pattern, path)) && !seen.contains(&route.method) {
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
    path: &'a str,
}

impl<'a> Params<'a> {
    /// The segment that stands for `{name}`, as it was sent, percent-encoded; `""` if the route
    /// has no such name.
    pub fn get(&self, name: &str) -> &'a str {
        let mut segments = self.pattern.split('/').zip(self.path.split('/'));
        segments.find(|(pattern, _)| param(pattern) == Some(name)).map_or("", |found| found.1)
    }
}

fn matches(pattern: &str, path: &str) -> bool {
    if pattern == path {
        return true;
    }
    if !pattern.contains('{') {
        return false;
    }
    let (mut wanted, mut given) = (pattern.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(pattern), Some(segment)) if pattern == segment => {}
            (Some(pattern), Some(segment)) if param(pattern).is_some() && !segment.is_empty() => {}
            _ => return false,
        }
    }
}

/// `n` of `{n}`.
fn param(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}
