//! The three fields of the date: on which days of the calendar a schedule has its times.
//!
//! A day of the month and a day of the week combine as in Debian's cron: when either field begins with `*`, both must
//! match, otherwise one of them is enough. `L`, `W`, `#` and `?` are croner's, as the predecessor took them.

use jiff::civil::Date;

use super::field::{DAY, MONTH, WEEKDAY, begins_with_star};

/// Which days, as sets of bits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Days {
    months: u64,
    of_month: OfMonth,
    of_week: OfWeek,
    both_must_match: bool,
}

#[derive(Debug, Clone, Copy, Default)]
struct OfMonth {
    days: u64,
    /// `L`
    last: bool,
    /// `LW`
    last_workday: bool,
    /// `15W`: the workday of the same month that is nearest to the day.
    nearest_workday: u64,
}

/// Sunday is bit 0.
#[derive(Debug, Clone, Copy, Default)]
struct OfWeek {
    every: u64,
    /// `5#3`: the weekdays of the first, the second ... of their kind in the month.
    nth: [u64; 5],
    /// `5L`: the last of its kind in the month.
    last: u64,
}

/// A date that comes at all comes within forty years: 29 February on a given weekday, around a year such as 2100.
const MONTHS_AHEAD: u32 = 100 * 12;

const ALL_WEEKDAYS: u64 = 0b111_1111;

impl Days {
    pub(super) fn parse(day: &str, month: &str, weekday: &str) -> Result<Self, String> {
        let is_open = |text: &str| begins_with_star(text) || text == "?";
        Ok(Self {
            months: MONTH.values(month)?,
            of_month: OfMonth::parse(day)?,
            of_week: OfWeek::parse(weekday)?,
            both_must_match: is_open(day) || is_open(weekday),
        })
    }

    /// The first of the days from this one on; `None` when there is none in a hundred years.
    pub(super) fn first_from(&self, date: Date) -> Option<Date> {
        let (mut year, mut month, mut from) = (date.year(), date.month(), date.day());
        for _ in 0..MONTHS_AHEAD {
            if self.months >> month & 1 == 1 {
                let days = self.of(year, month)? & (!0 << from);
                if days != 0 {
                    let day = i8::try_from(days.trailing_zeros()).expect("a day of a month is small");
                    return Date::new(year, month, day).ok();
                }
            }
            (year, month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
            from = 1;
        }
        None
    }

    /// The days of one month; `None` where the calendar ends.
    fn of(&self, year: i16, month: i8) -> Option<u64> {
        let month = Month::new(Date::new(year, month, 1).ok()?);
        let (of_month, of_week) = (self.of_month.within(&month), self.of_week.within(&month));
        Some(if self.both_must_match { of_month & of_week } else { of_month | of_week })
    }
}

/// How the weeks lie in a month.
struct Month {
    length: u32,
    /// The weekday of the first, from Sunday.
    begins_on: u32,
}

impl Month {
    fn new(first: Date) -> Self {
        let small = |number: i8| u32::try_from(number).expect("days are counted from 0");
        Self { length: small(first.days_in_month()), begins_on: small(first.weekday().to_sunday_zero_offset()) }
    }

    fn all(&self) -> u64 {
        (1 << (self.length + 1)) - 2
    }

    fn weekday(&self, day: u32) -> u32 {
        (self.begins_on + day - 1) % 7
    }

    /// The day itself, or the Friday or Monday beside it that lies in this month.
    fn workday_near(&self, day: u32) -> u32 {
        match self.weekday(day) {
            0 if day == self.length => day - 2,
            0 => day + 1,
            6 if day == 1 => 3,
            6 => day - 1,
            _ => day,
        }
    }

    fn last_workday(&self) -> u32 {
        match self.weekday(self.length) {
            0 => self.length - 2,
            6 => self.length - 1,
            _ => self.length,
        }
    }
}

impl OfMonth {
    fn parse(text: &str) -> Result<Self, String> {
        if text == "?" {
            return Ok(Self { days: DAY.values("*")?, ..Self::default() });
        }
        let mut read = Self::default();
        for item in text.split(',') {
            match item.to_ascii_uppercase().as_str() {
                "L" => read.last = true,
                "LW" => read.last_workday = true,
                upper => match upper.strip_suffix('W') {
                    Some(day) => read.nearest_workday |= 1 << DAY.value(day)?,
                    None => read.days |= DAY.item(item)?,
                },
            }
        }
        Ok(read)
    }

    fn within(&self, month: &Month) -> u64 {
        let mut days = self.days & month.all();
        if self.last {
            days |= 1 << month.length;
        }
        if self.last_workday {
            days |= 1 << month.last_workday();
        }
        let near = (1..=month.length).filter(|day| self.nearest_workday >> day & 1 == 1);
        near.fold(days, |days, day| days | 1 << month.workday_near(day))
    }
}

impl OfWeek {
    fn parse(text: &str) -> Result<Self, String> {
        if text == "?" {
            return Ok(Self { every: ALL_WEEKDAYS, ..Self::default() });
        }
        let mut read = Self::default();
        for item in text.split(',') {
            if let Some((day, nth)) = item.split_once('#') {
                let nth = nth.parse::<usize>().ok().and_then(|nth| nth.checked_sub(1));
                let place = nth.and_then(|nth| read.nth.get_mut(nth));
                let place = place.ok_or_else(|| WEEKDAY.wrong("what follows `#` is not a number from 1 to 5"))?;
                *place |= 1 << (WEEKDAY.value(day)? % 7);
            } else if let Some(day) = item.strip_suffix(['L', 'l']) {
                if day.is_empty() {
                    return Err(WEEKDAY.wrong("`L` needs a day before it, as in `5L` for the last Friday"));
                }
                read.last |= 1 << (WEEKDAY.value(day)? % 7);
            } else {
                let days = WEEKDAY.item(item)?;
                read.every |= (days | days >> 7) & ALL_WEEKDAYS;
            }
        }
        Ok(read)
    }

    fn within(&self, month: &Month) -> u64 {
        if self.every == ALL_WEEKDAYS {
            return month.all();
        }
        let matches = |day: u32| {
            let nth = self.nth[(day as usize - 1) / 7];
            let last = if day + 7 > month.length { self.last } else { 0 };
            (self.every | nth | last) >> month.weekday(day) & 1 == 1
        };
        (1..=month.length).filter(|day| matches(*day)).fold(0, |days, day| days | 1 << day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(fields: &str, expected: &[&str]) {
        let [day, month, weekday] = fields.split(' ').collect::<Vec<_>>()[..] else { panic!("{fields:?}") };
        let days = Days::parse(day, month, weekday).unwrap();
        let mut found = Vec::new();
        let mut date = jiff::civil::date(2026, 2, 1);
        while let (Some(next), true) = (days.first_from(date), found.len() < expected.len()) {
            found.push(next.to_string());
            date = next.tomorrow().unwrap();
        }
        assert_eq!(found, expected, "{fields}");
    }

    #[test]
    fn both_days_must_match_when_one_begins_with_a_star() {
        check("13 * 5", &["2026-02-06", "2026-02-13", "2026-02-20"]);
        check("1 * 1", &["2026-02-01", "2026-02-02", "2026-02-09"]);
        check("*/13 * 5", &["2026-02-27", "2026-03-27"]);
        check("13 * */5", &["2026-02-13", "2026-03-13", "2026-09-13"]);
        check("13 * 0-6", &["2026-02-01", "2026-02-02"]);
        check("13 * ?", &["2026-02-13", "2026-03-13"]);
        check("? * 5", &["2026-02-06", "2026-02-13"]);
        check("13,* * 5", &["2026-02-01", "2026-02-02"]);
    }

    #[test]
    fn last_nearest_and_nth_days_are_found() {
        check("L * *", &["2026-02-28", "2026-03-31", "2026-04-30"]);
        check("LW * *", &["2026-02-27", "2026-03-31"]);
        check("1w,L * *", &["2026-02-02", "2026-02-28", "2026-03-02", "2026-03-31"]);
        check("1W 8 *", &["2026-08-03"]);
        check("31W 5 *", &["2026-05-29"]);
        check("15W * *", &["2026-02-16", "2026-03-16", "2026-04-15"]);
        check("* * mon#1,5L", &["2026-02-02", "2026-02-27", "2026-03-02", "2026-03-27"]);
        check("* * 7#5", &["2026-03-29", "2026-05-31"]);
    }

    #[test]
    fn rare_dates_are_found_and_impossible_ones_are_not() {
        check("29 2 *", &["2028-02-29", "2032-02-29"]);
        check("29 2 */7", &["2032-02-29", "2060-02-29", "2088-02-29", "2128-02-29"]);
        for (day, month, weekday) in
            [("30", "2", "*"), ("31", "4,6,9,11", "*"), ("15W", "*", "*/7"), ("*/30", "2", "1#5")]
        {
            let days = Days::parse(day, month, weekday).unwrap();
            assert_eq!(days.first_from(jiff::civil::date(2026, 1, 1)), None, "{day} {month} {weekday}");
        }
    }

    #[test]
    fn half_a_modifier_is_refused() {
        for (day, weekday) in [
            ("L-3", "*"),
            ("W", "*"),
            ("32W", "*"),
            ("1-5W", "*"),
            ("?/2", "*"),
            ("1,?", "*"),
            ("*", "L"),
            ("*", "5#6"),
            ("*", "5#0"),
            ("*", "#2"),
            ("*", "1-5#2"),
            ("*", "8L"),
            ("*", "+1"),
        ] {
            assert!(Days::parse(day, "*", weekday).is_err(), "{day} * {weekday} was taken");
        }
    }
}
