//! Schedules against the wall clocks of the world: known edges by name, all others by a second opinion.

mod by_croner;
mod by_debian;

use instar_core::schedule::Schedule;
use jiff::Timestamp;
use jiff::tz::TimeZone;

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).expect("the test names a zone that there is")
}

/// The first due times after an instant, as far as there are any.
fn due_times<'a>(schedule: &'a Schedule, after: Timestamp, zone: &'a TimeZone) -> impl Iterator<Item = Timestamp> + 'a {
    std::iter::successors(schedule.next_after(after, zone), move |due| schedule.next_after(*due, zone))
}

#[track_caller]
fn check(zone_name: &str, expression: &str, after: &str, expected: &[&str]) {
    let (schedule, zone) = (Schedule::parse(expression).expect("it is an expression"), zone(zone_name));
    let after = after.parse().expect("it is a time");
    let due: Vec<_> = due_times(&schedule, after, &zone).take(expected.len()).collect();
    let due: Vec<_> = due.iter().map(ToString::to_string).collect();
    assert_eq!(due, expected, "`{expression}` in {zone_name} after {after}");
}

#[test]
fn fixed_times_in_the_spring_gap_run_once_right_after_it() {
    let daily = ["2026-03-07T07:30:00Z", "2026-03-08T07:00:00Z", "2026-03-09T06:30:00Z"];
    check("America/New_York", "30 2 * * *", "2026-03-07T00:00:00Z", &daily);
    let once = ["2026-03-08T07:00:00Z", "2026-03-09T06:00:00Z"];
    check("America/New_York", "0,30 2 * * *", "2026-03-08T00:00:00Z", &once);
    check("America/New_York", "0 2,3 * * *", "2026-03-08T00:00:00Z", &once);
    check(
        "America/New_York",
        "15 0-2 8 3 *",
        "2026-03-08T06:00:00Z",
        &["2026-03-08T06:15:00Z", "2026-03-08T07:00:00Z"],
    );
    check("America/New_York", "30 2 * * 1", "2026-03-08T00:00:00Z", &["2026-03-09T06:30:00Z"]);
    check("America/New_York", "30 2 * * *", "2026-03-08T06:59:59.9Z", &["2026-03-08T07:00:00Z"]);
    check("America/New_York", "30 2 * * *", "2026-03-08T07:00:00Z", &["2026-03-09T06:30:00Z"]);
}

#[test]
fn fixed_times_in_the_autumn_overlap_run_in_the_first_pass_only() {
    let daily = ["2026-10-31T05:30:00Z", "2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"];
    check("America/New_York", "30 1 * * *", "2026-10-31T00:00:00Z", &daily);
    check("America/New_York", "30 1 * * *", "2026-11-01T06:10:00Z", &["2026-11-02T06:30:00Z"]);
    check("America/New_York", "0 2 * * *", "2026-11-01T05:00:00Z", &["2026-11-01T07:00:00Z"]);
}

#[test]
fn intervals_follow_real_time() {
    let spring = ["2026-03-08T06:30:00Z", "2026-03-08T07:00:00Z", "2026-03-08T07:30:00Z"];
    check("America/New_York", "*/30 * * * *", "2026-03-08T06:00:00Z", &spring);
    let autumn = ["2026-11-01T05:30:00Z", "2026-11-01T06:00:00Z", "2026-11-01T06:30:00Z", "2026-11-01T07:00:00Z"];
    check("America/New_York", "*/30 * * * *", "2026-11-01T05:00:00Z", &autumn);
    let hourly = ["2026-11-01T05:00:00Z", "2026-11-01T06:00:00Z", "2026-11-01T07:00:00Z"];
    check("America/New_York", "@hourly", "2026-11-01T04:00:00Z", &hourly);
    check("America/New_York", "*/30 2 * * *", "2026-03-08T00:00:00Z", &["2026-03-09T06:00:00Z"]);
    check("America/New_York", "15 */2 * * *", "2026-03-08T05:30:00Z", &["2026-03-08T08:15:00Z"]);
}

#[test]
fn jumps_of_half_an_hour_count_as_well() {
    let spring = ["2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z"];
    check("Australia/Lord_Howe", "15 2 * * *", "2026-10-03T00:00:00Z", &spring);
    let autumn = ["2026-04-04T14:45:00Z", "2026-04-05T15:15:00Z"];
    check("Australia/Lord_Howe", "45 1 * * *", "2026-04-04T00:00:00Z", &autumn);
    let twice = ["2026-04-04T14:45:00Z", "2026-04-04T15:15:00Z", "2026-04-05T14:30:00Z"];
    check("Australia/Lord_Howe", "*/45 1 * * *", "2026-04-04T14:00:00Z", &twice);
}

#[test]
fn a_midnight_that_is_skipped_is_made_up_for() {
    check("America/Sao_Paulo", "@daily", "2018-11-03T12:00:00Z", &["2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z"]);
    check("Africa/Cairo", "@midnight", "2026-04-23T00:00:00Z", &["2026-04-23T22:00:00Z", "2026-04-24T21:00:00Z"]);
    check("Asia/Beirut", "0 0 * * *", "2026-03-28T00:00:00Z", &["2026-03-28T22:00:00Z", "2026-03-29T21:00:00Z"]);
}

#[test]
fn a_day_that_a_zone_skips_is_gone() {
    check("Pacific/Apia", "0 12 * * *", "2011-12-29T00:00:00Z", &["2011-12-29T22:00:00Z", "2011-12-30T22:00:00Z"]);
    check("Pacific/Apia", "0 0 30 12 *", "2011-06-01T00:00:00Z", &["2012-12-29T10:00:00Z"]);
    check("Pacific/Apia", "@hourly", "2011-12-30T09:00:00Z", &["2011-12-30T10:00:00Z", "2011-12-30T11:00:00Z"]);
}

#[test]
fn years_end_and_leap_days_come() {
    check("UTC", "59 23 31 12 *", "2026-01-01T00:00:00Z", &["2026-12-31T23:59:00Z", "2027-12-31T23:59:00Z"]);
    check("Europe/Berlin", "0 0 29 2 *", "2026-01-01T00:00:00Z", &["2028-02-28T23:00:00Z", "2032-02-28T23:00:00Z"]);
    check("Europe/Berlin", "0 12 29 2 */7", "2026-01-01T00:00:00Z", &["2032-02-29T11:00:00Z", "2060-02-29T11:00:00Z"]);
    check("Europe/Berlin", "@yearly", "9998-06-01T00:00:00Z", &["9998-12-31T23:00:00Z"]);
}

#[test]
fn the_ends_of_time_are_no_place_to_panic_at() {
    let zones = ["UTC", "Asia/Tokyo", "America/New_York", "Pacific/Apia", "Australia/Lord_Howe"].map(zone);
    let edges = [Timestamp::MIN, Timestamp::MAX, Timestamp::UNIX_EPOCH];
    for expression in ["* * * * *", "30 2 * * *", "0 0 30 2 *", "0 0 29 2 *", "59 23 31 12 *", "0 0 LW * 5#5"] {
        let schedule = Schedule::parse(expression).unwrap();
        for (zone, edge) in zones.iter().flat_map(|zone| edges.map(|edge| (zone, edge))) {
            let due = schedule.next_after(edge, zone);
            assert!(due.is_none_or(|due| due > edge), "`{expression}` after {edge}: {due:?}");
        }
        assert_eq!(schedule.next_after(Timestamp::MAX, &zones[0]), None, "`{expression}`");
    }
}
