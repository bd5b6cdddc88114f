//! The processes of a project under test: found by what they run, signalled by their ids, measured by the kernel.

use std::fs;
use std::process::Command;

use crate::agent::Agent;
use crate::server::processes_below;
use crate::wait::until_some;

/// Sends a signal by its name, such as `-KILL`.
///
/// # Panics
/// When it cannot be sent.
#[track_caller]
pub fn kill(signal: &str, pid: u32) {
    let done = Command::new("kill").args([signal, &pid.to_string()]).status();
    assert!(done.is_ok_and(|status| status.success()), "kill {signal} {pid}");
}

/// The words of a process's command line; none when it has ended.
pub fn command_line(pid: u32) -> Vec<String> {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    bytes.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect()
}

/// Waits for a process of the project: `tmux` is its tmux server, another word an argument of something else.
#[track_caller]
pub fn process_named(agent: &Agent, word: &str) -> u32 {
    until_some(word, || {
        processes_below(agent.dir()).into_iter().find(|pid| {
            let argv = command_line(*pid);
            match word {
                "tmux" => argv[0].ends_with("tmux") || argv[0].starts_with("tmux"),
                other => argv.iter().any(|argument| argument == other) && !argv[0].contains("tmux"),
            }
        })
    })
}

/// The most memory that a process ever had at once, in bytes.
///
/// # Panics
/// When it has ended.
#[track_caller]
pub fn most_memory(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("the process lives");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the kernel knows its memory");
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
    kilobytes * 1024
}
