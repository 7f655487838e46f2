//! What tells one version of a file from another (RFC 9110 §8.8).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http_lite::Response;

use crate::clock;

/// How long a file must have been left alone before its validators are strong.
///
/// 2 s: the coarsest clock of a file system that is still about, FAT's. (For the same reason,
/// Apache waits for one.)
const SETTLED: Duration = Duration::from_secs(2);

/// The validators of a file as it is now.
#[derive(Debug, Clone, PartialEq)]
pub struct Validators {
    /// The opaque part of the entity tag, with its quotes.
    pub tag: String,
    /// When the file was last modified: whole seconds, and never in the future (§8.8.2.1).
    pub modified: Option<SystemTime>,
    /// They are strong: a file that changes has others from then on. As long as the file is so
    /// young that it may change once more within the same tick of the clock, they are not, and a
    /// client must not put two halves together that have the same (§8.8.1).
    pub strong: bool,
}

impl Validators {
    /// Of a file that has this many bytes and was modified at this time.
    ///
    /// The tag is made of both. It could tell more apart with the number of the inode, but that
    /// is nobody's business (CVE-2003-1418), and a copy of the file on another server has another.
    pub fn new(length: u64, modified: Option<SystemTime>, now: SystemTime) -> Validators {
        let time = modified.map_or_else(String::new, |modified| {
            match modified.duration_since(UNIX_EPOCH) {
                Ok(since) => format!("{:x}", since.as_nanos()),
                Err(before) => format!("-{:x}", before.duration().as_nanos()),
            }
        });
        let age = modified.and_then(|modified| now.duration_since(modified).ok());
        Validators {
            tag: format!("\"{length:x}-{time}\""),
            modified: modified.and_then(|modified| whole_seconds(modified.min(now))),
            strong: age.is_some_and(|age| age >= SETTLED),
        }
    }

    /// The response, with the validators as its fields.
    pub fn name(self, response: Response) -> Response {
        let weak = if self.strong { "" } else { "W/" };
        // A copy may be kept, but not used before it was compared: files change without notice.
        let response =
            response.with("ETag", format!("{weak}{}", self.tag)).with("Cache-Control", "no-cache");
        match self.modified {
            Some(modified) => response.with("Last-Modified", httpdate::fmt_http_date(modified)),
            None => response,
        }
    }
}

/// A time as `Last-Modified` can say it, if it can.
fn whole_seconds(time: SystemTime) -> Option<SystemTime> {
    let seconds = time.duration_since(UNIX_EPOCH).ok()?.as_secs();
    (seconds <= clock::LATEST).then(|| UNIX_EPOCH + Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(ms)
    }

    #[test]
    fn they_change_with_the_length_and_with_the_time() {
        let new = |length, ms| Validators::new(length, Some(at(ms)), at(1_000_000)).tag;
        assert_eq!(new(10, 1_000), "\"a-3b9aca00\"");
        assert_ne!(new(10, 1_000), new(11, 1_000));
        assert_ne!(new(10, 1_000), new(10, 1_001));
    }

    #[test]
    fn they_are_weak_until_the_file_has_settled() {
        for (modified, now, strong) in [
            (Some(at(5_000)), at(5_000), false),
            (Some(at(5_000)), at(6_999), false),
            (Some(at(5_000)), at(7_000), true),
            (Some(at(5_000)), at(4_000), false),
            (None, at(7_000), false),
        ] {
            let found = Validators::new(1, modified, now).strong;
            assert_eq!(found, strong, "{modified:?} {now:?}");
        }
    }

    #[test]
    fn the_date_is_one_that_can_be_written() {
        let modified = |time, now| Validators::new(1, Some(time), now).modified;
        assert_eq!(modified(at(5_999), at(9_000)), Some(at(5_000)));
        assert_eq!(modified(at(99_000), at(9_500)), Some(at(9_000)), "not in the future");
        assert_eq!(modified(UNIX_EPOCH - Duration::from_millis(1), at(9_000)), None);
        let late = UNIX_EPOCH + Duration::from_secs(clock::LATEST);
        assert_eq!(modified(late, late), Some(late));
        let later = late + Duration::from_secs(1);
        assert_eq!(modified(later, later), None);
        assert_eq!(Validators::new(1, None, at(9_000)).modified, None);
        // Each with a tag of its own all the same.
        let tag = |time| Validators::new(1, Some(time), at(9_000)).tag;
        assert_ne!(tag(UNIX_EPOCH - Duration::from_millis(1)), tag(at(1)));
    }
}
