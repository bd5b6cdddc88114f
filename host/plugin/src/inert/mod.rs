//! The inert baseline: the interfaces that every guest of the Rust standard library imports, without effect.
//!
//! The environment is empty, standard input and output are closed, there is no terminal, nothing waits.
//! Standard error is kept for the operator, since a panic speaks there. One seed is handed out, always
//! the same: hash maps ask for it, and an instance lives for one call only.

mod cli;
mod io;

use wasmtime::component::Linker;

use crate::state::CallState;

/// The version under which the interfaces are offered; wasmtime serves the whole 0.2 line with it.
const VERSION: &str = "0.2.12";

pub(crate) fn add_to_linker(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    io::add_to_linker(linker)?;
    cli::add_to_linker(linker)?;
    let mut seed = linker.instance(&versioned("wasi:random/insecure-seed"))?;
    seed.func_wrap("insecure-seed", |_, (): ()| Ok(((0x1234_5678_u64, 0x9abc_def0_u64),)))
}

fn versioned(interface: &str) -> String {
    format!("{interface}@{VERSION}")
}
