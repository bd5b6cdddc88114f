//! When people are told what they did not ask for: not at night, and what is of little weight together. Who is told is
//! `route`'s.

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};

use crate::notice::Message;
use crate::route::Routes;
use crate::verdict::Severity;

/// What the operator says of notices.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Telling {
    pub quiet: Option<QuietHours>,
    /// What is of little weight is told together, at times so far apart; `None` is at once.
    pub digest: Option<SignedDuration>,
    pub routes: Routes,
}

/// From a time of the day to another one, which may be that of the next day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuietHours {
    from: Time,
    to: Time,
}

impl QuietHours {
    /// Reads `22:00-07:00`; hours of no length are none.
    pub fn parse(text: &str) -> Option<Self> {
        let (from, to) = text.split_once('-')?;
        let time = |text: &str| Time::strptime("%H:%M", text.trim()).ok();
        let hours = Self { from: time(from)?, to: time(to)? };
        (hours.from != hours.to).then_some(hours)
    }

    /// When they are over, if it is one of them now.
    fn end(self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let here = now.to_zoned(zone.clone());
        let time = here.time();
        let (is_quiet, is_tomorrow) = if self.from < self.to {
            (self.from <= time && time < self.to, false)
        } else {
            (time >= self.from || time < self.to, time >= self.from)
        };
        let day = if is_tomorrow { here.date().checked_add(1.day()).ok()? } else { here.date() };
        let end = day.to_datetime(self.to).to_zoned(zone.clone()).ok()?.timestamp();
        is_quiet.then_some(end).filter(|end| *end > now)
    }
}

impl Telling {
    /// Before when a notice is not told; `None` is at once. Answers and questions never wait, and neither does what is
    /// grave.
    pub fn not_before(&self, notice: &Message, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        if notice.to.is_some() || notice.severity >= Severity::High || !notice.choices.is_empty() {
            return None;
        }
        let gathered = self.digest.filter(|_| is_light(notice)).and_then(|every| {
            let every = every.as_millis().max(1);
            let next = (i128::from(now.as_millisecond()).div_euclid(every) + 1) * every;
            Timestamp::from_millisecond(i64::try_from(next).ok()?).ok()
        });
        let at = gathered.unwrap_or(now);
        let quiet = self.quiet.and_then(|quiet| quiet.end(at, zone));
        quiet.or(gathered)
    }
}

/// Whether a notice may be told together with others.
pub fn is_light(notice: &Message) -> bool {
    notice.severity <= Severity::Low
        && notice.to.is_none()
        && notice.choices.is_empty()
        && notice.attachments.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Ids;

    #[track_caller]
    fn check(hours: &str, now: &str, expected: Option<&str>) {
        let hours = QuietHours::parse(hours).unwrap();
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let end = hours.end(now.parse().unwrap(), &zone).map(|end| end.to_string());
        assert_eq!(end.as_deref(), expected, "{now}");
    }

    #[test]
    fn a_night_ends_in_the_morning_of_its_zone() {
        check("22:00-07:00", "2026-01-01T20:59:00Z", None);
        check("22:00-07:00", "2026-01-01T21:00:00Z", Some("2026-01-02T06:00:00Z"));
        check("22:00-07:00", "2026-01-02T05:59:00Z", Some("2026-01-02T06:00:00Z"));
        check("22:00-07:00", "2026-01-02T06:00:00Z", None);
        check("12:00-13:30", "2026-07-01T10:15:00Z", Some("2026-07-01T11:30:00Z"));
        // The clock jumps from 2 to 3 in this night.
        check("22:00-02:30", "2026-03-29T00:10:00Z", Some("2026-03-29T01:30:00Z"));
    }

    #[test]
    fn what_is_no_pair_of_times_is_none() {
        for text in ["", "22-7", "22:00", "25:00-07:00", "07:00-07:00", "a-b"] {
            assert_eq!(QuietHours::parse(text), None, "{text}");
        }
    }

    #[test]
    fn light_notices_wait_for_a_round_time_and_grave_ones_for_none() {
        let telling = Telling {
            quiet: QuietHours::parse("22:00-07:00"),
            digest: Some(SignedDuration::from_mins(30)),
            ..Telling::default()
        };
        let at = |severity, now: &str| {
            let now: Timestamp = now.parse().unwrap();
            let notice = Message::notice(Ids::new(now, 1).notice(), severity, "t".into(), String::new());
            telling.not_before(&notice, now, &TimeZone::UTC).map(|at| at.to_string())
        };
        let noon = "2026-01-01T12:10:00Z";
        assert_eq!(at(Severity::Info, noon).as_deref(), Some("2026-01-01T12:30:00Z"));
        assert_eq!(at(Severity::Medium, noon), None);
        assert_eq!(at(Severity::Info, "2026-01-01T21:45:00Z").as_deref(), Some("2026-01-02T07:00:00Z"));
        let night = "2026-01-01T23:10:00Z";
        assert_eq!(at(Severity::Medium, night).as_deref(), Some("2026-01-02T07:00:00Z"));
        assert_eq!((at(Severity::High, night), at(Severity::Critical, night)), (None, None));
    }
}
