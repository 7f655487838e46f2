//! The file that a name means, on the disk and inside the public directory.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::name::{self, INDEX, Name};
use crate::error::Error;

/// What is there.
pub enum Found {
    /// A regular file. Its path holds no links.
    File(PathBuf),
    /// A directory, but the name has no slash at its end.
    Directory,
}

/// What a name means in this directory.
pub fn find(root: &Path, name: &Name) -> Result<Found, Error> {
    let root = root.canonicalize().map_err(failed)?;
    let path = inside(&root, &root.join(&name.path))?;
    match (path.is_dir(), name.is_directory) {
        (true, false) => Ok(Found::Directory),
        (true, true) => regular(inside(&root, &path.join(INDEX))?),
        (false, true) => Err(Error::NotFound),
        (false, false) => regular(path),
    }
}

/// Opens a file that was found.
///
/// Between `find` and here, whoever may write to the public directory could put something else in
/// its place. A link at the end of the path is then not followed, a FIFO does not block, and what
/// is no file is not served. What remains is a link in place of one of the directories, which only
/// `openat2` of Linux would refuse (`RESOLVE_NO_SYMLINKS`): with luck, somebody who may write there
/// has the server read a file that only the server may read.
pub fn open(path: &Path) -> Result<(File, Metadata), Error> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.custom_flags(libc::O_NONBLOCK | libc::O_NOFOLLOW);
    }
    let file = options.open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    match metadata.is_file() {
        true => Ok((file, metadata)),
        false => Err(Error::NotFound),
    }
}

/// Follows all links. Where they lead out of `root`, or to what is hidden in it, nothing is there.
fn inside(root: &Path, path: &Path) -> Result<PathBuf, Error> {
    let path = path.canonicalize().map_err(failed)?;
    let below = path.strip_prefix(root).map_err(|_| Error::NotFound)?;
    let is_plain = |part: &std::ffi::OsStr| part.to_str().is_some_and(name::is_plain);
    match below.iter().all(is_plain) {
        true => Ok(path),
        false => Err(Error::NotFound),
    }
}

/// Looks before it is opened: to open a device may already do something.
fn regular(path: PathBuf) -> Result<Found, Error> {
    match path.metadata().map_err(failed)?.is_file() {
        true => Ok(Found::File(path)),
        false => Err(Error::NotFound),
    }
}

fn failed(error: io::Error) -> Error {
    match error.kind() {
        // Some of the path is not there, is a file, or is longer than a name can be.
        ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::InvalidFilename => {
            Error::NotFound
        }
        _ => Error::Unreadable(error),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;
    use std::process::Command;

    use super::*;

    /// What took the place of a file after it was found.
    #[test]
    fn a_link_is_not_opened_and_a_fifo_is_not_waited_for() {
        let place = tempfile::tempdir().unwrap();
        let [file, link, fifo] = ["file", "link", "fifo"].map(|name| place.path().join(name));
        std::fs::write(&file, "text").unwrap();
        symlink(&file, &link).unwrap();
        assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        assert!(open(&file).is_ok());
        assert!(matches!(open(&link), Err(Error::Unreadable(_))));
        assert!(matches!(open(&fifo), Err(Error::NotFound)));
        assert!(matches!(open(place.path()), Err(Error::NotFound)));
    }

    #[test]
    fn what_the_system_says_is_told_apart() {
        use http_lite::Status;
        for (code, status) in [
            (libc::ENOENT, Status::NOT_FOUND),
            (libc::ENOTDIR, Status::NOT_FOUND),
            (libc::ENAMETOOLONG, Status::NOT_FOUND),
            (libc::EACCES, Status::FORBIDDEN),
            (libc::EMFILE, Status::INTERNAL_ERROR),
            (libc::EIO, Status::INTERNAL_ERROR),
        ] {
            let error = io::Error::from_raw_os_error(code);
            assert_eq!(failed(error).status(), status, "{code}");
        }
    }
}
