//! Counting over a sliding window: so many in so long, and then a time to wait.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Counts for each key of its own.
#[derive(Debug)]
pub(super) struct SlidingWindow<K> {
    most: usize,
    window: Duration,
    counted: Mutex<HashMap<K, VecDeque<Instant>>>,
}

/// With more keys than this, those that have nothing in the window are forgotten.
const MANY_KEYS: usize = 1_000;

impl<K: Eq + Hash> SlidingWindow<K> {
    pub(super) fn new(most: usize, window: Duration) -> Self {
        Self { most, window, counted: Mutex::default() }
    }

    /// Counts one more, or says how long to wait until the next one counts.
    pub(super) fn count(&self, key: K, now: Instant) -> Result<(), Duration> {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over = |at: &Instant| now.duration_since(*at) >= self.window;
        if counted.len() >= MANY_KEYS {
            counted.retain(|_, times| times.back().is_some_and(|at| !is_over(at)));
        }
        let times = counted.entry(key).or_default();
        while times.front().is_some_and(is_over) {
            times.pop_front();
        }
        match times.front() {
            Some(oldest) if times.len() >= self.most => Err(self.window - now.duration_since(*oldest)),
            _ => {
                times.push_back(now);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn more_than_so_many_wait_until_the_first_has_left_the_window() {
        let (window, start) = (SlidingWindow::new(30, MINUTE), Instant::now());
        for _ in 0..30 {
            window.count("a", start).unwrap();
        }
        let later = start + Duration::from_secs(20);
        assert_eq!(window.count("a", later), Err(Duration::from_secs(40)));
        assert_eq!(window.count("b", later), Ok(()));
        assert_eq!(window.count("a", start + MINUTE), Ok(()));
    }

    #[test]
    fn keys_that_have_nothing_in_the_window_are_forgotten() {
        let (window, start) = (SlidingWindow::new(1, MINUTE), Instant::now());
        for key in 0..MANY_KEYS {
            window.count(key, start).unwrap();
        }
        window.count(MANY_KEYS, start + MINUTE).unwrap();
        assert_eq!(window.counted.lock().unwrap().len(), 1);
    }
}
