//! The nouns and rules of instar.
//!
//! Everything here is pure: no tokio, no IO, no clock. Time, identities and randomness arrive as values.
//! `decide` is the heart; the other modules are the words it speaks.

pub mod admission;
pub mod attention;
pub mod budget;
pub mod command;
pub mod conversation;
pub mod decide;
pub mod event;
pub mod gate;
pub mod grounding;
pub mod id;
pub mod inbound;
pub mod job;
pub mod jobs_file;
pub mod memory;
pub mod missed;
pub mod notice;
pub mod pause;
pub mod plan;
pub mod poll;
pub mod program;
pub mod quota;
pub mod retention;
pub mod retry;
pub mod route;
pub mod run;
pub mod schedule;
pub mod session;
pub mod state;
pub mod supervision;
pub mod supervisor;
pub mod talk;
pub mod telling;
pub mod thread;
pub mod tune;
pub mod users;
pub mod verdict;
pub mod workload;
