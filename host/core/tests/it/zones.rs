//! Jobs with a time zone of their own.

use instar_core::jobs_file::JobsFile;
use serde_json::{Value, json};

use crate::world::{World, job};

fn in_zone(slug: &str, zone: Value) -> Value {
    let mut job = job(slug, "0 9 * * *");
    job["timezone"] = zone;
    job
}

fn next(world: &World, slug: &str) -> String {
    let entry = world.state.job(&slug.parse().expect("it is a slug")).expect("the job is there");
    entry.next.expect("the job is due").to_string()
}

#[test]
fn schedule_is_read_in_the_zone_of_its_job() {
    let jobs = [job("host", "0 9 * * *"), in_zone("tokyo", json!("Asia/Tokyo")), in_zone("none", Value::Null)];
    let mut world = World::new(&jobs);
    assert_eq!(next(&world, "host"), "2026-03-02T09:00:00Z");
    assert_eq!(next(&world, "none"), "2026-03-02T09:00:00Z");
    assert_eq!(next(&world, "tokyo"), "2026-03-02T00:00:00Z");
    world.pass_minutes(12 * 60);
    assert_eq!(next(&world, "tokyo"), "2026-03-03T00:00:00Z");
}

#[test]
fn another_zone_gives_another_due_time() {
    let mut world = World::new(&[in_zone("a", json!("Asia/Tokyo"))]);
    world.set("a", "timezone", json!("Europe/Berlin"));
    assert_eq!(next(&world, "a"), "2026-03-02T08:00:00Z");
    world.set("a", "timezone", Value::Null);
    assert_eq!(next(&world, "a"), "2026-03-02T09:00:00Z");
}

#[test]
fn unknown_zone_is_a_problem_that_names_field_and_value() {
    for zone in [json!("Mars/Olympus"), json!(""), json!(5), json!("../etc/passwd")] {
        let file = JobsFile::from_entries(&[in_zone("a", zone.clone()), job("b", "@daily")]);
        let [problem] = &file.problems[..] else { panic!("{zone}: {:?}", file.problems) };
        assert_eq!((problem.slug.as_deref(), problem.field.as_deref()), (Some("a"), Some("timezone")));
        assert!(problem.message.ends_with(&format!("such as \"Europe/Berlin\"; it is {zone}")), "{problem}");
    }
}
