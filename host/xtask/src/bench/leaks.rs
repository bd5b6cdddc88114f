//! How fast an output is read for credentials, beside ripgrep with patterns of the same kinds.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::row;
use crate::shell;

const BYTES: usize = 8 << 20;
const ROUNDS: usize = 9;

/// The forms that most finds have. The guard looks for five times as many, and for names beside values.
const PATTERNS: &[&str] = &[
    "gh[pousr]_[A-Za-z0-9]{36}",
    "github_pat_[A-Za-z0-9_]{82}",
    "glpat-[A-Za-z0-9_-]{20}",
    "AKIA[A-Z2-7]{16}",
    "AIza[A-Za-z0-9_-]{35}",
    "sk-ant-[A-Za-z0-9_-]{40}",
    "sk-proj-[A-Za-z0-9_-]{40}",
    "xox[bpars]-[A-Za-z0-9-]{20}",
    "sk_live_[A-Za-z0-9]{16}",
    "npm_[A-Za-z0-9]{36}",
    "dop_v1_[0-9a-f]{64}",
    "hvs\\.[A-Za-z0-9_-]{24}",
    "-----BEGIN [A-Z ]*PRIVATE KEY",
    "eyJ[A-Za-z0-9_-]{10,}\\.[A-Za-z0-9_-]{10,}\\.[A-Za-z0-9_-]{20}",
    "(?i)(password|secret|token|api_?key)[\"']?\\s*[:=]\\s*[\"'][^\"'\\s]{8,}",
    "[a-z]{3,10}://[^/\\s:@]{1,40}:[^/\\s:@]{5,40}@",
];

pub(super) fn measure() -> Result<()> {
    let file = shell::target_dir().join("bench-output.txt");
    fs::write(&file, clean_text()?).with_context(|| format!("failed to write {}", file.display()))?;
    let scan = shell::target_dir().join("release/examples/leak_scan");
    let output = shell::program(&scan).arg(&file).output().context("failed to run the scan")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let ours: f64 =
        text.split_whitespace().next().and_then(|rate| rate.parse().ok()).context("the scan printed no rate")?;
    let theirs = ripgrep(&file).map_or_else(|| "not there".to_owned(), megabytes);
    row("leak scan of clean text", &megabytes(ours), &theirs, &format!("rg with {} patterns", PATTERNS.len()));
    Ok(())
}

fn megabytes(rate: f64) -> String {
    format!("{:.0} MB/s", rate / 1e6)
}

/// The host's own sources, over and over.
fn clean_text() -> Result<Vec<u8>> {
    let folder = shell::root().join("host/server/src/cli");
    let mut text = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("failed to read {}", folder.display()))? {
        let path = entry?.path();
        if path.is_file() {
            text.extend(fs::read(path)?);
        }
    }
    let length = text.len().max(1);
    Ok(text.repeat(BYTES.div_ceil(length)))
}

/// Bytes for each second of the fastest round; its start is a part of it, and small beside eight megabytes.
fn ripgrep(file: &std::path::Path) -> Option<f64> {
    shell::on_path("rg")?;
    let mut fastest = Duration::MAX;
    for _ in 0..ROUNDS {
        let mut command = shell::program("rg");
        command.args(["--text", "--count", "--no-config"]).args(PATTERNS.iter().flat_map(|pattern| ["-e", pattern]));
        let begun = Instant::now();
        command.arg(file).output().ok()?;
        fastest = fastest.min(begun.elapsed());
    }
    Some(fs::metadata(file).ok()?.len() as f64 / fastest.as_secs_f64())
}
