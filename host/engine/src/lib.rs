//! The loop of instar: decide, record, act. Owns time.

mod act;
mod agent_env;
mod ask;
mod clock;
mod converse;
mod counters;
mod crash_point;
mod ears;
mod files;
mod gate;
mod ground;
mod helper;
mod judge;
mod keep;
mod plugins;
mod poll;
mod run_loop;
mod steps;
mod threads;
mod view;

pub use agent_env::AgentEnv;
pub use ask::{AskError, Engine, StopAnswer, TriggerAnswer};
pub use converse::{Approver, Desk};
pub use counters::Counters;
pub use ears::{Ears, KeptAnswer, Turn};
pub use ground::ContextFiles;
pub use helper::{Answer, Helper};
pub use run_loop::{Parts, RunningLoop, StartError, start};
pub use steps::{KeptStep, StepLog};
pub use view::{SharedView, View};
