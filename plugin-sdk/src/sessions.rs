//! The sessions in which the host runs commands (`[capability.sessions]`). Typing needs a grant of its own.
//!
//! In native tests they are those of [`double::set_session`](crate::double::set_session), and
//! [`double::typed`](crate::double::typed) tells what was typed.

use crate::Failure;
#[cfg(target_family = "wasm")]
use crate::bindings::words::instar::plugin::sessions as host;
pub use crate::bindings::words::instar::plugin::sessions::Session;
#[cfg(not(target_family = "wasm"))]
use crate::double::sessions as host;

/// Those that live and the newest that have ended, newest first; at most so many.
pub fn list(limit: u32) -> Result<Vec<Session>, Failure> {
    host::list(limit)
}

/// The last lines that a session printed, by its name or id.
pub fn output(session: &str, lines: u32) -> Result<String, Failure> {
    host::output(session, lines)
}

/// Types a text and Enter.
pub fn send(session: &str, text: &str) -> Result<(), Failure> {
    host::send(session, text)
}
