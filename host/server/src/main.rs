//! The binary: the command line, the server behind it, and the wrapper that sessions run under.

mod bundled;
mod cli;
mod config;
mod context_files;
mod disk;
mod guards;
mod http;
mod intelligence;
mod jobs;
mod serve;
mod session_tokens;
mod traces;
mod watch_jobs;
mod wiring;

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    // Every session pays for what is before this line: no arguments are parsed and no runtime is started.
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|word| word == "__run")
        && let Some(dir) = arguments.next()
    {
        return instar_session::wrapper::run(Path::new(&dir));
    }
    // An agent waits for every hook, and the full command line takes longer to set up than a guard to judge.
    if let Some(event) = cli::hook_event() {
        return cli::hook(event);
    }
    cli::main()
}
