//! Waking up on time. epoll counts in milliseconds, and an open loop at 10,000 requests a second
//! has ten of them due in one.

use std::io;
use std::time::{Duration, Instant};

use mio::{Poll, Token};

/// Longer than any run has nothing to do: a bound for the wait, should the alarm fail.
const AT_MOST: Duration = Duration::from_millis(100);

#[cfg(target_os = "linux")]
pub struct Alarm {
    timer: nix::sys::timerfd::TimerFd,
    /// What the timer is set to, so that it is not set again for nothing.
    set_to: Option<Instant>,
}

#[cfg(target_os = "linux")]
impl Alarm {
    /// A timer that is one more descriptor to wait for.
    pub fn new(poll: &Poll, token: Token) -> io::Result<Alarm> {
        use std::os::fd::{AsFd, AsRawFd};

        use mio::Interest;
        use mio::unix::SourceFd;
        use nix::sys::timerfd::{ClockId, TimerFd, TimerFlags};

        let flags = TimerFlags::TFD_CLOEXEC | TimerFlags::TFD_NONBLOCK;
        let timer = TimerFd::new(ClockId::CLOCK_MONOTONIC, flags)?;
        let fd = timer.as_fd().as_raw_fd();
        poll.registry().register(&mut SourceFd(&fd), token, Interest::READABLE)?;
        Ok(Alarm { timer, set_to: None })
    }

    /// The readiness to wait for includes the alarm; this is how long to wait at most.
    pub fn set(&mut self, at: Instant, now: Instant) -> io::Result<Duration> {
        use nix::sys::timerfd::{Expiration, TimerSetTimeFlags};

        if self.set_to != Some(at) {
            // A timer set to zero would be switched off.
            let after = at.saturating_duration_since(now).max(Duration::from_nanos(1));
            let once = Expiration::OneShot(after.into());
            self.timer.set(once, TimerSetTimeFlags::empty())?;
            self.set_to = Some(at);
        }
        Ok(AT_MOST)
    }
}

#[cfg(not(target_os = "linux"))]
pub struct Alarm;

#[cfg(not(target_os = "linux"))]
impl Alarm {
    /// There is nothing to set up: the last millisecond is spent asking again and again.
    pub fn new(_: &Poll, _: Token) -> io::Result<Alarm> {
        Ok(Alarm)
    }

    /// How long to wait at most: whole milliseconds, and never too long.
    pub fn set(&mut self, at: Instant, now: Instant) -> io::Result<Duration> {
        let whole = at.saturating_duration_since(now).as_millis() as u64;
        Ok(Duration::from_millis(whole).min(AT_MOST))
    }
}
