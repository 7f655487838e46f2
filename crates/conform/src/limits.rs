//! How many descriptors a case needs here. A server that we start inherits the limit.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::script::Action;

/// What the cases beside a large one, their servers and this program need.
const OTHERS: u64 = 200;

/// What the largest case needs, and a few smaller ones beside it.
const MOST: u64 = 16 * 1024;

/// From so many clients on, a case is a large one.
const LARGE: u64 = 4 * 1024;

/// From so many on, they keep the machine busy.
const CROWD: u64 = 500;

/// Held by the one large case that is being played: two would not fit.
static PLAYED: Mutex<()> = Mutex::new(());

/// How many descriptors this script needs, if others are played beside it.
pub(crate) fn descriptors(script: &[Action]) -> u64 {
    clients(script) + OTHERS
}

/// Waits until this script may be played: at once, unless it is a large one.
pub(crate) fn turn(script: &[Action]) -> Option<MutexGuard<'static, ()>> {
    let large = clients(script) > LARGE;
    large.then(|| PLAYED.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Whether this is about how many clients there are: nothing should be played beside it that has to
/// be quick.
pub(crate) fn is_crowd(script: &[Action]) -> bool {
    clients(script) >= CROWD
}

/// Whether a few crowds fit beside the largest case.
pub(crate) fn has_room_for_crowds() -> bool {
    raised() >= MOST
}

fn clients(script: &[Action]) -> u64 {
    let comes = |action: &&Action| matches!(action, Action::Connect(_) | Action::Flood(..));
    script.iter().filter(comes).count() as u64
}

/// Raises the limit as far as is allowed and needed, and says what it is now.
pub(crate) fn raised() -> u64 {
    #[cfg(unix)]
    return rlimit::increase_nofile_limit(MOST).unwrap_or(0);
    #[cfg(not(unix))]
    u64::MAX
}
