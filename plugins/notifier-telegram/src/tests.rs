//! The plugin talks to the Bot API of the harness; only the host in between is a stand-in.

mod hearing;
mod host;
mod telling;
