//! The date, formatted once a second.

use std::cell::Cell;
use std::time::{Duration, UNIX_EPOCH};

use http_lite::HttpDate;

thread_local! {
    /// The second and its date. One for each thread: nobody waits for a lock.
    static LAST: Cell<(u64, HttpDate)> =
        const { Cell::new((0, *b"Thu, 01 Jan 1970 00:00:00 GMT")) };
}

/// The last second that HTTP can write, in seconds since 1970: the end of the year 9999.
pub const LATEST: u64 = 253_402_300_799;

/// Now, as HTTP writes it.
pub fn date() -> HttpDate {
    let now = seconds();
    let (second, date) = LAST.get();
    if second == now {
        return date;
    }
    let date = format(now);
    LAST.set((now, date));
    date
}

fn format(second: u64) -> HttpDate {
    // A clock before 1970 or after 9999 is wrong: any date that can be written will do.
    let text = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(second.min(LATEST)));
    text.into_bytes().try_into().expect("an IMF-fixdate has 29 bytes")
}

/// Seconds since 1970. Every response asks for them, so on Linux they are read from the clock that
/// the kernel moves on at each tick: some milliseconds late, and several times cheaper
/// (clock_gettime(2), `CLOCK_REALTIME_COARSE`).
#[cfg(target_os = "linux")]
fn seconds() -> u64 {
    let now = nix::time::ClockId::CLOCK_REALTIME_COARSE.now();
    now.ok().and_then(|now| now.tv_sec().try_into().ok()).unwrap_or_default()
}

/// Seconds since 1970.
#[cfg(not(target_os = "linux"))]
fn seconds() -> u64 {
    std::time::SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_wrong_still_gives_a_date() {
        for (second, date) in [
            (0, b"Thu, 01 Jan 1970 00:00:00 GMT"),
            (784_111_777, b"Sun, 06 Nov 1994 08:49:37 GMT"),
            (LATEST, b"Fri, 31 Dec 9999 23:59:59 GMT"),
            (LATEST + 1, b"Fri, 31 Dec 9999 23:59:59 GMT"),
            (u64::MAX, b"Fri, 31 Dec 9999 23:59:59 GMT"),
        ] {
            assert_eq!(&format(second), date, "{second}");
        }
    }
}
