//! When a job is due: cron expressions of five fields, and their nicknames.

use std::fmt;

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// A cron expression that parsed.
#[derive(Debug, Clone)]
pub struct Schedule {
    text: String,
    cron: Cron,
}

/// Why a text is no schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a cron expression of five fields (minute hour day month weekday): {reason}")]
pub struct ScheduleError {
    text: String,
    reason: String,
}

impl Schedule {
    pub fn parse(text: &str) -> Result<Self, ScheduleError> {
        let refused = |reason: String| ScheduleError { text: text.chars().take(60).collect(), reason };
        let trimmed = text.trim();
        let expression = if trimmed.eq_ignore_ascii_case("@midnight") { "@daily" } else { trimmed };
        let fields = expression.split_whitespace().count();
        if !expression.starts_with('@') && fields != 5 {
            return Err(refused(format!("it has {fields} fields")));
        }
        let cron = parser().parse(expression).map_err(|error| refused(error.to_string()))?;
        Ok(Self { text: trimmed.to_owned(), cron })
    }

    /// The first due time after `after`; `None` when there is none that the calendar knows (30 February).
    pub fn next_after(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let start = Zoned::new(after, zone.clone());
        self.cron.find_next_occurrence(&start, false).ok().map(|due| due.timestamp())
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl PartialEq for Schedule {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn parser() -> CronParser {
    CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).sloppy_ranges(true).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_next(expression: &str, after: &str, expected: &str) {
        let schedule = Schedule::parse(expression).unwrap();
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let due = schedule.next_after(after.parse().unwrap(), &zone).unwrap();
        assert_eq!(due.to_string(), expected, "{expression} after {after}");
    }

    #[test]
    fn next_time_is_in_the_zone_and_after_the_given_one() {
        check_next("* * * * *", "2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z");
        check_next("*/5 * * * *", "2026-01-01T00:04:59.999Z", "2026-01-01T00:05:00Z");
        check_next("0 9 * * *", "2026-01-01T00:00:00Z", "2026-01-01T08:00:00Z");
        check_next("0 9 * * 1-5", "2026-01-03T00:00:00Z", "2026-01-05T08:00:00Z");
        check_next("@daily", "2026-01-01T00:00:00Z", "2026-01-01T23:00:00Z");
        check_next("@midnight", "2026-01-01T00:00:00Z", "2026-01-01T23:00:00Z");
        check_next("@hourly", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z");
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        for text in [
            "",
            "* * * *",
            "* * * * * *",
            "60 * * * *",
            "* 24 * * *",
            "* * * 13 *",
            "@reboot",
            "every day",
            "1-0 * * * *",
        ] {
            assert!(Schedule::parse(text).is_err(), "{text:?} was taken");
        }
    }

    #[test]
    fn a_date_that_never_comes_has_no_next_time() {
        let never = Schedule::parse("0 0 30 2 *").unwrap();
        assert_eq!(never.next_after(Timestamp::UNIX_EPOCH, &TimeZone::UTC), None);
    }
}
