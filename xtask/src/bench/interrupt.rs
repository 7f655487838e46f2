//! Ctrl-C: whoever waits for something looks here in between, and what was started ends with its
//! handle on the way out.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Error, Result};

static REQUESTED: AtomicBool = AtomicBool::new(false);

/// How long anybody waits without looking.
pub const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The one error that ends the whole run rather than one row of it.
#[derive(Debug)]
pub struct Interrupted;

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("interrupted; every server that was started has been ended")
    }
}

impl std::error::Error for Interrupted {}

/// From here on, Ctrl-C and SIGTERM are requests.
pub fn listen() -> Result<()> {
    ctrlc::set_handler(|| REQUESTED.store(true, Ordering::Relaxed)).context("listening for Ctrl-C")
}

/// Fails if the user wants this to end.
pub fn check() -> Result<(), Interrupted> {
    if REQUESTED.load(Ordering::Relaxed) { Err(Interrupted) } else { Ok(()) }
}

/// Whatever else it is concerns one row only.
pub fn unless_interrupted(error: Error) -> Result<Error, Interrupted> {
    match error.downcast::<Interrupted>() {
        Ok(interrupted) => Err(interrupted),
        Err(error) => Ok(error),
    }
}

/// Asks `ready` again and again, until it has something or time is up.
pub fn wait_for<T>(
    patience: Duration,
    mut ready: impl FnMut() -> Result<Option<T>>,
) -> Result<Option<T>> {
    let deadline = Instant::now() + patience;
    loop {
        check()?;
        if let Some(found) = ready()? {
            return Ok(Some(found));
        }
        if Instant::now() >= deadline {
            return Ok(None);
        }
        thread::sleep(LOOK_EVERY);
    }
}
