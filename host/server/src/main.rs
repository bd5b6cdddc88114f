//! The binary: the command line, the server behind it, and the wrapper that sessions run under.

mod authoring;
mod autostart;
mod bundled;
mod cli;
mod config;
mod context_files;
mod disk;
mod ears;
mod guards;
mod heard;
mod helper_program;
mod http;
mod installed;
mod jobs;
mod keyring;
mod lifeline;
mod live_plugins;
mod machine_memory;
mod memory_watch;
mod notifiers;
mod plugin_processes;
mod plugin_reach;
mod plugin_values;
mod quota_collector;
mod quota_file;
mod secrets_file;
mod serve;
mod session_tokens;
mod shadow;
mod start_code;
mod steps;
mod traces;
mod users_file;
mod watch_approvals;
mod watch_file;
mod watch_hooks;
mod watch_jobs;
mod wiring;

use std::path::Path;
use std::process::ExitCode;

use instar_session::errand;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Every session pays for what is before this line: no arguments are parsed and no runtime is started.
    let mut arguments = std::env::args_os().skip(1);
    match (arguments.next(), arguments.next()) {
        (Some(verb), Some(dir)) if verb == "__run" => return instar_session::wrapper::run(Path::new(&dir)),
        (Some(verb), None) if verb == errand::VERB => return errand::run(),
        _ => {}
    }
    // An agent waits for every hook, and the full command line takes longer to set up than a guard to judge.
    if let Some(event) = cli::hook_event() {
        return cli::hook(event);
    }
    cli::main()
}
