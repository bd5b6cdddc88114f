//! What the plugin wants to find again at its next call. The manifest asks for it: `[capability.kv]`.
//!
//! In native tests each thread has values of its own, which begin empty.

use crate::Failure;
#[cfg(target_family = "wasm")]
use crate::bindings::words::instar::plugin::kv as host;
pub use crate::bindings::words::instar::plugin::kv::Entry;
#[cfg(not(target_family = "wasm"))]
use crate::double::kv as host;

/// None when nobody set the key.
pub fn get(key: &str) -> Result<Option<Entry>, Failure> {
    host::get(key)
}

/// Sets the key whatever stands there, and answers its new revision.
pub fn set(key: &str, value: &[u8]) -> Result<u64, Failure> {
    host::set(key, value)
}

/// Sets the key if its revision is `expected`, none meaning that it is not there; else the failure is `conflict`.
pub fn swap(key: &str, expected: Option<u64>, value: &[u8]) -> Result<u64, Failure> {
    host::swap(key, expected, value)
}

/// Removes the key. It is no failure if it was not there.
pub fn delete(key: &str) -> Result<(), Failure> {
    host::delete(key)
}

/// The first keys that begin so, in the order of their bytes.
pub fn list_keys(prefix: &str, limit: u32) -> Result<Vec<String>, Failure> {
    host::list_keys(prefix, limit)
}
