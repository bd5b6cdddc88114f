//! One JSON object of the settings, read key by key.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::error::ConfigError;

/// An object on its way into settings.
#[derive(Debug)]
pub(super) struct Section {
    file: PathBuf,
    /// The dotted way to this object; empty for the file itself.
    path: String,
    keys: Map<String, Value>,
}

impl Section {
    pub(super) fn root(file: &Path, keys: Map<String, Value>) -> Self {
        Self { file: file.to_owned(), path: String::new(), keys }
    }

    /// Takes a key out; absent and `null` are the same. `expected` completes "must be …".
    pub(super) fn take<T: DeserializeOwned>(
        &mut self,
        key: &str,
        expected: &'static str,
    ) -> Result<Option<T>, ConfigError> {
        match self.keys.remove(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => serde_json::from_value(value).map(Some).map_err(|_| self.wrong(key, expected)),
        }
    }

    /// The same, for a value that has to pass a check as well.
    pub(super) fn take_if<T: DeserializeOwned>(
        &mut self,
        key: &str,
        expected: &'static str,
        is_fine: impl Fn(&T) -> bool,
    ) -> Result<Option<T>, ConfigError> {
        match self.take(key, expected)? {
            Some(value) if !is_fine(&value) => Err(self.wrong(key, expected)),
            taken => Ok(taken),
        }
    }

    /// The object below a key; an absent one is empty.
    pub(super) fn section(&mut self, key: &str) -> Result<Self, ConfigError> {
        let keys = self.take(key, "an object")?.unwrap_or_default();
        Ok(Self { file: self.file.clone(), path: self.dotted(key), keys })
    }

    /// The keys that are still there, for an object whose keys are names.
    pub(super) fn names(&self) -> Vec<String> {
        self.keys.keys().cloned().collect()
    }

    pub(super) fn wrong(&self, key: &str, expected: &'static str) -> ConfigError {
        ConfigError::Key { path: self.file.clone(), key: self.dotted(key), expected }
    }

    fn dotted(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }
}
