//! Which file a path names: pure text, no file is looked at.

use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;

/// The file that stands for its directory.
pub const INDEX: &str = "index.html";

/// What a path names, below the public directory.
#[derive(Debug, PartialEq)]
pub struct Name {
    /// Relative, and every part of it is [plain](is_plain).
    pub path: PathBuf,
    /// The path ended in a slash.
    pub is_directory: bool,
}

impl Name {
    /// What this path names, if it can name a file of ours. It is decoded once, and after it was
    /// split: so a slash that was encoded separates nothing, and what was encoded twice stays
    /// encoded.
    pub fn decode(path: &str) -> Option<Name> {
        let (directories, last) = path.rsplit_once('/')?;
        let mut names = directories.split('/');
        // Before the first slash there is nothing.
        if !names.next()?.is_empty() {
            return None;
        }
        let mut decoded = PathBuf::new();
        for name in names.chain((!last.is_empty()).then_some(last)) {
            decoded.push(decode(name)?);
        }
        Some(Name { path: decoded, is_directory: last.is_empty() })
    }

    /// What the end of the name says a file is. That counts which was asked for: behind a link
    /// called `app.css` there may be a `build-123`. All text here is UTF-8.
    pub fn media_type(&self) -> String {
        let file = if self.is_directory { Path::new(INDEX) } else { &self.path };
        let guess = mime_guess::from_path(file).first_raw().unwrap_or("application/octet-stream");
        match guess.starts_with("text/") {
            true => format!("{guess}; charset=utf-8"),
            false => guess.to_owned(),
        }
    }
}

/// One part of a path without its percent-encoding (RFC 3986 §2.1).
fn decode(name: &str) -> Option<String> {
    let is_encoded = |part: &str| part.as_bytes().iter().take(2).all(u8::is_ascii_hexdigit);
    if !name.split('%').skip(1).all(|part| part.len() >= 2 && is_encoded(part)) {
        return None;
    }
    let decoded = percent_decode_str(name).decode_utf8().ok()?;
    is_plain(&decoded).then(|| decoded.into_owned())
}

/// Whether a name means one file or directory in the directory that it stands in, and means it on
/// every system, so that a site is the same on all of them.
///
/// Not plain are: no name at all; `.`, `..` and whatever else begins with a dot, as such files are
/// hidden (a `.git` or `.env` that was left lying about); `/` and `\`, which separate; `:`, which
/// ends the letter of a drive or begins a second stream; NUL and other control characters; and on
/// Windows, a dot or space at the end, which is dropped there, and the names of devices.
pub fn is_plain(name: &str) -> bool {
    let separates = |c: char| matches!(c, '/' | '\\' | ':') || c.is_control();
    !name.is_empty()
        && !name.starts_with('.')
        && !name.contains(separates)
        && !name.ends_with(['.', ' '])
        && !is_device(name)
}

/// `NUL`, `nul.txt`, `COM1`: Windows opens a device, in whatever directory.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).trim_end().to_ascii_lowercase();
    if ["con", "prn", "aux", "nul", "conin$", "conout$"].contains(&stem.as_str()) {
        return true;
    }
    let port = stem.strip_prefix("com").or_else(|| stem.strip_prefix("lpt"));
    let mut digits = port.unwrap_or("").chars();
    matches!((digits.next(), digits.next()), (Some('0'..='9' | '¹' | '²' | '³'), None))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn names(path: &str, expected: &str, is_directory: bool) {
        let expected = Name { path: PathBuf::from(expected), is_directory };
        assert_eq!(Name::decode(path), Some(expected), "{path}");
    }

    #[test]
    fn what_names_a_file() {
        names("/", "", true);
        names("/a", "a", false);
        names("/a/", "a", true);
        names("/a/b.txt", "a/b.txt", false);
        names("/a%20b%C3%A9/%7e", "a bé/~", false);
        // Once, not twice.
        names("/%2561", "%61", false);
        names("/%252e%252e/%252f", "%2e%2e/%2f", false);
        names("/a..b/c.d.e", "a..b/c.d.e", false);
        names("/console/com10/company", "console/com10/company", false);
        names("/+?", "+?", false);
    }

    #[test]
    fn what_names_none() {
        for path in [
            "",
            "*",
            "a",
            "a/b",
            "//",
            "//a",
            "/a//b",
            "/a//", // parts without a name
            "/..",
            "/../a",
            "/a/..",
            "/a/../b",
            "/.",
            "/./a",
            "/a/.",
            "/...", // a way up
            "/%2e%2e/a",
            "/%2E%2e",
            "/.%2e",
            "/%2e",
            "/a/%2e%2e%2fb",
            "/.git/config",
            "/%2egit",
            "/a/.env", // hidden
            "/a%2fb",
            "/%2fetc%2fpasswd",
            "/a%5cb",
            "/..%5cb",
            "/a\\b",
            "/\\a", // separators
            "/C:",
            "/c:/a",
            "/c%3a/a",
            "/a.txt::$DATA",
            "/a:b", // drives and streams
            "/a%00",
            "/%00",
            "/a%00.txt",
            "/a%0d%0ab",
            "/a%1bb",
            "/a%7f",
            "/a%c2%85", // controls
            "/a.",
            "/a%20",
            "/a./b",
            "/a%20/b", // dropped on Windows
            "/nul",
            "/NUL",
            "/nul.txt",
            "/aux/a",
            "/a/con",
            "/COM1",
            "/lpt9.tar.gz",
            "/com%C2%B9",
            "/nul%20.txt",
            "/conin$",
            "/%",
            "/%2",
            "/%zz",
            "/a%2/b",
            "/%+1",
            "/%C3",
            "/%ff",
            "/%c0%ae", // no encoding, no UTF-8
        ] {
            assert_eq!(Name::decode(path), None, "{path}");
        }
    }

    proptest! {
        #[test]
        fn no_name_leads_up_or_out(path in "/([a.%/\\\\:]|%2e|%2f|%5c|%25|\\.\\.){0,12}") {
            if let Some(name) = Name::decode(&path) {
                for part in name.path.components() {
                    prop_assert!(matches!(part, std::path::Component::Normal(_)), "{:?}", part);
                    prop_assert!(is_plain(part.as_os_str().to_str().unwrap()), "{:?}", part);
                }
            }
        }

        #[test]
        fn a_plain_name_is_found_however_it_is_encoded(name in "\\PC{1,12}") {
            prop_assume!(is_plain(&name));
            let encoded: String = name.bytes().map(|byte| format!("%{byte:02x}")).collect();
            let expected = Name { path: PathBuf::from(&name), is_directory: false };
            prop_assert_eq!(Name::decode(&format!("/{encoded}")), Some(expected));
        }
    }
}
