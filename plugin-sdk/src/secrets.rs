//! Work with the secrets that the manifest names (`[[secret]]`). Their values never enter the plugin.
//!
//! In native tests their values are those of [`double::set_secret`](crate::double::set_secret).

use crate::Failure;
#[cfg(target_family = "wasm")]
use crate::bindings::words::instar::plugin::secrets as host;
#[cfg(not(target_family = "wasm"))]
use crate::double::secrets as host;

/// Whether the operator gave it a value.
pub fn exists(name: &str) -> bool {
    host::exists(name)
}

/// HMAC-SHA256 of the data with the secret as key.
pub fn hmac_sha256(name: &str, data: &[u8]) -> Result<Vec<u8>, Failure> {
    host::hmac_sha256(name, data)
}

/// Whether this is the HMAC-SHA256 of the data, in constant time.
pub fn verify_hmac_sha256(name: &str, data: &[u8], tag: &[u8]) -> Result<bool, Failure> {
    host::verify_hmac_sha256(name, data, tag)
}

/// Whether the candidate is the secret, in constant time.
pub fn equals(name: &str, candidate: &[u8]) -> Result<bool, Failure> {
    host::equals(name, candidate)
}
