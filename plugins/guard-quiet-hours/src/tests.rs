use instar_plugin_sdk::Origin;

use super::*;

const NIGHT: &str = r#"{"hours":[{"from":"22:00","to":"07:00"}],"zone":"Europe/Berlin"}"#;

/// What is said at a moment; none is no objection.
fn said(config: &str, job: &str, at: &str) -> Option<String> {
    let config: Config = serde_json::from_str(config).unwrap();
    let now: Timestamp = at.parse().unwrap();
    let now_ms = u64::try_from(now.as_millisecond()).unwrap();
    let ctx = CallCtx { origin: Origin::Cron, trace_id: String::new(), job: None, session: None, now_ms };
    let findings = QuietHours::check(&ctx, &config, job, "[]").findings;
    assert!(findings.iter().all(|finding| finding.answer == Answer::Deny && finding.rule == RULE));
    findings.into_iter().next().map(|finding| finding.detail)
}

#[track_caller]
fn check(config: &str, at: &str, until: Option<&str>) {
    let said = said(config, r#"{"slug":"a","priority":"normal"}"#, at);
    let expected = until.map(|until| format!("these are quiet hours; it may start again from {until}"));
    assert_eq!(said, expected, "at {at}");
}

#[test]
fn without_hours_nothing_is_said() {
    check("{}", "2026-11-28T02:00:00Z", None);
    assert_eq!(QuietHours::rules(&Config::default()), []);
}

#[test]
fn hours_go_over_midnight_and_end_as_clocks_on_the_wall_show_it() {
    // Berlin is an hour ahead of UTC in winter, and two in summer.
    for (at, until) in [
        ("2026-11-28T20:59:59Z", None),
        ("2026-11-28T21:00:00Z", Some("2026-11-29 07:00 (Europe/Berlin)")),
        ("2026-11-29T05:59:59Z", Some("2026-11-29 07:00 (Europe/Berlin)")),
        ("2026-11-29T06:00:00Z", None),
        ("2026-07-01T05:00:00Z", None),
        ("2026-07-01T04:59:00Z", Some("2026-07-01 07:00 (Europe/Berlin)")),
    ] {
        check(NIGHT, at, until);
    }
}

#[test]
fn clocks_that_jump_make_a_night_shorter_or_longer() {
    let hours = r#"{"hours":[{"from":"01:30","to":"02:30"}],"zone":"Europe/Berlin"}"#;
    // In March the clock goes from 02:00 to 03:00, so that 02:30 is 03:30.
    check(hours, "2026-03-29T00:45:00Z", Some("2026-03-29 03:30 (Europe/Berlin)"));
    check(hours, "2026-03-29T01:30:00Z", None);
    // In October the hour from 02:00 comes twice; the first one counts.
    check(hours, "2026-10-25T00:15:00Z", Some("2026-10-25 02:30 (Europe/Berlin)"));
    check(hours, "2026-10-25T01:15:00Z", None);
}

#[test]
fn hours_may_begin_on_some_days_only_and_follow_each_other() {
    let weekend = r#"{"hours":[
        {"from":"18:00","to":"24:00","days":["fri"]},
        {"from":"00:00","to":"24:00","days":["sat","sun"]}
    ]}"#;
    check(weekend, "2026-11-27T17:59:00Z", None);
    check(weekend, "2026-11-27T18:00:00Z", Some("2026-11-30 00:00 (UTC)"));
    check(weekend, "2026-11-29T23:59:00Z", Some("2026-11-30 00:00 (UTC)"));
    check(weekend, "2026-11-30T00:00:00Z", None);
    let from_sunday = r#"{"hours":[{"from":"22:00","to":"06:00","days":["sun"]}]}"#;
    check(from_sunday, "2026-11-30T05:00:00Z", Some("2026-11-30 06:00 (UTC)"));
    check(from_sunday, "2026-12-01T05:00:00Z", None);
}

#[test]
fn the_zone_is_the_schedulers_unless_one_is_configured() {
    let night = r#"{"hours":[{"from":"22:00","to":"07:00"}]}"#;
    let tokyo = r#"{"zone":"Asia/Tokyo"}"#;
    assert_eq!(said(night, tokyo, "2026-11-28T12:00:00Z"), None, "21 o'clock in Tokyo");
    assert!(
        said(night, tokyo, "2026-11-28T13:00:00Z").is_some_and(|said| said.ends_with("2026-11-29 07:00 (Asia/Tokyo)"))
    );
    assert!(said(NIGHT, tokyo, "2026-11-28T13:00:00Z").is_none(), "14 o'clock in Berlin");
    assert!(said(night, "{}", "2026-11-28T23:00:00Z").is_some_and(|said| said.ends_with("(UTC)")));
}

#[test]
fn an_exception_may_start() {
    for except in [r#"{"slugs":["watch"]}"#, r#"{"tags":["alarm"]}"#, r#"{"priorities":["critical"]}"#] {
        let config = NIGHT.replacen('{', &format!(r#"{{"except":{except},"#), 1);
        let job = |slug: &str, tag: &str, priority: &str| {
            said(
                &config,
                &format!(r#"{{"slug":"{slug}","tags":["{tag}"],"priority":"{priority}"}}"#),
                "2026-11-29T01:00:00Z",
            )
        };
        assert_eq!(job("watch", "alarm", "critical"), None, "{except}");
        assert!(job("other", "other", "high").is_some(), "{except}");
    }
}

#[test]
fn a_configuration_that_makes_no_sense_is_refused() {
    let remarks = |config: &str| QuietHours::validate(&serde_json::from_str(config).unwrap());
    assert_eq!(remarks("{}"), []);
    assert_eq!(remarks(NIGHT), []);
    assert_eq!(remarks(r#"{"zone":"Berlin"}"#)[0].path, "zone");
    assert_eq!(remarks(r#"{"hours":[{"from":"1:00","to":"2:00","days":[]}]}"#)[0].path, "hours.0.days");
    let always = remarks(r#"{"hours":[{"from":"00:00","to":"24:00"}]}"#);
    assert_eq!((always[0].path.as_str(), always[0].severity), ("hours", Severity::Info));
    for wrong in [r#"{"hours":[{"from":"22"}]}"#, r#"{"hours":[{"from":"22:00","to":"7h"}]}"#, r#"{"days":["mon"]}"#] {
        assert!(serde_json::from_str::<Config>(wrong).is_err(), "{wrong}");
    }
    assert_eq!(QuietHours::rules(&serde_json::from_str(NIGHT).unwrap())[0].id, RULE);
}
