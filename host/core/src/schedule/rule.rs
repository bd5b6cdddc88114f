//! The five fields together, as a rule over the local time that a wall clock shows.
//!
//! How a zone's clock jumps is left to `clock`.

use jiff::civil::{Date, DateTime, Time};

use super::days::Days;
use super::field::{HOUR, MINUTE, begins_with_star};

#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    minutes: u64,
    hours: u64,
    days: Days,
    /// Minute or hour begins with `*`: such a job follows real time where the clock jumps.
    pub(super) is_interval: bool,
}

impl Rule {
    pub(super) fn parse(expression: &str) -> Result<Self, String> {
        let fields: Vec<_> = expression.split_ascii_whitespace().take(8).collect();
        let [minute, hour, day, month, weekday] = fields[..] else { return Err(wrong_count(fields.len())) };
        Ok(Self {
            minutes: MINUTE.values(minute)?,
            hours: HOUR.values(hour)?,
            days: Days::parse(day, month, weekday)?,
            is_interval: begins_with_star(minute) || begins_with_star(hour),
        })
    }

    /// Whether it names a single time of the day.
    pub(super) fn is_daily_at_most(&self) -> bool {
        self.minutes.count_ones() == 1 && self.hours.count_ones() == 1
    }

    /// The first local time of the rule from this one on, at the beginning of a minute.
    pub(super) fn first_from(&self, from: DateTime) -> Option<DateTime> {
        let from = whole_minute_from(from)?;
        let day = self.days.first_from(from.date())?;
        if day > from.date() {
            return Some(self.first_on(day));
        }
        match self.first_time_from(from.time()) {
            Some(time) => Some(day.to_datetime(time)),
            None => self.days.first_from(day.tomorrow().ok()?).map(|day| self.first_on(day)),
        }
    }

    fn first_on(&self, day: Date) -> DateTime {
        day.to_datetime(time(self.hours.trailing_zeros(), self.minutes.trailing_zeros()))
    }

    fn first_time_from(&self, from: Time) -> Option<Time> {
        let later_minutes = self.minutes & (!0 << from.minute());
        let in_this_hour = self.hours >> from.hour() & 1 == 1 && later_minutes != 0;
        if in_this_hour {
            return Some(time(u32::from(from.hour().unsigned_abs()), later_minutes.trailing_zeros()));
        }
        let later_hours = self.hours & (!0 << from.hour() << 1);
        (later_hours != 0).then(|| time(later_hours.trailing_zeros(), self.minutes.trailing_zeros()))
    }
}

/// The first beginning of a minute that is not before this time; `None` where the calendar ends.
pub(super) fn whole_minute_from(at: DateTime) -> Option<DateTime> {
    let begun = at.with().second(0).subsec_nanosecond(0).build().ok()?;
    if begun == at { Some(at) } else { begun.checked_add(jiff::SignedDuration::from_mins(1)).ok() }
}

fn time(hour: u32, minute: u32) -> Time {
    let small = |number: u32| i8::try_from(number).expect("fields hold nothing above 59");
    Time::new(small(hour), small(minute), 0, 0).expect("fields hold hours and minutes")
}

fn wrong_count(count: usize) -> String {
    match count {
        6 => "it has 6 fields; there is none for seconds, as a job is due at most once a minute".to_owned(),
        1 => "it has 1 field".to_owned(),
        8.. => "it has too many fields".to_owned(),
        _ => format!("it has {count} fields"),
    }
}
