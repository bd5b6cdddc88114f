//! When a job is due: cron expressions of five fields, and their nicknames, as Debian's cron understands them.
//!
//! `field` and `days` read the text into sets of bits, `rule` finds local times, `clock` turns them into instants where
//! a zone's clock jumps. The crate `croner` does neither as Debian does: it moves or drops what falls into a jump, and
//! it combines the two fields of days by another rule. So it only checks our days, in the tests.
//!
//! Beyond crontab(5) there are `a/n`, `fri-sun`, and for days `?`, `L`, `LW`, `15W`, `5#3` and `5L`. What Debian takes
//! and never runs (`22-6`), a field of seconds and `@reboot` are refused with the reason.

mod clock;
mod days;
mod field;
mod jitter;
mod rule;

use std::collections::VecDeque;
use std::fmt;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use self::rule::Rule;

pub(crate) use self::jitter::jitter;

/// A cron expression that parsed.
#[derive(Debug, Clone)]
pub struct Schedule {
    text: String,
    rule: Rule,
}

/// Why a text is no schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a cron expression of five fields (minute hour day month weekday): {reason}")]
pub struct ScheduleError {
    text: String,
    reason: String,
}

/// Whoever writes a schedule means a time that comes.
const SOON_ENOUGH: SignedDuration = SignedDuration::from_hours(5 * 366 * 24);

const NICKNAMES: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

impl Schedule {
    pub fn parse(text: &str) -> Result<Self, ScheduleError> {
        let text = text.trim();
        let rule = expression(text).and_then(Rule::parse);
        let rule = rule.map_err(|reason| ScheduleError { text: text.chars().take(60).collect(), reason })?;
        Ok(Self { text: text.to_owned(), rule })
    }

    /// The first due time after `after`; `None` when there is none that the calendar knows (30 February).
    pub fn next_after(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        clock::next_after(&self.rule, after, zone)
    }

    /// The newest so many of the due times from `first`, which is one, up to `until`, oldest first.
    ///
    /// It looks back in growing steps, since `first` may lie a year of minutes ago.
    pub fn newest_between(&self, first: Timestamp, until: Timestamp, most: usize, zone: &TimeZone) -> Vec<Timestamp> {
        let mut back = SignedDuration::from_hours(1);
        loop {
            let from = until.checked_sub(back).ok().filter(|from| *from > first);
            let mut found = VecDeque::new();
            let mut next = from.map_or(Some(first), |from| self.next_after(from, zone));
            while let Some(due) = next.filter(|due| *due <= until) {
                found.push_back(due);
                if found.len() > most {
                    found.pop_front();
                }
                next = self.next_after(due, zone);
            }
            if found.len() >= most || from.is_none() {
                return found.into();
            }
            back = back.saturating_mul(6);
        }
    }

    /// Whether it names a single time of the day, so that it comes once a day or less often.
    pub fn is_daily_at_most(&self) -> bool {
        self.rule.is_daily_at_most()
    }

    /// Whether there is no due time in the next five years, which is hardly meant.
    pub fn is_dormant(&self, now: Timestamp, zone: &TimeZone) -> bool {
        self.next_after(now, zone).is_none_or(|due| due.duration_since(now) > SOON_ENOUGH)
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The five fields; of a nickname those that it is short for.
    pub(crate) fn fields(&self) -> Vec<&str> {
        expression(&self.text).unwrap_or_default().split_ascii_whitespace().collect()
    }
}

/// The five fields, of which a nickname is short for some.
fn expression(text: &str) -> Result<&str, String> {
    if !text.starts_with('@') {
        return Ok(text);
    }
    if text.eq_ignore_ascii_case("@reboot") {
        return Err("the start of a machine has no due time".to_owned());
    }
    let meant = NICKNAMES.iter().find(|(nickname, _)| nickname.eq_ignore_ascii_case(text));
    meant.map(|(_, expression)| *expression).ok_or_else(|| {
        let nicknames: Vec<_> = NICKNAMES.iter().map(|(nickname, _)| *nickname).collect();
        format!("the nicknames are {}", nicknames.join(", "))
    })
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

    #[track_caller]
    fn check_refused(text: &str, reason: &str) {
        let error = Schedule::parse(text).unwrap_err();
        assert_eq!(error.reason, reason, "{text:?}");
    }

    #[test]
    fn what_cron_has_and_this_host_has_not_is_refused_with_the_reason() {
        check_refused("@reboot", "the start of a machine has no due time");
        check_refused(
            "@every 5m",
            "the nicknames are @yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly",
        );
        check_refused(
            "0 * * * * *",
            "it has 6 fields; there is none for seconds, as a job is due at most once a minute",
        );
        check_refused("2026-12-24T18:00:00", "it has 1 field");
        check_refused("", "it has 0 fields");
    }

    #[test]
    fn a_date_that_never_comes_has_no_next_time() {
        let never = Schedule::parse("0 0 30 2 *").unwrap();
        assert_eq!(never.next_after(Timestamp::UNIX_EPOCH, &TimeZone::UTC), None);
    }

    #[track_caller]
    fn check_dormant(text: &str, expected: bool) {
        let now = "2096-06-01T00:00:00Z".parse().unwrap();
        assert_eq!(Schedule::parse(text).unwrap().is_dormant(now, &TimeZone::UTC), expected, "{text:?}");
    }

    #[test]
    fn a_schedule_sleeps_when_its_next_time_is_years_away() {
        check_dormant("0 0 30 2 *", true);
        check_dormant("0 0 29 2 *", true);
        check_dormant("@yearly", false);
    }
}
