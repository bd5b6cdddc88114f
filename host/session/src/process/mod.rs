//! Processes: which one is which, whether it lives, when it ends, and how to reach all below it.

mod handle;
mod identity;
mod table;
mod tree;

pub(crate) use handle::Handle;
pub use handle::Process;
pub(crate) use identity::Identity;
pub(crate) use tree::clear;
