//! What happens on the host (`[capability.events]`). An event of the plugin's own needs a grant of its own.
//!
//! In native tests they are those of [`double::add_event`](crate::double::add_event), and
//! [`double::noted`](crate::double::noted) tells what the plugin noted.

use crate::Failure;
#[cfg(target_family = "wasm")]
use crate::bindings::words::instar::plugin::events as host;
pub use crate::bindings::words::instar::plugin::events::Event;
#[cfg(not(target_family = "wasm"))]
use crate::double::events as host;

/// The place of the newest fact; 0 before the first.
pub fn newest() -> Result<u64, Failure> {
    host::newest()
}

/// Facts of the types that the manifest names, behind this place, oldest first; at most so many.
pub fn since(after: u64, limit: u32) -> Result<Vec<Event>, Failure> {
    host::since(after, limit)
}

/// Notes a fact of the plugin's own. `metadata_json` is an object, or empty.
pub fn emit(name: &str, summary: &str, metadata_json: &str) -> Result<(), Failure> {
    host::emit(name, summary, metadata_json)
}
