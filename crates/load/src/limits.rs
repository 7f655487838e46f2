//! Descriptors: every connection is one.

use crate::Error;

/// Descriptors that are needed besides the connections: standard streams, readiness, the timer,
/// what the library opens for an instant.
const SPARE: u64 = 32;

/// Raises the soft limit to the hard one, here and for every process started from here; returns
/// what it is now. Where that cannot be done, the limit stays as it was.
pub fn raise_descriptors() -> u64 {
    // Sockets are not files on Windows, and its limit is not theirs.
    if cfg!(windows) {
        return u64::MAX;
    }
    rlimit::increase_nofile_limit(u64::MAX).unwrap_or(u64::MAX)
}

/// Makes room for so many connections, or says what is in the way.
pub fn make_room(connections: usize) -> Result<(), Error> {
    let limit = raise_descriptors();
    if connections as u64 + SPARE > limit {
        return Err(Error::Plan(format!(
            "{connections} connections need {} descriptors, and this process may have {limit}: \
             pass fewer --connections, or raise the hard limit (ulimit -Hn)",
            connections as u64 + SPARE
        )));
    }
    Ok(())
}
