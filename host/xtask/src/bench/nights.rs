//! The scheduler: how late it is when many jobs are due in the same second, and what very many jobs cost.

use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::{millis, percentiles, row, unix_nanos};
use crate::agent::{Agent, wait_for};

const DUE_AT_ONCE: usize = 200;
const VERY_MANY: usize = 100_000;
const MINUTE: Duration = Duration::from_secs(60);

pub(super) fn measure() -> Result<()> {
    for parallel in [2, 50] {
        due_at_once(parallel)?;
    }
    very_many()?;
    idle_hourly()
}

/// From the scheduled second to the first act of the command, which writes down the time.
fn due_at_once(parallel: usize) -> Result<()> {
    let job = |index: usize| {
        json!({
            "slug": format!("job-{index}"), "name": format!("Job {index}"), "schedule": "* * * * *",
            "execute": { "type": "script", "value": format!("[ -e marks/{index} ] || date +%s%N > marks/{index}") }
        })
    };
    let jobs = Value::from_iter((0..DUE_AT_ONCE).map(job));
    let settings = |config: &mut Value| {
        config["scheduler"]["maxParallelJobs"] = json!(parallel);
        config["sessions"]["maxSessions"] = json!(parallel + 1);
    };
    let mut agent = Agent::new("bench-due", "release/instar", settings, &Value::Array(Vec::new()))?;
    let marks = agent.dir().join("marks");
    fs::create_dir_all(&marks)?;
    agent.stop();
    fs::write(agent.dir().join(".instar/jobs.json"), jobs.to_string())?;
    // Not so near to a full minute that the start is in it.
    while seconds_into_minute() > 50 {
        sleep(Duration::from_secs(1));
    }
    agent.start()?;
    let begun = unix_nanos();
    let due = begun - begun % MINUTE.as_nanos() + MINUTE.as_nanos();
    let late: Result<Vec<Duration>> =
        (0..DUE_AT_ONCE).map(|index| lateness(&marks.join(index.to_string()), due)).collect();
    let (p50, p99) = percentiles(late?);
    row(&format!("{DUE_AT_ONCE} jobs due in one second, {parallel} parallel: late p50"), &millis(p50), "", "");
    row(&format!("{DUE_AT_ONCE} jobs due in one second, {parallel} parallel: late p99"), &millis(p99), "", "");
    Ok(())
}

fn seconds_into_minute() -> u128 {
    unix_nanos() / 1_000_000_000 % 60
}

fn lateness(mark: &Path, due: u128) -> Result<Duration> {
    let written = wait_for(2 * MINUTE, || fs::read_to_string(mark).ok()?.trim().parse::<u128>().ok());
    let written = written.with_context(|| format!("{} was never written", mark.display()))?;
    Ok(Duration::from_nanos(u64::try_from(written.saturating_sub(due)).unwrap_or(u64::MAX)))
}

fn very_many() -> Result<()> {
    let mut agent = Agent::new("bench-many", "release/instar", |_| {}, &Value::Array(Vec::new()))?;
    let empty = agent.rss_kib()?;
    agent.stop();
    fs::write(agent.dir().join(".instar/jobs.json"), yearly(VERY_MANY).to_string())?;
    let begun = Instant::now();
    agent.start()?;
    row(&format!("{VERY_MANY} jobs: start to the first /health"), &millis(begun.elapsed()), "", "");
    let each = agent.rss_kib()?.saturating_sub(empty) * 1024 / VERY_MANY as u64;
    row(&format!("{VERY_MANY} jobs: memory for each"), &format!("{each} B"), "", "");
    Ok(())
}

/// Spread over the year's first day, so that none is due meanwhile.
fn yearly(count: usize) -> Value {
    Value::from_iter((0..count).map(|index| {
        json!({
            "slug": format!("job-{index}"), "name": format!("Job {index}"),
            "schedule": format!("{} {} 1 1 *", index % 60, index / 60 % 24),
            "execute": { "type": "script", "value": "true" }
        })
    }))
}

fn idle_hourly() -> Result<()> {
    let job = |index: usize| {
        // Due once an hour, half an hour from now.
        let minute = (unix_nanos() / MINUTE.as_nanos() + 30) % 60;
        json!({
            "slug": format!("job-{index}"), "name": format!("Job {index}"), "schedule": format!("{minute} * * * *"),
            "execute": { "type": "script", "value": "true" }
        })
    };
    let agent = Agent::new("bench-hourly", "release/instar", |_| {}, &Value::from_iter((0..1000).map(job)))?;
    let before = agent.cpu_ticks()?;
    sleep(MINUTE);
    let ticks = agent.cpu_ticks()? - before;
    row("CPU over an idle minute with 1000 hourly jobs", &format!("{:.2} s", ticks as f64 / 100.0), "", "");
    Ok(())
}
