//! Plugins: what many of them cost, how long an install takes, and whether anybody notices when one is replaced.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::{large, millis, percentiles, row};
use crate::agent::Agent;
use crate::shell;

const STARTS: usize = 7;
const MANY: [usize; 3] = [0, 20, 100];
/// Until a server has given back what only its start needed.
const REST: Duration = Duration::from_secs(1);
const INSTALLS: usize = 7;
const RELOADS: usize = 20;
const RELOADED: &str = "tiny-command-guard";

pub(super) fn measure() -> Result<()> {
    starts()?;
    let small = component("components", "tiny-run-guard")?;
    install("tiny-run-guard", &small, &[])?;
    install("notifier-telegram", &component("plugins", "notifier-telegram")?, &["--grant", "http,kv,secrets"])?;
    install("guard-command", &component("plugins", "guard-command")?, &[])?;
    for megabytes in [3, 12] {
        install("tiny-run-guard", &large::component(&small, megabytes * 1_000_000), &[])?;
    }
    reload()
}

/// Installed beside what ships, each a guard of runs of its own.
fn starts() -> Result<()> {
    let mut agent = Agent::new("bench-plugins", "release/instar", |_| {}, &Value::Array(Vec::new()))?;
    let bytes = component("components", "tiny-run-guard")?;
    let (mut there, mut at_rest) = (0, Vec::new());
    for count in MANY {
        for number in there..count {
            let file = agent.dir().join("plugin.wasm");
            fs::write(&file, named(&bytes, "tiny-run-guard", number)?)?;
            instar(&agent, &["plugin", "install", &file.to_string_lossy(), "--yes"])?;
        }
        there = count;
        let mut times = Vec::new();
        for _ in 0..STARTS {
            agent.stop();
            times.push(agent.start()?);
        }
        std::thread::sleep(REST);
        let rss = agent.rss_kib()?;
        at_rest.push(rss);
        row(&format!("start to the first /health with {count} plugins, p50"), &millis(percentiles(times).0), "", "");
        row(&format!("VmRSS at rest with {count} plugins"), &format!("{:.1} MB", rss as f64 * 1024.0 / 1e6), "", "");
    }
    let each = at_rest[2].saturating_sub(at_rest[0]) / MANY[2] as u64;
    row("memory for each idle plugin", &format!("{each} KiB"), "", "");
    Ok(())
}

/// The whole command, each time of a component that nobody has compiled before, and what it says of its phases.
fn install(name: &str, bytes: &[u8], grant: &[&str]) -> Result<()> {
    let agent = Agent::new("bench-plugins", "release/instar", |_| {}, &Value::Array(Vec::new()))?;
    let (mut times, mut phases) = (Vec::new(), Vec::new());
    for number in 0..INSTALLS {
        let file = agent.dir().join("plugin.wasm");
        fs::write(&file, named(bytes, name, number)?)?;
        let begun = Instant::now();
        let said = instar(&agent, &[&["plugin", "install", &file.to_string_lossy(), "--yes"], grant].concat())?;
        times.push(begun.elapsed());
        phases =
            said.lines().filter_map(|line| line.rsplit_once(" in ")).map(|(what, time)| phase(what, time)).collect();
    }
    let what = format!("plugin install of {} KB, live in the server, p50", bytes.len() / 1000);
    row(&what, &millis(percentiles(times).0), "", &format!("the last: {}", phases.join(", ")));
    Ok(())
}

/// `read 50000 bytes of FILE`, `compiled, linked and tried out`: the first word of each.
fn phase(what: &str, time: &str) -> String {
    format!("{} {time}", what.split([' ', ',']).next().unwrap_or(what))
}

/// Somebody asks the guards without a pause, while one of them is taken out and put in again.
fn reload() -> Result<()> {
    let agent = Agent::new("bench-plugins", "release/instar", |_| {}, &Value::Array(Vec::new()))?;
    let file = shell::target_dir().join(format!("components/{RELOADED}.wasm"));
    instar(&agent, &["plugin", "install", &file.to_string_lossy(), "--yes"])?;
    let ask = || -> Result<Duration> {
        let begun = Instant::now();
        agent.post("/guards/check", &json!({ "command": "ls -l" }))?;
        Ok(begun.elapsed())
    };
    let quiet = (0..200).map(|_| ask()).collect::<Result<Vec<_>>>()?;
    let is_over = AtomicBool::new(false);
    let (asked, failed) = std::thread::scope(|scope| -> Result<_> {
        let asking = scope.spawn(|| {
            let (mut times, mut failed) = (Vec::new(), 0);
            while !is_over.load(Ordering::Relaxed) {
                match ask() {
                    Ok(time) => times.push(time),
                    Err(_) => failed += 1,
                }
            }
            (times, failed)
        });
        let reloaded = (0..RELOADS).try_for_each(|_| {
            instar(&agent, &["plugin", "disable", RELOADED])?;
            instar(&agent, &["plugin", "enable", RELOADED]).map(drop)
        });
        is_over.store(true, Ordering::Relaxed);
        reloaded?;
        asking.join().map_err(|_| anyhow::anyhow!("the one who asks panicked"))
    })?;
    row(&format!("{} checks during {} reloads: failed", asked.len(), 2 * RELOADS), &failed.to_string(), "", "");
    row("the same: p99", &millis(percentiles(asked).1), &millis(percentiles(quiet).1), "without reloads");
    Ok(())
}

fn component(folder: &str, name: &str) -> Result<Vec<u8>> {
    let path: PathBuf = shell::target_dir().join(folder).join(format!("{name}.wasm"));
    fs::read(&path).with_context(|| format!("failed to read {}", path.display()))
}

/// The same component under an id of its own, which is as long: it stands in the manifest that travels along.
fn named(bytes: &[u8], name: &str, number: usize) -> Result<Vec<u8>> {
    let id = format!("id = \"{name}\"");
    let start = bytes.windows(id.len()).position(|window| window == id.as_bytes());
    let start = start.with_context(|| format!("`{id}` does not stand in the component"))?;
    let end = start + id.len() - 1;
    let mut renamed = bytes.to_vec();
    renamed[end - 3..end].copy_from_slice(format!("{number:03}").as_bytes());
    Ok(renamed)
}

/// What it tells people while it works.
fn instar(agent: &Agent, words: &[&str]) -> Result<String> {
    let mut command = shell::program(agent.program());
    command.args(words).arg("--dir").arg::<&Path>(agent.dir()).env_remove("CLAUDECODE");
    let output = command.output().with_context(|| format!("failed to run instar {words:?}"))?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if !output.status.success() {
        bail!("instar {words:?}: {}", said.trim());
    }
    Ok(said)
}
