//! The view answers when it holds all that is asked for, and only then.

use instar_core::event::EventRecord;
use instar_core::state::{Limits, Restored, State};
use jiff::tz::TimeZone;

use super::*;

const NOW: Timestamp = Timestamp::constant(1_000_000, 0);

/// A view with one event per hour before now, the oldest of which has this number.
fn view(first_seq: i64, hours: i64) -> View {
    let limits = Limits {
        scheduling: false,
        max_parallel_jobs: 1,
        max_sessions: 1,
        default_timeout_ms: 1,
        idle_timeout: jiff::SignedDuration::ZERO,
        admission: Default::default(),
        pause_after_failures: 0,
        conversations: Default::default(),
    };
    let state = State::new(limits, TimeZone::UTC, Vec::new(), Restored::default(), NOW);
    let event = |back: i64| EventRecord {
        seq: first_seq + hours - back,
        at: NOW - SignedDuration::from_hours(back),
        kind: if back % 2 == 0 { "even" } else { "odd" }.into(),
        summary: String::new(),
        run: None,
        session: None,
        metadata: serde_json::json!({}),
    };
    let events: Vec<_> = (1..=hours).rev().map(event).collect();
    let last = events.last().map_or(0, |event| event.seq);
    View::new(state, NOW, Vec::new(), events, last)
}

#[track_caller]
fn check(view: &View, kind: Option<&str>, hours: i64, limit: u32, expected: Option<usize>) {
    let since = Some(NOW - SignedDuration::from_hours(hours));
    let filter = EventFilter { kind: kind.map(str::to_owned), since, after_seq: None, limit };
    let found = from_view(view, &filter);
    assert_eq!(found.as_ref().map(Vec::len), expected, "{kind:?}, {hours} h, at most {limit}");
    let seqs: Vec<_> = found.unwrap_or_default().iter().map(|event| event.seq).collect();
    assert!(seqs.is_sorted_by(|newer, older| newer > older), "{seqs:?} are not newest first");
}

#[test]
fn a_view_that_holds_everything_answers_everything() {
    let view = view(1, 10);
    check(&view, None, 720, 50, Some(10));
    check(&view, Some("even"), 720, 50, Some(5));
    check(&view, Some("other"), 720, 50, Some(0));
    check(&view, None, 3, 50, Some(3));
}

#[test]
fn a_view_that_begins_later_answers_what_it_covers() {
    let view = view(101, 10);
    check(&view, None, 5, 50, Some(5));
    check(&view, None, 720, 4, Some(4));
    check(&view, None, 720, 50, None);
    check(&view, Some("even"), 720, 5, Some(5));
    check(&view, Some("even"), 720, 6, None);
}

#[test]
fn an_empty_log_is_covered() {
    check(&view(1, 0), None, 24, 50, Some(0));
}
