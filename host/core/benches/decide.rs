//! How deciding grows with the number of jobs: a tick with nothing due, one with a due job, and memory for each job.
//!
//! `cargo xtask bench` runs it and prints its lines.

#![expect(clippy::print_stdout, reason = "printing is what it is for")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use instar_core::decide::{Input, What, decide};
use instar_core::jobs_file::JobsFile;
use instar_core::state::{Limits, Restored, State};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

const ROUNDS: usize = 2_000;

fn main() {
    for count in [100, 1_000, 10_000, 100_000] {
        let entries: Vec<Value> = (0..count).map(entry).collect();
        let before = resident_kib();
        let begun = Instant::now();
        let file = Arc::new(JobsFile::from_entries(&entries));
        let mut state = empty();
        apply(&mut state, midnight(), What::JobsRead(file));
        let load = begun.elapsed();
        let each = resident_kib().saturating_sub(before) * 1024 / count as u64;
        let idle = median(&state, midnight() + SignedDuration::from_secs(1));
        let due = median(&state, midnight() + SignedDuration::from_hours(4));
        println!("decide, {count} jobs: a tick with nothing due\t{}\t0\t", idle.as_nanos());
        println!("decide, {count} jobs: a tick with ten due\t{}\t0\t", due.as_nanos());
        println!("decide, {count} jobs: read and checked\t{}\t0\t{each} bytes a job", load.as_nanos());
    }
}

/// Ten jobs are due at 03:00, all others in the evening.
fn entry(number: usize) -> Value {
    let schedule =
        if number < 10 { "0 3 * * *".to_owned() } else { format!("{} {} * * *", number % 60, 18 + number % 6) };
    json!({"slug": format!("job-{number}"), "name": format!("Job {number}"), "schedule": schedule,
           "execute": {"type": "script", "value": "true"}})
}

fn empty() -> State {
    let limits = Limits {
        scheduling: true,
        max_parallel_jobs: 2,
        max_sessions: 3,
        default_timeout_ms: 1,
        idle_timeout: SignedDuration::from_mins(60),
        admission: Default::default(),
        pause_after_failures: 0,
        conversations: Default::default(),
    };
    State::new(limits, TimeZone::UTC, Vec::new(), Restored::default(), midnight())
}

fn midnight() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().expect("it is a time")
}

fn apply(state: &mut State, now: Timestamp, what: What) {
    for event in decide(state, Input { now, nonce: 1, what }).events {
        state.apply(&event);
    }
}

fn median(state: &State, now: Timestamp) -> Duration {
    let mut times: Vec<Duration> = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        drop(black_box(decide(state, Input { now, nonce: 1, what: What::Ticked })));
        black_box(state.next_wake(now));
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    times[ROUNDS / 2]
}

/// 0 where the kernel does not say it.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
