//! For authors of plugins: a new project and its build. How it is tested without a host is `instar-plugin-test`'s.
//!
//! A project carries the SDK and the contract of the instar that made it, so that it builds wherever crates of the
//! public registry can be fetched.

mod build;
mod compile;
mod project;
mod sdk;

pub(crate) use build::{BuildError, build};
pub(crate) use project::{Language, ProjectKind, write};
