//! The plugins that travel in the binary, with native code where `cargo xtask install` built it.

use instar_plugin::Source;

/// Each as `build.rs` embedded it.
pub(crate) fn plugins() -> Vec<Source> {
    include!(concat!(env!("OUT_DIR"), "/bundled.rs"))
}
