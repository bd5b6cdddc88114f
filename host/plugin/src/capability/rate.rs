//! How often something may be done: so many times in a minute, all at once or spread.

use std::time::{Duration, Instant};

const MINUTE: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(crate) struct Bucket {
    per_minute: u32,
    left: f64,
    at: Option<Instant>,
}

impl Bucket {
    pub(crate) fn new(per_minute: u32) -> Self {
        Self { per_minute, left: f64::from(per_minute), at: None }
    }

    /// Takes one; if there is none, when there will be.
    pub(crate) fn take(&mut self, now: Instant) -> Result<(), Duration> {
        let full = f64::from(self.per_minute);
        let since = self.at.map_or(Duration::ZERO, |at| now.saturating_duration_since(at));
        self.at = Some(now);
        self.left = (self.left + since.as_secs_f64() * full / MINUTE.as_secs_f64()).min(full);
        if self.left >= 1.0 {
            self.left -= 1.0;
            return Ok(());
        }
        if self.per_minute == 0 {
            return Err(MINUTE);
        }
        Err(MINUTE.mul_f64((1.0 - self.left) / full))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_fills_again_with_time() {
        let begin = Instant::now();
        let mut bucket = Bucket::new(2);
        assert!(bucket.take(begin).is_ok() && bucket.take(begin).is_ok());
        let wait = bucket.take(begin).unwrap_err();
        assert_eq!(wait.as_secs(), 30);
        assert!(bucket.take(begin + wait).is_ok());
        assert!(Bucket::new(0).take(begin).is_err());
    }
}
