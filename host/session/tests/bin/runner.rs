//! The runner of the tests: `__run DIR` and `__errand`, as the instar binary answers them.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    match (arguments.next(), arguments.next()) {
        (Some(verb), Some(dir)) if verb == "__run" => instar_session::wrapper::run(Path::new(&dir)),
        (Some(verb), None) if verb == instar_session::errand::VERB => instar_session::errand::run(),
        _ => ExitCode::FAILURE,
    }
}
