//! The wall clock: now, and an alarm that fires at a time of day.
//!
//! A sleep of so many seconds is not enough: a laptop sleeps, and clocks are set. On Linux the kernel's timer
//! for the real-time clock fires when the moment has come, on resume when it passed meanwhile, and at once when
//! the clock is set. Elsewhere the clock is looked at every half minute.

use std::io;

use jiff::Timestamp;

/// The time in milliseconds: the store keeps no finer one, and what is compared must not differ by less.
pub(crate) fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}

/// Fresh randomness for identities.
pub(crate) fn nonce() -> u64 {
    uuid::Uuid::new_v4().as_u64_pair().1
}

#[cfg(target_os = "linux")]
pub(crate) use linux::Alarm;
#[cfg(not(target_os = "linux"))]
pub(crate) use portable::Alarm;

#[cfg(target_os = "linux")]
mod linux {
    use super::{Timestamp, io};
    use rustix::io::Errno;
    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
    };
    use tokio::net::unix::pipe;

    /// The timer's descriptor, as the end of a pipe of which eight bytes are read: tokio's `AsyncFd` is for unsafe code.
    #[derive(Debug)]
    pub(crate) struct Alarm {
        timer: pipe::Receiver,
    }

    /// Armed even when nothing is due, because only an armed timer tells that the clock was set.
    const FAR_AWAY_SECONDS: i64 = 400_000_000_000;

    impl Alarm {
        pub(crate) fn new() -> io::Result<Self> {
            let timer = timerfd_create(TimerfdClockId::Realtime, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
            Ok(Self { timer: pipe::Receiver::from_owned_fd_unchecked(timer)? })
        }

        /// Returns when `at` has come, or when the clock was set, whichever is first.
        pub(crate) async fn wait(&mut self, at: Option<Timestamp>) -> io::Result<()> {
            self.arm(at)?;
            loop {
                self.timer.readable().await?;
                match self.timer.try_read(&mut [0; 8]) {
                    Ok(_) => return Ok(()),
                    Err(error) if error.raw_os_error() == Some(Errno::CANCELED.raw_os_error()) => return Ok(()),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(error) => return Err(error),
                }
            }
        }

        fn arm(&self, at: Option<Timestamp>) -> io::Result<()> {
            let (seconds, nanoseconds) = match at {
                // All zero would disarm the timer instead of firing it.
                Some(at) => (at.as_second().max(0), i64::from(at.subsec_nanosecond().max(1))),
                None => (FAR_AWAY_SECONDS, 0),
            };
            let zero = Timespec { tv_sec: 0, tv_nsec: 0 };
            let value = Timespec { tv_sec: seconds, tv_nsec: nanoseconds };
            let flags = TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET;
            timerfd_settime(&self.timer, flags, &Itimerspec { it_interval: zero, it_value: value })?;
            Ok(())
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod portable {
    use super::{Timestamp, io, now};
    use std::time::Duration;

    #[derive(Debug)]
    pub(crate) struct Alarm;

    const LONGEST_SLEEP: Duration = Duration::from_secs(30);

    impl Alarm {
        pub(crate) fn new() -> io::Result<Self> {
            Ok(Self)
        }

        pub(crate) async fn wait(&mut self, at: Option<Timestamp>) -> io::Result<()> {
            let left = at.map(|at| Duration::try_from(at.duration_since(now())).unwrap_or_default());
            tokio::time::sleep(left.unwrap_or(LONGEST_SLEEP).min(LONGEST_SLEEP)).await;
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;

    #[tokio::test]
    async fn alarm_does_not_fire_before_its_time() {
        let mut alarm = Alarm::new().unwrap();
        let due = now() + SignedDuration::from_millis(30);
        alarm.wait(Some(due)).await.unwrap();
        assert!(now() >= due);
    }

    #[tokio::test]
    async fn alarm_for_a_time_that_has_passed_fires_at_once() {
        let mut alarm = Alarm::new().unwrap();
        alarm.wait(Some(Timestamp::UNIX_EPOCH)).await.unwrap();
        alarm.wait(Some(now() - SignedDuration::from_secs(5))).await.unwrap();
    }

    #[tokio::test]
    async fn alarm_that_is_dropped_and_armed_anew_fires_for_the_new_time() {
        let mut alarm = Alarm::new().unwrap();
        let far = now() + SignedDuration::from_hours(1);
        let dropped = tokio::time::timeout(std::time::Duration::from_millis(5), alarm.wait(Some(far))).await;
        assert!(dropped.is_err());
        alarm.wait(Some(now())).await.unwrap();
    }
}
