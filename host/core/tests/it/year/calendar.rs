//! A calendar that is counted, minute by minute, and what is due in it: nothing here looks ahead or knows a rule of the
//! product.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::dice::Dice;

/// 1 March 2026, in minutes since 1970, and how far the simulation may go from there.
pub(super) const BEGIN: i64 = 29_538_720;
pub(super) const END: i64 = BEGIN + 365 * DAY;
const FIRST: i64 = BEGIN - 60 * DAY;
const LAST: i64 = END + 120 * DAY;
pub(super) const DAY: i64 = 24 * 60;

/// Some never change their clocks, the others do so at different times, one of them by half an hour.
const ZONES: [&str; 5] = ["UTC", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Tokyo"];

/// When a job is due, as sets of bits: what the generator wrote, before it was text.
#[derive(Debug, Clone)]
struct Wanted {
    minutes: u64,
    hours: u32,
    days: u32,
    weekdays: u8,
    /// Minute or hour begins with a star.
    is_interval: bool,
}

/// A schedule as text, and all its due times in minutes since 1970.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) expression: String,
    pub(super) zone: &'static str,
    /// It names one time of the day.
    pub(super) is_daily_at_most: bool,
    pub(super) due: Vec<i64>,
}

/// What a clock shows in one minute.
#[derive(Debug, Clone, Copy)]
struct Shown {
    minute: u8,
    hour: u8,
    day: u8,
    weekday: u8,
}

/// So many schedules in all zones.
pub(super) fn plans(count: usize) -> Vec<Plan> {
    let mut dice = Dice::new(7);
    let shown = shown_minutes();
    let offsets = ZONES.map(offsets);
    let plan = |number: usize| {
        let (expression, wanted, is_daily_at_most) = schedule(&mut dice);
        let zone = number % ZONES.len();
        let due = due(&wanted, &shown, &offsets[zone]);
        Plan { expression, zone: ZONES[zone], is_daily_at_most, due }
    };
    (0..count).map(plan).collect()
}

fn schedule(dice: &mut Dice) -> (String, Wanted, bool) {
    let (minute, hour, other) = (dice.below(60), dice.below(24), dice.below(24));
    let (day, weekday) = (dice.below(31) + 1, dice.below(7));
    let at = Wanted { minutes: 1 << minute, hours: 1 << hour, days: !0, weekdays: !0, is_interval: false };
    let every = |step: u32| (0..24).filter(|hour| hour % step == 0).fold(0, |hours, hour| hours | 1 << hour);
    match dice.below(20) {
        0..8 => (format!("{minute} {hour} * * *"), at, true),
        8..10 => (format!("{minute} {hour} * * 1-5"), Wanted { weekdays: 0b011_1110, ..at }, true),
        10..12 => (format!("{minute} {hour} * * {weekday}"), Wanted { weekdays: 1 << weekday, ..at }, true),
        12..14 => (format!("{minute} {hour} {day} * *"), Wanted { days: 1 << day, ..at }, true),
        14 => {
            let hours = 1 << hour | 1 << other;
            (format!("{minute} {hour},{other} * * *"), Wanted { hours, ..at }, hour == other)
        }
        15 => (format!("{minute} 9-17 * * 1-5"), Wanted { hours: 0x3_FE00, weekdays: 0b011_1110, ..at }, false),
        16 => (format!("{minute} */8 * * *"), Wanted { hours: every(8), is_interval: true, ..at }, false),
        17 => (format!("{minute} */6 * * *"), Wanted { hours: every(6), is_interval: true, ..at }, false),
        18 => (format!("{minute} * * * 6"), Wanted { hours: !0, weekdays: 1 << 6, is_interval: true, ..at }, false),
        _ => {
            let minutes = 1 | 1 << 30;
            (format!("*/30 {hour} * * *"), Wanted { minutes, is_interval: true, ..at }, false)
        }
    }
}

/// What a clock shows in each minute from a day before the first to a day after the last, counted up.
fn shown_minutes() -> Vec<Shown> {
    let begin = Timestamp::from_second((FIRST - DAY) * 60).expect("it is near").to_zoned(TimeZone::UTC).datetime();
    let (mut year, mut month, mut day) = (begin.year(), begin.month(), begin.day());
    let mut weekday = begin.weekday().to_sunday_zero_offset();
    let mut shown = Vec::new();
    for _ in 0..(LAST - FIRST) / DAY + 2 {
        for of_day in 0..24 * 60_u16 {
            let small = |number: u16| u8::try_from(number).expect("a day is short");
            let (day, weekday) = (day.unsigned_abs(), weekday.unsigned_abs());
            shown.push(Shown { minute: small(of_day % 60), hour: small(of_day / 60), day, weekday });
        }
        weekday = (weekday + 1) % 7;
        day += 1;
        if day > days_of(year, month) {
            (month, day) = (month + 1, 1);
        }
        if month > 12 {
            (year, month) = (year + 1, 1);
        }
    }
    shown
}

fn days_of(year: i16, month: i8) -> i8 {
    match month {
        2 if year % 4 == 0 => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The offset of a zone in minutes, from each minute at which it changes.
fn offsets(zone: &str) -> Vec<(i64, i64)> {
    let zone = TimeZone::get(zone).expect("it is a zone");
    let mut offsets = Vec::new();
    for minute in (FIRST..=LAST).step_by(15) {
        let offset = zone.to_offset(Timestamp::from_second(minute * 60).expect("it is near")).seconds() / 60;
        if offsets.last().is_none_or(|(_, before)| *before != i64::from(offset)) {
            offsets.push((minute, i64::from(offset)));
        }
    }
    offsets
}

/// What Debian's cron would start, told by its loop over the minutes.
fn due(wanted: &Wanted, shown: &[Shown], offsets: &[(i64, i64)]) -> Vec<i64> {
    let matches = |local: i64| {
        let shown = shown[usize::try_from(local - (FIRST - DAY)).unwrap_or(usize::MAX)];
        wanted.minutes >> shown.minute & 1 == 1
            && wanted.hours >> shown.hour & 1 == 1
            && wanted.days >> shown.day & 1 == 1
            && wanted.weekdays >> shown.weekday & 1 == 1
    };
    let mut due = Vec::new();
    let mut next = 1;
    let mut offset = offsets[0].1;
    let mut seen = FIRST + offset;
    let mut minute = FIRST;
    while minute < LAST {
        minute += 1;
        if next < offsets.len() && offsets[next].0 == minute {
            (offset, next) = (offsets[next].1, next + 1);
        }
        let running = minute + offset;
        let starts = match running - seen {
            1 => matches(running),
            // The clock went back, by less than three hours.
            -180..=0 => wanted.is_interval && matches(running),
            _ if wanted.is_interval => matches(running),
            _ => (seen + 1..=running).any(matches),
        };
        if running > seen {
            seen = running;
        }
        if starts {
            due.push(minute);
        }
    }
    due
}
