//! The jobs of the project (`[capability.jobs]`). Starting one needs a grant of its own.
//!
//! In native tests they are those of [`double::set_jobs`](crate::double::set_jobs), and
//! [`double::triggered`](crate::double::triggered) tells which were started.

use crate::Failure;
#[cfg(target_family = "wasm")]
use crate::bindings::words::instar::plugin::jobs as host;
pub use crate::bindings::words::instar::plugin::jobs::{Job, Triggered};
#[cfg(not(target_family = "wasm"))]
use crate::double::jobs as host;

/// All jobs, in the order of their file.
pub fn list() -> Result<Vec<Job>, Failure> {
    host::list()
}

/// One of them; none if there is no such job.
pub fn get(slug: &str) -> Result<Option<Job>, Failure> {
    host::get(slug)
}

/// Starts one, for a reason that people read.
pub fn trigger(slug: &str, reason: &str) -> Result<Triggered, Failure> {
    host::trigger(slug, reason)
}
