//! The server: how fast it is there, what it costs at rest, and how fast it begins what is triggered.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::{millis, past, percentiles, rates, row, unix_nanos};
use crate::agent::{Agent, wait_for};
use crate::shell;

const ROUNDS: usize = 20;
const IDLE: Duration = Duration::from_secs(10);

pub(super) fn measure() -> Result<()> {
    let mut agent = busy_agent(100)?;
    first_starts(&mut agent)?;
    starts(&mut agent)?;
    idle(&agent)?;
    triggers(&agent)?;
    burst(&agent)?;
    let few = rates::measure(&agent)?;
    agent.stop();
    past::give(&agent)?;
    agent.start()?;
    let many = rates::measure(&agent)?;
    rates::print(&few, &many);
    Ok(())
}

/// One with so many jobs, each of which writes down when it began.
fn busy_agent(jobs: usize) -> Result<Agent> {
    let job = |index: usize| {
        json!({
            "slug": format!("job-{index}"), "name": format!("Job {index}"), "schedule": "@yearly",
            "execute": { "type": "script", "value": format!("date +%s%N > marks/job-{index}") }
        })
    };
    let settings = |config: &mut Value| {
        config["scheduler"]["maxParallelJobs"] = json!(50);
        config["sessions"]["maxSessions"] = json!(60);
    };
    let agent = Agent::new("bench", "release/instar", settings, &Value::from_iter((0..jobs).map(job)))?;
    fs::create_dir_all(agent.dir().join("marks"))?;
    Ok(agent)
}

fn mark_of(agent: &Agent, name: &str) -> PathBuf {
    agent.dir().join("marks").join(name)
}

fn starts(agent: &mut Agent) -> Result<()> {
    let mut ours = Vec::new();
    let mut theirs = Vec::new();
    for _ in 0..ROUNDS {
        agent.stop();
        ours.push(agent.start()?);
        let begun = Instant::now();
        shell::succeeds(&mut Command::new("true"));
        theirs.push(begun.elapsed());
    }
    row("start to the first /health, p50", &millis(percentiles(ours).0), &millis(percentiles(theirs).0), "/bin/true");
    Ok(())
}

/// As on the first day: the cache of native code is not there.
fn first_starts(agent: &mut Agent) -> Result<()> {
    let mut times = Vec::new();
    for _ in 0..ROUNDS / 4 {
        agent.stop();
        fs::remove_dir_all(agent.dir().join(".instar/cache")).context("failed to remove the cache")?;
        times.push(agent.start()?);
    }
    row("start with an empty cache to the first /health, p50", &millis(percentiles(times).0), "", "");
    Ok(())
}

fn idle(agent: &Agent) -> Result<()> {
    let before = agent.cpu_ticks()?;
    sleep(IDLE);
    let ticks = agent.cpu_ticks()? - before;
    row("VmRSS, idle", &format!("{:.1} MB", agent.rss_kib()? as f64 / 1024.0), "", "");
    row("CPU over ten idle seconds", &format!("{:.2} s", ticks as f64 / 100.0), "", "");
    Ok(())
}

/// From the request to the first thing that the command does: it writes down the time.
fn triggers(agent: &Agent) -> Result<()> {
    let mut ours = Vec::new();
    let mut theirs = Vec::new();
    for round in 0..ROUNDS {
        let mark = mark_of(agent, &format!("job-{round}"));
        ours.push(first_line(&mark, || agent.request("POST", &format!("/jobs/job-{round}/trigger")).map(|_| ()))?);
        let mark = mark_of(agent, &format!("peer-{round}"));
        let script = format!("date +%s%N > {}", mark.display());
        let tmux = || {
            let mut command = Command::new("tmux");
            command.args(["-L", "instar-bench-peer", "-f", "/dev/null", "new-session", "-d", "sh", "-c", &script]);
            command.status().map(|_| ()).context("failed to run tmux")
        };
        theirs.push(first_line(&mark, tmux)?);
    }
    row(
        "trigger to the command's first act, p50",
        &millis(percentiles(ours).0),
        &millis(percentiles(theirs).0),
        "bare tmux",
    );
    Ok(())
}

fn first_line(mark: &Path, begin: impl FnOnce() -> Result<()>) -> Result<Duration> {
    let begun = unix_nanos();
    begin()?;
    let written = wait_for(Duration::from_secs(20), || {
        fs::read_to_string(mark).ok().and_then(|text| text.trim().parse::<u128>().ok())
    });
    let written = written.with_context(|| format!("{} was never written", mark.display()))?;
    Ok(Duration::from_nanos(u64::try_from(written.saturating_sub(begun)).unwrap_or(u64::MAX)))
}

fn burst(agent: &Agent) -> Result<()> {
    let begun = unix_nanos();
    let mut answers = Vec::new();
    for job in 30..59 {
        let asked = Instant::now();
        agent.request("POST", &format!("/jobs/job-{job}/trigger"))?;
        answers.push(asked.elapsed());
    }
    let mut last = 0;
    for job in 30..59 {
        let mark = mark_of(agent, &format!("job-{job}"));
        let written = wait_for(Duration::from_secs(20), || fs::read_to_string(&mark).ok()?.trim().parse::<u128>().ok());
        last = last.max(written.with_context(|| format!("job-{job} never started"))?);
    }
    let all = Duration::from_nanos(u64::try_from(last.saturating_sub(begun)).unwrap_or(u64::MAX));
    row("29 triggers in a row: slowest answer", &millis(percentiles(answers).1), "", "");
    row("29 triggers in a row: all started", &millis(all), "", "");
    Ok(())
}
