//! `cargo xtask bench [PART…]`: the promises of speed, each measured beside a peer in the same run.
//!
//! Numbers of one run are compared with each other only: machines are noisy. The predecessor's figures stand in the
//! README, measured on such a machine.

mod hooks;
mod large;
mod leaks;
mod messages;
mod nights;
mod past;
mod plugins;
mod rates;
mod server;

use std::process::Stdio;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};

use crate::components::{self, Set};
use crate::{native, setup, shell};

type Part = (&'static str, fn() -> Result<()>);

const PARTS: [Part; 7] = [
    ("server", server::measure),
    ("nights", nights::measure),
    ("hooks", hooks::measure),
    ("leaks", leaks::measure),
    ("messages", messages::measure),
    ("plugins", plugins::measure),
    ("calls", in_process),
];

/// What is built is chosen in one way throughout: each other choice has other features, and builds everything anew.
const SELECTION: [&str; 8] =
    ["--package", "instar", "--package", "instar-plugin", "--package", "instar-core", "--package", "instar-tests"];
const BENCHES: [&str; 4] = ["calls", "guards", "decide", "messages"];

/// All parts, or those that are named.
pub(crate) fn run(names: &[&str]) -> Result<()> {
    if let Some(unknown) = names.iter().find(|name| PARTS.iter().all(|(part, _)| part != *name)) {
        bail!("there is no part `{unknown}`; there are {}", PARTS.map(|(part, _)| part).join(", "));
    }
    setup::ensure_tmux()?;
    let toolchain = setup::ensure_target()?;
    components::build(&toolchain, Set::All)?;
    native::build_with_code(|| {
        let mut build = shell::cargo();
        build.args(["build", "--release", "--quiet"]).args(SELECTION).args(["--bins", "--example", "leak_scan"]);
        build.args(BENCHES.map(|name| ["--bench", name]).as_flattened());
        build
    })?;
    println!("\n{:<56} {:>12} {:>12}  peer", "what", "instar", "peer");
    for (name, measure) in PARTS {
        if names.is_empty() || names.contains(&name) {
            measure()?;
        }
    }
    Ok(())
}

fn in_process() -> Result<()> {
    ["calls", "guards", "decide"].into_iter().try_for_each(of_crate)
}

/// Benches of single crates print a line for each row: what, ours and the peer's in nanoseconds, and the peer's name.
fn of_crate(bench: &str) -> Result<()> {
    let output = shell::cargo()
        .args(["bench", "--quiet"])
        .args(SELECTION)
        .args(["--bench", bench])
        .stderr(Stdio::inherit())
        .output()
        .context("failed to run cargo bench")?;
    if !output.status.success() {
        bail!("the bench `{bench}` failed");
    }
    print_lines(&String::from_utf8_lossy(&output.stdout));
    Ok(())
}

/// The rows of another program, whose fields have tabs between them.
fn print_lines(lines: &str) {
    for line in lines.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        if let [what, ours, theirs, peer] = fields.as_slice() {
            row(what, &nanos(ours), &nanos(theirs), peer);
        }
    }
}

/// Nothing where there is no peer; what is no number stands as it is.
fn nanos(text: &str) -> String {
    match text.parse::<u64>() {
        Ok(0) => String::new(),
        Ok(nanos) if nanos >= 1_000_000 => millis(Duration::from_nanos(nanos)),
        Ok(nanos) => format!("{:.1} µs", Duration::from_nanos(nanos).as_secs_f64() * 1e6),
        Err(_) => text.to_owned(),
    }
}

fn unix_nanos() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos()
}

fn row(what: &str, ours: &str, theirs: &str, peer: &str) {
    println!("{what:<56} {ours:>12} {theirs:>12}  {peer}");
}

fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

/// The middle one and the slowest but one of a hundred.
fn percentiles(mut times: Vec<Duration>) -> (Duration, Duration) {
    times.sort_unstable();
    (times[times.len() / 2], times[times.len() * 99 / 100])
}
