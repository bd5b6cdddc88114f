//! Work with secrets that never enter a plugin. Nobody is granted any yet.

use super::failure;
use crate::state::CallState;
use crate::wit::imports::secrets;
use crate::wit::imports::types::Failure;

impl secrets::Host for CallState {
    fn exists(&mut self, _name: String) -> bool {
        false
    }

    fn hmac_sha256(&mut self, name: String, _data: Vec<u8>) -> Result<Vec<u8>, Failure> {
        Err(unknown(&name))
    }

    fn verify_hmac_sha256(&mut self, name: String, _data: Vec<u8>, _tag: Vec<u8>) -> Result<bool, Failure> {
        Err(unknown(&name))
    }

    fn equals(&mut self, name: String, _candidate: Vec<u8>) -> Result<bool, Failure> {
        Err(unknown(&name))
    }
}

fn unknown(name: &str) -> Failure {
    failure("unknown-secret", format!("the manifest gives this plugin no secret `{name}`"))
}
