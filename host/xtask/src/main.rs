//! Set-up, build and checks of instar: `cargo xtask run`, `cargo xtask test` and their parts.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command for people: it says what it does")]

mod agent;
mod bench;
mod components;
mod conformance;
mod demo;
mod install;
mod native;
mod setup;
mod shell;
mod test;

use std::process::ExitCode;

const USAGE: &str = "\
Usage: cargo xtask COMMAND

  run           build everything (release), make a demo agent in target/demo, start its server in the foreground
  install       build instar (release) with its plugins and their native code inside, install it into ~/.cargo/bin
  test          format, clippy, components, all tests, conformance, docs: what CI runs
  conformance   let schemathesis (from PyPI) try the API against /openapi.json
  bench [PART]  measure the release build beside its peers: server, nights, hooks, leaks, messages, plugins, calls
  components    build the plugins to target/plugins and the test components to target/components
  setup         install what is missing: the wasm target, tmux
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        ["run"] => demo::run(),
        ["install"] => install::run(),
        ["test"] => test::run(),
        ["conformance"] => conformance::run(),
        ["bench", parts @ ..] => bench::run(parts),
        ["components"] => {
            setup::ensure_target().and_then(|toolchain| components::build(&toolchain, components::Set::All))
        }
        ["setup"] => setup::ensure_target().and_then(|_| setup::ensure_tmux()),
        ["help" | "--help" | "-h"] => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
