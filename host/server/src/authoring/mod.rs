//! For authors of plugins: a new project, its build, and its test without a host.
//!
//! A project carries the SDK and the contract of the instar that made it, so that it builds wherever crates of the
//! public registry can be fetched. What is tested is the built component, in the engine that a host would use.

mod attack;
mod build;
mod cases;
mod compile;
mod doubles;
mod host_double;
mod process_double;
mod project;
mod sdk;
mod trial;

pub(crate) use attack::attack;
pub(crate) use build::{BuildError, build};
pub(crate) use cases::read as read_cases;
pub(crate) use project::{Language, ProjectKind, can_be_written, write};
pub(crate) use trial::{Bench, Verdict, run};
