//! The second opinion on jumps: the main loop of Debian's cron, minute by minute, with a reader of fields of its own.
//!
//! It is written from what that loop does at each wake-up, knows no zone transitions and looks nothing ahead.

use std::ops::RangeInclusive;

use instar_core::schedule::Schedule;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::{due_times, zone};

/// With summer time of all kinds: of an hour, half an hour and two, at midnight, with days that are left out.
const ZONES: [&str; 26] = [
    "UTC",
    "America/New_York",
    "America/Los_Angeles",
    "America/St_Johns",
    "America/Sao_Paulo",
    "America/Havana",
    "America/Santiago",
    "America/Caracas",
    "Europe/Berlin",
    "Europe/Dublin",
    "Europe/London",
    "Europe/Lisbon",
    "Europe/Moscow",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Asia/Beirut",
    "Asia/Tehran",
    "Asia/Gaza",
    "Asia/Pyongyang",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Antarctica/Troll",
    "Antarctica/Casey",
    "Pacific/Apia",
    "Pacific/Kwajalein",
    "Pacific/Chatham",
];

struct Entry {
    fields: [Vec<i64>; 5],
    is_interval: bool,
    both_days: bool,
}

impl Entry {
    fn read(expression: &str) -> Self {
        let texts: Vec<_> = expression.split(' ').collect();
        let ranges: [RangeInclusive<i64>; 5] = [0..=59, 0..=23, 1..=31, 1..=12, 0..=7];
        let mut fields = [const { Vec::new() }; 5];
        for (index, range) in ranges.into_iter().enumerate() {
            fields[index] = range.clone().filter(|value| is_in(texts[index], *value, &range)).collect();
        }
        let star = |index: usize| texts[index].starts_with('*');
        Self { fields, is_interval: star(0) || star(1), both_days: star(2) || star(4) }
    }

    /// Whether the entry names this minute of a clock, counted from 1970.
    fn matches(&self, minute: i64) -> bool {
        let shown = Timestamp::from_second(minute * 60).expect("it is near").to_zoned(TimeZone::UTC);
        let has = |field: usize, value: i8| self.fields[field].contains(&i64::from(value));
        let weekday = shown.weekday().to_sunday_zero_offset();
        let (day, weekday) = (has(2, shown.day()), has(4, weekday) || (weekday == 0 && has(4, 7)));
        let is_day = if self.both_days { day && weekday } else { day || weekday };
        has(0, shown.minute()) && has(1, shown.hour()) && has(3, shown.month()) && is_day
    }
}

fn is_in(list: &str, value: i64, whole: &RangeInclusive<i64>) -> bool {
    list.split(',').any(|item| {
        let (range, step) = item.split_once('/').unwrap_or((item, "1"));
        let number = |text: &str| text.parse::<i64>().expect("the test writes numbers");
        let range = match range.split_once('-') {
            _ if range == "*" => whole.clone(),
            Some((first, last)) => number(first)..=number(last),
            None => number(range)..=number(range),
        };
        range.contains(&value) && (value - range.start()) % number(step) == 0
    })
}

/// What cron starts in the minutes of real time after `from` and up to `to`.
fn as_debian_runs(entry: &Entry, zone: &TimeZone, from: Timestamp, to: Timestamp) -> Vec<Timestamp> {
    let clock = |at: i64| {
        let offset = zone.to_offset(Timestamp::from_second(at * 60).expect("it is near"));
        at + i64::from(offset.seconds()) / 60
    };
    let (first, last) = (from.as_second() / 60, to.as_second() / 60);
    let mut virtual_time = clock(first);
    let mut started = Vec::new();
    for now in first + 1..=last {
        let running = clock(now);
        let mut has_run = false;
        match running - virtual_time {
            1..=5 => {
                has_run = (virtual_time + 1..=running).any(|minute| entry.matches(minute));
                virtual_time = running;
            }
            6..=180 => {
                has_run |= entry.is_interval && entry.matches(running);
                has_run |= !entry.is_interval && (virtual_time + 1..=running).any(|minute| entry.matches(minute));
                virtual_time = running;
            }
            -179..=0 => has_run = entry.is_interval && entry.matches(running),
            _ => {
                virtual_time = running;
                has_run |= entry.matches(running);
            }
        }
        if has_run {
            started.push(Timestamp::from_second(now * 60).expect("it is near"));
        }
    }
    started
}

fn small(range: std::ops::Range<u8>) -> impl Strategy<Value = String> {
    let (low, high) = (range.start, range.end - 1);
    let number = range.clone();
    prop_oneof![
        3 => Just("*".to_owned()),
        2 => (2..20_u8).prop_map(|step| format!("*/{step}")),
        6 => number.clone().prop_map(|value| value.to_string()),
        2 => (number.clone(), number.clone()).prop_map(|(a, b)| format!("{a},{b}")),
        2 => (number.clone(), number.clone()).prop_map(|(a, b)| format!("{}-{}", a.min(b), a.max(b))),
        1 => (number, 1..9_u8).prop_map(move |(a, step)| format!("{a}-{high}/{step},{low}")),
    ]
}

/// Hours of the night are more interesting than those of the day, and days that come than those that do not.
fn expression() -> impl Strategy<Value = String> {
    let hour = prop_oneof![3 => small(0..5), 1 => small(0..24)];
    let day = prop_oneof![4 => Just("*".to_owned()), 1 => small(1..32)];
    let month = prop_oneof![6 => Just("*".to_owned()), 1 => small(1..13)];
    let weekday = prop_oneof![4 => Just("*".to_owned()), 1 => small(0..8)];
    (small(0..60), hour, day, month, weekday)
        .prop_map(|(minute, hour, day, month, weekday)| format!("{minute} {hour} {day} {month} {weekday}"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn due_times_are_what_debian_would_start(
        expression in expression(),
        zone_name in prop::sample::select(&ZONES[..]),
        // From 1975, when the last zone had whole minutes, to 2045.
        around in 157_766_400_i64..2_366_841_600,
        later in 0..86_400_000_i64,
    ) {
        let zone = zone(zone_name);
        let around = Timestamp::from_second(around).expect("it is near");
        let edge = zone.following(around).next().map_or(around, |transition| transition.timestamp());
        let day = SignedDuration::from_hours(25);
        let from = Timestamp::from_second((edge - day).as_second() / 60 * 60).expect("it is near");
        let to = edge + day;
        let expected = as_debian_runs(&Entry::read(&expression), &zone, from, to);
        let schedule = Schedule::parse(&expression).expect("it is an expression");
        let due: Vec<_> = due_times(&schedule, from, &zone).take_while(|due| *due <= to).collect();
        let differ = due.iter().zip(&expected).find(|(ours, theirs)| ours != theirs);
        prop_assert!(due == expected, "`{expression}` in {zone_name} around {edge}: first ours, its: {differ:?}");

        let somewhere = from + SignedDuration::from_millis(later);
        let next = schedule.next_after(somewhere, &zone).filter(|due| *due <= to);
        let expected = expected.into_iter().find(|due| *due > somewhere);
        prop_assert_eq!(next, expected, "`{}` in {} after {}", expression, zone_name, somewhere);
    }

    #[test]
    fn any_text_and_any_instant_are_answered(
        text in "[0-9*/,?LW#a-z@+ -]{0,24}",
        seconds in -377_705_023_201_i64..253_402_207_200,
        zone_name in prop::sample::select(&ZONES[..]),
    ) {
        let after = Timestamp::from_second(seconds).expect("it is a time");
        if let Ok(schedule) = Schedule::parse(&text) {
            prop_assert!(schedule.next_after(after, &zone(zone_name)).is_none_or(|due| due > after));
        }
    }

    #[test]
    fn any_expression_in_any_century_goes_forward(
        expression in expression(),
        seconds in -377_705_023_201_i64..253_402_207_200,
        zone_name in prop::sample::select(&ZONES[..]),
    ) {
        let after = Timestamp::from_second(seconds).expect("it is a time");
        let schedule = Schedule::parse(&expression).expect("it is an expression");
        let due: Vec<_> = due_times(&schedule, after, &zone(zone_name)).take(20).collect();
        prop_assert!(due.first().is_none_or(|due| *due > after) && due.is_sorted_by(|a, b| a < b), "{due:?}");
    }
}
