//! Conversations between people and sessions: what something that was said leads to.
//!
//! Everything here is pure. Who may speak is decided by core before, and what is chosen here is recorded by core
//! after; the engine brings what has to be read and writes the files that a course needs.

mod answers;
mod commands;
mod inject;
mod names;
mod route;

pub use commands::{COMMANDS, Command, Parsed, parse};
pub use inject::{BroughtFile, NoteFile, folder_name};
pub use names::session_name;
pub use route::{Plan, Scene, plan};
