//! The host's clocks, for work that takes long. A call has its own time in its context already.
//!
//! In native tests they show what [`double::set_clock`](crate::double::set_clock) says.

#[cfg(target_family = "wasm")]
use crate::bindings::words::instar::plugin::clock as host;
#[cfg(not(target_family = "wasm"))]
use crate::double::clock as host;

/// Milliseconds since 1970; it may jump.
pub fn now_ms() -> u64 {
    host::now_ms()
}

/// Nanoseconds since some moment; it never goes back.
pub fn monotonic_ns() -> u64 {
    host::monotonic_ns()
}
