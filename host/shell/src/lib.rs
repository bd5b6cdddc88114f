//! What a shell command would do: text in, commands out. Nothing is run, and nothing is read but what the
//! caller's [`Files`] hand over.
//!
//! This crate owns the shell's grammar. It follows a text as bash would: quotes, braces, variables, `cd`,
//! functions, pipes, substitutions; it takes wrappers off (`sudo`, `env`), and goes into whatever runs text
//! again (`bash -c`, `eval`, `xargs`, here-documents, scripts). What only run time can tell is marked, and
//! what was not understood is said, with the words that look like commands. Whether any of it is harmful is
//! for the guards to say.
//!
//! The grammar is parsed by `brush-parser` (MIT). Against `tree-sitter-bash` on 93 lines, with `bash -n` as
//! the judge, it was wrong 2 times instead of 6, took half the time, needs no C compiler, and gives a tree of
//! Rust enums that a new kind of node cannot slip through. Its weak sides are met here: it backtracks
//! exponentially into nested parentheses that do not close, so `grammar` measures a text before it is parsed;
//! and its parser of words does the same and panics on huge numbers, so `pieces` is our own.

mod braces;
mod builtin;
mod carrier;
mod close;
mod code;
mod escapes;
mod expand;
mod field;
mod grammar;
mod guess;
mod load;
mod parameter;
mod pieces;
mod printed;
mod redirect;
mod scope;
mod simple;
mod walk;
mod world;
mod wrapper;
mod wrote;

pub use parameter::fits;
pub use scope::absolute;
pub use world::{File, Files, NoFiles, World};

use instar_core::command::Found;

/// The longest text that is understood; of a longer one only the words are looked at.
pub const LONGEST_TEXT: usize = 128 << 10;

/// A stack for texts that nest deeply. Only address space until it is used.
const DEEP_STACK: usize = 64 << 20;
/// How deep a text may nest to be looked at on the caller's stack.
const SHALLOW: usize = 6;

/// All commands that the text would run, as far as the text tells.
pub fn parse(text: &str, world: &World<'_>) -> Found {
    if grammar::nesting(text) <= SHALLOW {
        return walk::everything(text, world);
    }
    std::thread::scope(|scope| {
        let deep = std::thread::Builder::new().stack_size(DEEP_STACK);
        let walked = deep.spawn_scoped(scope, || walk::everything(text, world));
        // A machine that cannot start a thread, or a fault of the parser, must not look like an empty text.
        walked.ok().and_then(|thread| thread.join().ok()).unwrap_or_else(|| walk::not_understood(text, world))
    })
}
