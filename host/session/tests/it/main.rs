//! Sessions as the engine uses them: a real tmux on a private socket, a real wrapper, real processes.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod crashes;
mod ends;
mod errands;
mod harness;
mod input;
mod names;
mod notes;
mod output;
mod shown;
mod stops;
mod talks;
mod terminal;
