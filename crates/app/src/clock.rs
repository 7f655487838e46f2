//! The date, formatted once a second.

use std::cell::Cell;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http_lite::HttpDate;

thread_local! {
    /// The second and its date. One for each thread: nobody waits for a lock.
    static LAST: Cell<Option<(u64, HttpDate)>> = const { Cell::new(None) };
}

/// The last second that HTTP can write, in seconds since 1970: the end of the year 9999.
pub const LATEST: u64 = 253_402_300_799;

/// Now, as HTTP writes it.
pub fn date() -> HttpDate {
    // A clock before 1970 or after 9999 is wrong: any date that can be written will do.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let now = now.min(LATEST);
    if let Some((second, date)) = LAST.get()
        && second == now
    {
        return date;
    }
    let text = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(now));
    let date = text.into_bytes().try_into().expect("an IMF-fixdate has 29 bytes");
    LAST.set(Some((now, date)));
    date
}
