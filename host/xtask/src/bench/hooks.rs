//! `instar hook pre-tool-use` as an agent CLI calls it: a whole process for each call.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use serde_json::Value;

use super::{millis, percentiles, row};
use crate::agent::Agent;

const ROUNDS: usize = 200;

/// About 150 bytes, as agents write them.
const CALL: &str = r#"{"session_id":"s","hook_event_name":"PreToolUse","permission_mode":"default","cwd":"/tmp","tool_name":"Bash","tool_input":{"command":"cd src && find . -name '*.orig' -print0 | xargs -0 grep -ln 'TODO' | sort | head -20 && git log --oneline -5 -- . 2>/dev/null || echo none"}}"#;

pub(super) fn measure() -> Result<()> {
    let agent = Agent::new("bench-hooks", "release/instar", |_| {}, &Value::Array(Vec::new()))?;
    hooks(agent.program(), agent.dir())
}

/// Our time beside those of processes that do nothing, in turn, so that all meet the same machine.
fn hooks(program: &Path, project: &Path) -> Result<()> {
    let ours = || {
        let mut command = Command::new(program);
        command.args(["hook", "pre-tool-use", "--dir"]).arg(project);
        command
    };
    let of = |words: &[&str]| {
        let mut command = Command::new(words[0]);
        command.args(&words[1..]);
        command
    };
    // The first call may compile.
    time(ours())?;
    let (mut hook, mut nothing, mut bash, mut python) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        hook.push(time(ours())?);
        nothing.push(time(of(&["/bin/true"]))?);
        bash.push(time(of(&["bash", "-c", "true"]))?);
        python.push(time(of(&["python3", "-c", "pass"]))?);
    }
    let (p50, p99) = percentiles(hook);
    for (peer, times) in [("/bin/true", nothing), ("bash -c true", bash), ("python3 -c pass", python)] {
        let theirs = percentiles(times);
        row("hook pre-tool-use, p50", &millis(p50), &millis(theirs.0), peer);
        row("hook pre-tool-use, p99", &millis(p99), &millis(theirs.1), peer);
    }
    Ok(())
}

/// From the start of the process to its end, with the call on its standard input.
fn time(mut command: Command) -> Result<Duration> {
    let begun = Instant::now();
    let spawned = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let mut child = spawned.with_context(|| format!("failed to run {command:?}"))?;
    // One that does not read is fine.
    let _ = child.stdin.take().context("a pipe was asked for")?.write_all(CALL.as_bytes());
    child.wait()?;
    Ok(begun.elapsed())
}
