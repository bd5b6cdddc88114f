//! Runs a built plugin of instar against doubles of the host, in an ordinary `cargo test`.
//!
//! What is tested is the component that would be installed, in the engine that a host would use, with the rights that
//! its manifest asks for. [`Plugin`] says what it finds: a configuration, secrets, a scripted network, a clock that
//! stands, jobs, sessions, events. [`Loaded`] asks it, and tells what it did. [`Plugin::attack`] hands over what a
//! host may hand over on a bad day, and [`Plugin::try_cases`] runs the cases that `instar plugin test` runs.
//!
//! ```no_run
#![doc = include_str!("../tests/first.rs")]
//! ```
//!
//! Nothing here is `async`: each question waits for its answer, also in an asynchronous test.

mod answer;
mod attack;
mod cases;
mod double;
mod loaded;
mod plugin;
mod run;
mod wait;

pub use answer::{Delivered, Failure, Judged, Redacted};
pub use attack::Attacked;
pub use cases::{Case, CasesError, Outcome, read_cases};
pub use double::host::{Done, HostDouble};
pub use double::process::ScriptedProcess;
pub use double::web::{Asked, Exchange, Fault, Reply};
pub use instar_core::inbound;
pub use instar_core::plan::{Action, Beginning, End, EndCause, FinishVerdict, Launch, Stdin, StepEvent, Usage};
pub use instar_core::verdict::{Answer, Finding, Severity};
pub use instar_plugin::{Batch, Kind, Limits, Moment};
pub use loaded::Loaded;
pub use plugin::{Plugin, PluginTestError};
pub use run::Run;
