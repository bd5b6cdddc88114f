//! What stands in for the parts of a host.

pub(crate) mod host;
pub(crate) mod process;
pub(crate) mod secrets;
pub(crate) mod values;
pub(crate) mod web;
