//! The plugins that travel in the binary.

/// Name and component of each, as `build.rs` embedded them.
pub(crate) fn plugins() -> &'static [(&'static str, &'static [u8])] {
    include!(concat!(env!("OUT_DIR"), "/bundled.rs"))
}
