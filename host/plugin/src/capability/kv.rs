//! Values that a plugin keeps between its calls. Nobody is granted any yet.

use super::failure;
use crate::state::CallState;
use crate::wit::imports::kv;
use crate::wit::imports::types::Failure;

impl kv::Host for CallState {
    async fn get(&mut self, _key: String) -> Result<Option<kv::Entry>, Failure> {
        Err(not_allowed())
    }

    async fn set(&mut self, _key: String, _value: Vec<u8>) -> Result<u64, Failure> {
        Err(not_allowed())
    }

    async fn swap(&mut self, _key: String, _expected: Option<u64>, _value: Vec<u8>) -> Result<u64, Failure> {
        Err(not_allowed())
    }

    async fn delete(&mut self, _key: String) -> Result<(), Failure> {
        Err(not_allowed())
    }

    async fn list_keys(&mut self, _prefix: String, _limit: u32) -> Result<Vec<String>, Failure> {
        Err(not_allowed())
    }
}

fn not_allowed() -> Failure {
    failure("not-allowed", "no values are kept for this plugin")
}
