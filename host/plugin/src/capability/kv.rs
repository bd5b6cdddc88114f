//! Values that a plugin keeps between its calls. Who keeps them is the wiring's: this file checks and limits.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use instar_core::id::PluginId;

use super::failure;
use crate::state::CallState;
use crate::wit::imports::kv;
use crate::wit::imports::types::Failure;

const LONGEST_KEY: usize = 512;
const LONGEST_VALUE: usize = 1 << 20;
const MOST_KEYS: u32 = 1000;

/// Where the values are. Each plugin has a namespace of its own.
pub trait Values: fmt::Debug + Send + Sync {
    fn get<'a>(&'a self, plugin: &'a PluginId, key: &'a str) -> Answer<'a, Option<Value>>;
    fn set<'a>(&'a self, plugin: &'a PluginId, key: &'a str, new: NewValue) -> Answer<'a, u64>;
    fn delete<'a>(&'a self, plugin: &'a PluginId, key: &'a str) -> Answer<'a, ()>;
    /// The first keys that begin so, in the order of their bytes.
    fn keys<'a>(&'a self, plugin: &'a PluginId, prefix: &'a str, limit: u32) -> Answer<'a, Vec<String>>;
}

pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, ValuesError>> + Send + 'a>>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    pub bytes: Vec<u8>,
    /// Grows with each change of the key.
    pub revision: u64,
}

/// A value that should stand behind a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewValue {
    pub bytes: Vec<u8>,
    pub only_if: OnlyIf,
    /// What all keys and values of the plugin may have together, in bytes.
    pub quota: u64,
}

/// What must stand there before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnlyIf {
    Anything,
    Nothing,
    Revision(u64),
}

#[derive(Debug, thiserror::Error)]
pub enum ValuesError {
    #[error("all values together would be larger than {0} bytes")]
    Quota(u64),
    #[error("something else stands there")]
    Conflict,
    #[error("the values could not be reached: {0}")]
    Unavailable(String),
}

impl kv::Host for CallState {
    async fn get(&mut self, key: String) -> Result<Option<kv::Entry>, Failure> {
        let (plugin, values, _) = self.values()?;
        let found = values.get(plugin, &key).await.map_err(told)?;
        Ok(found.map(|value| kv::Entry { value: value.bytes, revision: value.revision }))
    }

    async fn set(&mut self, key: String, value: Vec<u8>) -> Result<u64, Failure> {
        self.put(key, value, OnlyIf::Anything).await
    }

    async fn swap(&mut self, key: String, expected: Option<u64>, value: Vec<u8>) -> Result<u64, Failure> {
        self.put(key, value, expected.map_or(OnlyIf::Nothing, OnlyIf::Revision)).await
    }

    async fn delete(&mut self, key: String) -> Result<(), Failure> {
        let (plugin, values, _) = self.values()?;
        values.delete(plugin, &key).await.map_err(told)
    }

    async fn list_keys(&mut self, prefix: String, limit: u32) -> Result<Vec<String>, Failure> {
        let (plugin, values, _) = self.values()?;
        values.keys(plugin, &prefix, limit.min(MOST_KEYS)).await.map_err(told)
    }
}

impl CallState {
    fn values(&self) -> Result<(&PluginId, &dyn Values, u64), Failure> {
        let rights = self.rights.as_ref();
        let granted = rights.and_then(|rights| Some((rights, rights.grants.kv?)));
        let Some((rights, quota)) = granted else {
            return Err(failure("not-allowed", "no values are kept for this plugin"));
        };
        let Some(values) = &rights.means.values else {
            return Err(failure("not-allowed", "there is no store here to keep values in"));
        };
        Ok((&rights.plugin, values.as_ref(), quota))
    }

    async fn put(&mut self, key: String, bytes: Vec<u8>, only_if: OnlyIf) -> Result<u64, Failure> {
        let (plugin, values, quota) = self.values()?;
        if key.is_empty() || key.len() > LONGEST_KEY || bytes.len() > LONGEST_VALUE {
            let most = format!("a key has 1 to {LONGEST_KEY} bytes, a value at most {LONGEST_VALUE}");
            return Err(failure("too-large", most));
        }
        values.set(plugin, &key, NewValue { bytes, only_if, quota }).await.map_err(told)
    }
}

fn told(error: ValuesError) -> Failure {
    let code = match &error {
        ValuesError::Quota(_) => "quota",
        ValuesError::Conflict => "conflict",
        ValuesError::Unavailable(_) => "unavailable",
    };
    Failure { retryable: matches!(error, ValuesError::Unavailable(_)), ..failure(code, error.to_string()) }
}
