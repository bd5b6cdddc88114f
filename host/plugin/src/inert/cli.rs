//! `wasi:cli`: no environment, no arguments, no terminal, closed streams; leaving is a trap.

use wasmtime::component::{Linker, Resource, ResourceType};

use super::io::{InputStream, OutputStream, STDERR, STDIN, STDOUT};
use super::versioned;
use crate::state::{CallState, Left};

/// A terminal that nobody ever gets.
pub(super) enum Terminal {}

pub(super) fn add_to_linker(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    add_environment(linker)?;
    add_exit(linker)?;
    add_streams(linker)?;
    add_terminals(linker)
}

fn add_environment(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    let mut environment = linker.instance(&versioned("wasi:cli/environment"))?;
    environment.func_wrap("get-environment", |_, (): ()| Ok((Vec::<(String, String)>::new(),)))?;
    environment.func_wrap("get-arguments", |_, (): ()| Ok((Vec::<String>::new(),)))?;
    environment.func_wrap("initial-cwd", |_, (): ()| Ok((None::<String>,)))
}

fn add_exit(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    let mut exit = linker.instance(&versioned("wasi:cli/exit"))?;
    exit.func_wrap("exit", |_, (_,): (Result<(), ()>,)| -> wasmtime::Result<()> { Err(Left.into()) })
}

fn add_streams(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    linker
        .instance(&versioned("wasi:cli/stdin"))?
        .func_wrap("get-stdin", |_, (): ()| Ok((Resource::<InputStream>::new_own(STDIN),)))?;
    linker
        .instance(&versioned("wasi:cli/stdout"))?
        .func_wrap("get-stdout", |_, (): ()| Ok((Resource::<OutputStream>::new_own(STDOUT),)))?;
    linker
        .instance(&versioned("wasi:cli/stderr"))?
        .func_wrap("get-stderr", |_, (): ()| Ok((Resource::<OutputStream>::new_own(STDERR),)))
}

fn add_terminals(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    for resource in ["terminal-input", "terminal-output"] {
        linker.instance(&versioned(&format!("wasi:cli/{resource}")))?.resource(
            resource,
            ResourceType::host::<Terminal>(),
            |_, _| Ok(()),
        )?;
    }
    for stream in ["stdin", "stdout", "stderr"] {
        linker
            .instance(&versioned(&format!("wasi:cli/terminal-{stream}")))?
            .func_wrap(&format!("get-terminal-{stream}"), |_, (): ()| Ok((None::<Resource<Terminal>>,)))?;
    }
    Ok(())
}
