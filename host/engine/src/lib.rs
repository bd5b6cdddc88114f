//! The loop of instar: decide, record, act. Owns time.

mod act;
mod ask;
mod clock;
mod counters;
mod keep;
mod run_loop;
mod view;

pub use ask::{AskError, Engine, StopAnswer, TriggerAnswer};
pub use counters::Counters;
pub use run_loop::{Parts, RunningLoop, StartError, start};
pub use view::{SharedView, View};
