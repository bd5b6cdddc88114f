//! One shell command of 150 bytes in a host whose guards are loaded: the parse, and all bundled guards.
//!
//! `cargo xtask bench` runs it and prints its lines.

#![expect(clippy::print_stdout, reason = "printing is what it is for")]

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use instar_core::command::{Command, Surroundings};
use instar_plugin::{Asker, CallContext, Plugins, Settings, Source};
use instar_shell::{NoFiles, World, parse};
use jiff::Timestamp;

const ROUNDS: usize = 5_000;
const WARM_UP: usize = 500;
const COMMAND: &str = "cd src && find . -name '*.orig' -print0 | xargs -0 grep -ln 'TODO' | sort | head -20 && git log --oneline -5 -- . 2>/dev/null || echo 'nothing here'";
const PROJECT: &str = "/home/ada/shop";

fn main() {
    let native = tempfile::tempdir().expect("a folder can be made");
    let sources = guards();
    let count = sources.len();
    let (plugins, problems) =
        Plugins::load(sources, Settings::new(native.path().to_owned()), &mut |_| {}).expect("an engine can be set up");
    assert!(problems.is_empty(), "{problems:?}");
    let call = CallContext::new(Asker::Agent, Timestamp::UNIX_EPOCH);
    let parsing = median(|| drop(black_box(parsed())));
    let command = parsed();
    let judging = median(|| drop(black_box(plugins.check_command(&call, &command))));
    let both = median(|| drop(black_box(plugins.check_command(&call, &parsed()))));
    println!("a command of {} bytes: parse, p50\t{}\t0\t", COMMAND.len(), parsing.as_nanos());
    println!("a command of {} bytes: {count} guards, p50\t{}\t0\t", COMMAND.len(), judging.as_nanos());
    println!("a command of {} bytes: parse and {count} guards, p50\t{}\t0\t", COMMAND.len(), both.as_nanos());
}

fn parsed() -> Command {
    let home = Some("/home/ada");
    let world = World { cwd: PROJECT, home, project_root: Some(PROJECT), temp_dir: "/tmp", files: &NoFiles };
    let surroundings = Surroundings {
        cwd: PROJECT.to_owned(),
        project_root: Some(PROJECT.to_owned()),
        home: home.map(str::to_owned),
        temp_dirs: vec!["/tmp".to_owned()],
        unattended: false,
    };
    Command { tool: "Bash".to_owned(), raw: COMMAND.to_owned(), surroundings, found: parse(COMMAND, &world) }
}

/// Every bundled guard.
fn guards() -> Vec<Source> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/plugins");
    let entries = std::fs::read_dir(&folder).expect("`cargo xtask components` builds the plugins");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("a folder can be listed").path()).collect();
    paths.retain(|path| path.file_stem().is_some_and(|name| name.to_string_lossy().starts_with("guard-")));
    paths.sort();
    paths.into_iter().map(|path| Source::file(path.clone(), std::fs::read(path).expect("it can be read"))).collect()
}

fn median(mut call: impl FnMut()) -> Duration {
    (0..WARM_UP).for_each(|_| call());
    let mut times: Vec<Duration> = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        call();
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    times[ROUNDS / 2]
}
