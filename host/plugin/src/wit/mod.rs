//! The contract as Rust: bindings made from `wit/`, what guests may ask the host, and the way to core's words.

mod asked;
mod bindings;
pub(crate) mod since_v0_1;

pub(crate) use asked::add_to_linker;
pub(crate) use bindings::exports::instar::plugin as exports;
pub(crate) use bindings::instar::plugin as imports;
pub(crate) use bindings::instar::plugin::guard_types;
