//! How fast `guard-secrets` reads an output that is clean, as the host has it read. `cargo xtask bench` prints it.
//!
//! Reads the file that is named as the first argument in chunks of 64 KiB, each several times, since other work of
//! the machine only ever adds to a time. Prints the bytes of a second, and how much was found.

#![expect(clippy::print_stdout, reason = "a measurement for people")]

use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use instar_plugin::{Asker, CallContext, Plugins, Settings, Source};
use jiff::Timestamp;

const CHUNK: usize = 64 << 10;
const ROUNDS: usize = 25;

fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args().nth(1).ok_or("name a file")?;
    let text = fs::read(&file)?;
    let plugins = load()?;
    let call = CallContext::new(Asker::Cron, Timestamp::UNIX_EPOCH);
    let (mut time, mut found) = (Duration::ZERO, 0);

    for chunk in text.chunks(CHUNK) {
        let mut fastest = Duration::MAX;
        let mut redactions = 0;
        for _ in 0..ROUNDS {
            let begun = Instant::now();
            let scan = plugins.scan_output(&call, "Bash", 0, chunk, true).map_err(|finding| finding.detail)?;
            fastest = fastest.min(begun.elapsed());
            redactions = scan.redactions.len();
        }
        time += fastest;
        found += redactions;
    }
    println!("{:.0} {found}", text.len() as f64 / time.as_secs_f64());
    Ok(())
}

fn load() -> Result<Plugins, Box<dyn Error>> {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
    let component = target.join("plugins/guard-secrets.wasm");
    let bytes = fs::read(&component)?;
    let source = Source::file(component, bytes);
    let mut settings = Settings::new(target.join("bench-native"));
    settings.limits.guard.wall = Duration::from_secs(10);
    let (plugins, problems) = Plugins::load(vec![source], settings, &mut |_| {})?;
    match problems.into_iter().next() {
        Some(problem) => Err(problem.into()),
        None => Ok(plugins),
    }
}
