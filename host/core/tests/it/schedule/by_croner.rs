//! The second opinion on days: croner, where it means the same: no clock jumps, and `*` stands alone.

use instar_core::schedule::Schedule;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use proptest::prelude::*;

use super::due_times;

fn day() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => Just("*".to_owned()),
        1 => Just("?".to_owned()),
        2 => (1..32_u8).prop_map(|day| day.to_string()),
        1 => (1..16_u8, 16..32_u8).prop_map(|(from, to)| format!("{from}-{to}/3")),
        2 => Just("L".to_owned()),
        1 => Just("LW".to_owned()),
        2 => (1..32_u8).prop_map(|day| format!("{day}W")),
    ]
}

fn weekday() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => Just("*".to_owned()),
        1 => (0..8_u8).prop_map(|day| day.to_string()),
        1 => Just("MON-FRI".to_owned()),
        1 => Just("fri-sun".to_owned()),
        2 => (0..8_u8, 1..6_u8).prop_map(|(day, nth)| format!("{day}#{nth}")),
        2 => (0..8_u8).prop_map(|day| format!("{day}L")),
    ]
}

fn month() -> impl Strategy<Value = String> {
    prop_oneof![2 => Just("*".to_owned()), 1 => (1..13_u8).prop_map(|month| month.to_string()), 1 => Just("FEB".to_owned())]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn days_are_croners(
        day in day(),
        month in month(),
        weekday in weekday(),
        seconds in 0..3_000_000_000_i64,
    ) {
        let expression = format!("30 12 {day} {month} {weekday}");
        let after = Timestamp::from_second(seconds).expect("it is near");
        let schedule = Schedule::parse(&expression).expect("it is an expression");
        let due: Vec<_> = due_times(&schedule, after, &TimeZone::UTC).take(6).collect();
        let croner: croner::Cron = expression.parse().expect("croner takes it too");
        let theirs = croner.iter_after(Zoned::new(after, TimeZone::UTC)).take(6).map(|due| due.timestamp());
        prop_assert_eq!(due, theirs.collect::<Vec<_>>(), "`{}` after {}", expression, after);
    }
}
