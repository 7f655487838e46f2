//! Static files: a path that no route fits is looked for in the public directory.
//!
//! `name` decodes the path, `find` finds what it names and sees to it that it lies inside,
//! `conditions` decides whether the client has it already, `ranges` which parts of it are wanted,
//! and `body` sends those, a piece at a time. All but `find` and `body` are pure.

mod body;
mod conditions;
mod find;
mod name;
mod ranges;
mod validators;

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use http_lite::{Answer, Method, Request, Response, Status};

use crate::accept::Format;
use crate::error::Error;
use conditions::{Conditions, Verdict};
use find::Found;
use name::Name;
use ranges::Ranges;
use validators::Validators;

/// What may be done with a file.
const ALLOW: &str = "GET, HEAD, OPTIONS";

/// The public directory.
pub struct Files {
    root: Arc<Path>,
}

impl Files {
    /// The files in this directory. It is looked up again for each request: so it may be a link
    /// that moves on, or come later.
    pub fn new(root: &Path) -> Files {
        Files { root: root.into() }
    }

    /// The file at the request's path, or an error in this format. Even looking for it may block,
    /// so a job does it.
    pub fn answer(&self, request: &Request<'_>, format: Format) -> Answer {
        let Some(name) = Name::decode(request.path()) else {
            return Error::NotFound.response(format).into();
        };
        let wish = Wish {
            name,
            redirect: with_slash(request),
            method: request.method(),
            conditions: Conditions::of(request),
            ranges: Ranges::of(request),
        };
        let root = Arc::clone(&self.root);
        Answer::later(move || wish.grant(&root).unwrap_or_else(|error| error.response(format)))
    }
}

/// All of a request that matters to a file. The job has it, long after the request has gone.
struct Wish {
    name: Name,
    /// Where to look instead, should the name be a directory's and the slash be missing.
    redirect: String,
    method: Method,
    conditions: Conditions,
    /// Without any, all of the file is wanted.
    ranges: Option<Ranges>,
}

impl Wish {
    fn grant(self, root: &Path) -> Result<Response, Error> {
        let found = find::find(root, &self.name)?;
        match (self.method, found) {
            (Method::Get | Method::Head, Found::File(path)) => self.file(&path),
            // Without the slash, links in the directory's page would lead astray.
            (Method::Get | Method::Head, Found::Directory) => {
                Ok(Response::empty(Status::MOVED_PERMANENTLY).with("Location", self.redirect))
            }
            (Method::Options, _) => Ok(Response::empty(Status::NO_CONTENT).with("Allow", ALLOW)),
            _ => Err(Error::MethodNotAllowed(ALLOW.into())),
        }
    }

    fn file(self, path: &Path) -> Result<Response, Error> {
        let (file, metadata) = find::open(path)?;
        let length = metadata.len();
        let validators = Validators::new(length, metadata.modified().ok(), SystemTime::now());
        let response = match self.conditions.judge(&validators) {
            Verdict::Failed => return Err(Error::PreconditionFailed),
            Verdict::NotModified => Response::empty(Status::NOT_MODIFIED),
            Verdict::Passed => {
                let ranges = self.ranges.filter(|_| self.conditions.let_ranges_pass(&validators));
                let parts = ranges.map_or(Ok(Vec::new()), |ranges| ranges.within(length))?;
                body::response(file, length, self.name.media_type(), parts)
                    .with("Accept-Ranges", "bytes")
                    .with("X-Content-Type-Options", "nosniff")
            }
        };
        Ok(validators.name(response))
    }
}

/// The target of the request with a slash behind its path.
///
/// It is the client's own text, and still it cannot send anybody elsewhere: it would have to
/// begin with `//` (RFC 3986 §4.2), and a [`Name`] has no empty part.
fn with_slash(request: &Request<'_>) -> String {
    match request.query() {
        Some(query) => format!("{}/?{query}", request.path()),
        None => format!("{}/", request.path()),
    }
}
