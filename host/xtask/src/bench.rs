//! `cargo xtask bench`: the promises of speed, each measured beside a peer in the same run.
//!
//! Numbers of one run are compared with each other only: machines are noisy. The predecessor's figures stand in the
//! README, measured on such a machine.

mod agent;
mod hooks;

use std::fs;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::components::{self, Set};
use crate::{setup, shell};
use agent::BenchAgent;

const ROUNDS: usize = 20;
const IDLE: Duration = Duration::from_secs(10);

pub(crate) fn run() -> Result<()> {
    setup::ensure_tmux()?;
    let toolchain = setup::ensure_target()?;
    components::build(&toolchain, Set::Plugins)?;
    shell::step(
        "build instar (release)",
        shell::cargo().args(["build", "--release", "--quiet", "--package", "instar"]),
    )?;
    let mut agent = BenchAgent::new(100)?;
    println!("\n{:<44} {:>12} {:>12}  peer", "what", "instar", "peer");
    starts(&mut agent)?;
    idle(&agent)?;
    triggers(&agent)?;
    burst(&agent)?;
    rates(&agent)?;
    hooks::hooks(agent.program(), agent.dir())
}

fn row(what: &str, ours: &str, theirs: &str, peer: &str) {
    println!("{what:<44} {ours:>12} {theirs:>12}  {peer}");
}

fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

/// The middle one and the slowest but one of a hundred.
fn percentiles(mut times: Vec<Duration>) -> (Duration, Duration) {
    times.sort_unstable();
    (times[times.len() / 2], times[times.len() * 99 / 100])
}

fn starts(agent: &mut BenchAgent) -> Result<()> {
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

fn idle(agent: &BenchAgent) -> Result<()> {
    let before = agent.cpu_ticks()?;
    sleep(IDLE);
    let ticks = agent.cpu_ticks()? - before;
    row("VmRSS, idle", &format!("{:.1} MB", agent.rss_kib()? as f64 / 1024.0), "", "");
    row("CPU over ten idle seconds", &format!("{:.2} s", ticks as f64 / 100.0), "", "");
    Ok(())
}

/// From the request to the first thing that the command does: it writes down the time.
fn triggers(agent: &BenchAgent) -> Result<()> {
    let mut ours = Vec::new();
    let mut theirs = Vec::new();
    for round in 0..ROUNDS {
        let mark = agent.mark(&format!("job-{round}"));
        ours.push(first_line(&mark, || agent.post(&format!("/jobs/job-{round}/trigger")).map(|_| ()))?);
        let mark = agent.mark(&format!("peer-{round}"));
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

fn first_line(mark: &std::path::Path, begin: impl FnOnce() -> Result<()>) -> Result<Duration> {
    let begun = agent::unix_nanos();
    begin()?;
    let written = agent::wait_for(Duration::from_secs(20), || {
        fs::read_to_string(mark).ok().and_then(|text| text.trim().parse::<u128>().ok())
    });
    let written = written.with_context(|| format!("{} was never written", mark.display()))?;
    Ok(Duration::from_nanos(u64::try_from(written.saturating_sub(begun)).unwrap_or(u64::MAX)))
}

fn burst(agent: &BenchAgent) -> Result<()> {
    let begun = agent::unix_nanos();
    let mut answers = Vec::new();
    for job in 30..59 {
        let asked = Instant::now();
        agent.post(&format!("/jobs/job-{job}/trigger"))?;
        answers.push(asked.elapsed());
    }
    let mut last = 0;
    for job in 30..59 {
        let mark = agent.mark(&format!("job-{job}"));
        let written =
            agent::wait_for(Duration::from_secs(20), || fs::read_to_string(&mark).ok()?.trim().parse::<u128>().ok());
        last = last.max(written.with_context(|| format!("job-{job} never started"))?);
    }
    let all = Duration::from_nanos(u64::try_from(last.saturating_sub(begun)).unwrap_or(u64::MAX));
    row("29 triggers in a row: slowest answer", &millis(percentiles(answers).1), "", "");
    row("29 triggers in a row: all started", &millis(all), "", "");
    Ok(())
}

/// wrk with 16 connections; the peer is the cheapest answer that the server has.
fn rates(agent: &BenchAgent) -> Result<()> {
    if shell::on_path("wrk").is_none() {
        println!("wrk is not installed (apt-get install wrk): the rates are left out");
        return Ok(());
    }
    for path in ["/health", "/jobs", "/events?limit=50", "/sessions"] {
        let url = format!("{}{path}", agent.url());
        let output = Command::new("wrk")
            .args(["-t1", "-c16", "-d5", "--latency", "-H", &format!("Authorization: Bearer {}", agent.token()), &url])
            .stdin(Stdio::null())
            .output()
            .context("failed to run wrk")?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let field = |name: &str| {
            let line = text.lines().find(|line| line.trim().starts_with(name));
            line.and_then(|line| line.split_whitespace().last()).unwrap_or("?").to_owned()
        };
        row(&format!("GET {path}, requests/s (p99)"), &field("Requests/sec:"), &field("99%"), "p99");
    }
    Ok(())
}
