//! Steps of runs, kept so that authors can play a run to another build: `.instar/state/steps/RUN.jsonl`.
//!
//! A thread of its own writes them down after the run went on. What is known to be secret is taken out before, and what
//! is kept of one run is bounded; housekeeping removes it together with the run.

mod line;
mod log;
mod replay;

pub(crate) use line::{Line, read};
pub(crate) use log::StepFiles;
pub(crate) use replay::{Outcome, Replayed, replay};
