//! How many requests a second the API answers, by wrk with 16 connections; with a short and with a long past.

use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use super::row;
use crate::agent::Agent;
use crate::shell;

const PATHS: [&str; 4] = ["/health", "/jobs", "/events?limit=50", "/sessions"];

/// What wrk said about one path.
pub(super) struct Rate {
    requests: String,
    p99: String,
}

/// One rate for each path; none where wrk is missing.
pub(super) fn measure(agent: &Agent) -> Result<Vec<Rate>> {
    if shell::on_path("wrk").is_none() {
        println!("wrk is not installed (apt-get install wrk): the rates are left out");
        return Ok(Vec::new());
    }
    PATHS.iter().map(|path| measure_path(agent, path)).collect()
}

/// The peer of a server with a long past is the same one with a short past.
pub(super) fn print(few: &[Rate], many: &[Rate]) {
    for ((path, few), many) in PATHS.iter().zip(few).zip(many) {
        row(&format!("GET {path}, requests/s"), &few.requests, &few.p99, "p99");
        row("  with 100,000 old runs and events", &many.requests, &many.p99, "p99");
    }
}

fn measure_path(agent: &Agent, path: &str) -> Result<Rate> {
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
    Ok(Rate { requests: field("Requests/sec:"), p99: field("99%") })
}
