//! Waiting for a condition instead of sleeping for a time.

use std::fmt::Debug;
use std::time::{Duration, Instant};

/// Generous, because machines are noisy: it bounds a failing test, never a passing one.
const PATIENCE: Duration = Duration::from_secs(90);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Waits until `look` gives something, and returns it.
///
/// # Panics
/// When nothing came in time, with what was looked for.
#[track_caller]
pub fn until_some<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "waited {PATIENCE:?} in vain for {what}");
        std::thread::sleep(LOOK_EVERY);
    }
}

/// Waits until `look` gives a value that pleases; fails showing the last one.
///
/// # Panics
/// When none did in time.
#[track_caller]
pub fn until<T: Debug>(what: &str, mut look: impl FnMut() -> T, pleases: impl Fn(&T) -> bool) -> T {
    let begun = Instant::now();
    loop {
        let seen = look();
        if pleases(&seen) {
            return seen;
        }
        assert!(begun.elapsed() < PATIENCE, "waited {PATIENCE:?} in vain for {what}; last seen: {seen:#?}");
        std::thread::sleep(LOOK_EVERY);
    }
}
