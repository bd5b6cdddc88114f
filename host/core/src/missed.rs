//! What becomes of due times that nobody was awake for.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::job::Job;

/// A job's word on due times that came while the host was down, asleep or stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Missed {
    /// One run makes up for all of them.
    RunOnce,
    /// They are passed over.
    Skip,
    /// Each is run, but no more than the newest [`MOST_CAUGHT_UP`].
    RunAll,
}

/// A host that slept for a year must not begin with thousands of runs of one job.
pub const MOST_CAUGHT_UP: usize = 24;

/// A wake-up that is late by less misses nothing; it is also how late Debian's cron may wake up.
const LATE: SignedDuration = SignedDuration::from_mins(5);

/// Why a due time has no run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PassReason {
    /// It already has one, and was met again because the clock went back.
    AlreadyRan,
    /// Nobody was awake for it, and the job does not want it made up for.
    Missed,
    /// The job, or the scheduler, was paused.
    Paused,
}

impl PassReason {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AlreadyRan => "already-ran",
            Self::Missed => "missed",
            Self::Paused => "paused",
        }
    }
}

/// What a job owes at a moment: the due times that get a run, and those that get none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owed {
    /// The first and the last due time that are passed over; they come before all others.
    pub passed: Option<(Timestamp, Timestamp)>,
    /// The due times to run, oldest first, each with whether it was missed.
    pub runs: Vec<(Timestamp, bool)>,
}

impl Owed {
    /// `due` are the newest due times up to `now`, oldest first, one more of them than may run; `first` is the oldest
    /// of all.
    fn of(missed: Missed, first: Timestamp, due: &[Timestamp], now: Timestamp) -> Self {
        let Some(newest) = due.last() else { return Self { passed: None, runs: Vec::new() } };
        let is_missed = |due: Timestamp| due < *newest || now.duration_since(due) >= LATE;
        let most = match missed {
            Missed::Skip => usize::from(!is_missed(*newest)),
            Missed::RunOnce => 1,
            Missed::RunAll => MOST_CAUGHT_UP,
        };
        let (passed, runs) = due.split_at(due.len().saturating_sub(most));
        Self {
            passed: passed.last().map(|last| (first, *last)),
            runs: runs.iter().map(|due| (*due, is_missed(*due))).collect(),
        }
    }
}

impl Job {
    /// The newest due time up to now, where `first` is one.
    pub(crate) fn newest_due(&self, first: Timestamp, now: Timestamp, host_zone: &TimeZone) -> Timestamp {
        let zone = self.timezone.as_ref().unwrap_or(host_zone);
        self.schedule.newest_between(first, now, 1, zone).last().copied().unwrap_or(first)
    }

    /// What this job owes, of whose due times `first` is the oldest that is not settled.
    pub fn owed(&self, first: Timestamp, now: Timestamp, host_zone: &TimeZone) -> Owed {
        let most = match self.missed {
            Missed::Skip | Missed::RunOnce => 2,
            Missed::RunAll => MOST_CAUGHT_UP + 1,
        };
        let zone = self.timezone.as_ref().unwrap_or(host_zone);
        Owed::of(self.missed, first, &self.schedule.newest_between(first, now, most, zone), now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(schedule: &str, missed: Option<&str>, first: &str, now: &str, passed: Option<[&str; 2]>, runs: &[&str]) {
        let mut definition =
            json!({"slug": "a", "name": "a", "schedule": schedule, "execute": {"type": "script", "value": "x"}});
        if let Some(missed) = missed {
            definition["missed"] = missed.into();
        }
        let job = Job::parse(0, &definition).unwrap();
        let time = |text: &str| -> Timestamp { text.parse().unwrap() };
        let owed = job.owed(time(first), time(now), &TimeZone::UTC);
        let shown: Vec<_> =
            owed.runs.iter().map(|(due, missed)| format!("{due}{}", if *missed { " missed" } else { "" })).collect();
        assert_eq!(
            (owed.passed, shown),
            (passed.map(|[first, last]| (time(first), time(last))), runs.iter().map(|run| (*run).to_owned()).collect())
        );
    }

    #[test]
    fn daily_is_made_up_for_once_and_hourly_is_passed_over() {
        let days = Some(["2026-01-01T09:00:00Z", "2026-01-03T09:00:00Z"]);
        let once = ["2026-01-04T09:00:00Z missed"];
        check("0 9 * * *", None, "2026-01-01T09:00:00Z", "2026-01-04T20:00:00Z", days, &once);
        let hours = Some(["2026-01-01T09:00:00Z", "2026-01-04T20:00:00Z"]);
        check("0 * * * *", None, "2026-01-01T09:00:00Z", "2026-01-04T20:30:00Z", hours, &[]);
        check(
            "0 9,21 * * *",
            None,
            "2026-01-01T21:00:00Z",
            "2026-01-01T22:00:00Z",
            Some(["2026-01-01T21:00:00Z"; 2]),
            &[],
        );
    }

    #[test]
    fn who_wakes_a_little_late_missed_nothing() {
        check("0 * * * *", None, "2026-01-01T09:00:00Z", "2026-01-01T09:04:59Z", None, &["2026-01-01T09:00:00Z"]);
        check(
            "0 * * * *",
            None,
            "2026-01-01T09:00:00Z",
            "2026-01-01T09:05:00Z",
            Some(["2026-01-01T09:00:00Z"; 2]),
            &[],
        );
        let before = Some(["2026-01-01T09:00:00Z", "2026-01-01T09:02:00Z"]);
        check("* * * * *", None, "2026-01-01T09:00:00Z", "2026-01-01T09:03:10Z", before, &["2026-01-01T09:03:00Z"]);
        let days = Some(["2026-01-01T09:00:00Z"; 2]);
        check("0 9 * * *", None, "2026-01-01T09:00:00Z", "2026-01-02T09:01:00Z", days, &["2026-01-02T09:00:00Z"]);
    }

    #[test]
    fn run_all_stops_at_its_cap() {
        let two = ["2026-01-01T09:00:00Z missed", "2026-01-01T10:00:00Z missed"];
        check("0 * * * *", Some("run-all"), "2026-01-01T09:00:00Z", "2026-01-01T10:30:00Z", None, &two);
        let job = json!({"slug": "a", "name": "a", "schedule": "* * * * *", "missed": "run-all",
            "execute": {"type": "script", "value": "x"}});
        let (first, now) = ("2025-01-01T00:00:00Z".parse().unwrap(), "2026-01-01T00:00:30Z".parse().unwrap());
        let owed = Job::parse(0, &job).unwrap().owed(first, now, &TimeZone::UTC);
        assert_eq!((owed.runs.len(), owed.runs.last().map(|run| run.1)), (MOST_CAUGHT_UP, Some(false)));
        assert_eq!(owed.passed, Some((first, "2025-12-31T23:36:00Z".parse().unwrap())));
    }
}
