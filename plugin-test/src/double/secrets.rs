//! Secrets that a test lays out.

use std::collections::BTreeMap;

use instar_core::id::PluginId;
use instar_plugin::{Secret, Secrets};

/// Their values, by their slots.
#[derive(Debug)]
pub(crate) struct SecretsDouble(pub(crate) BTreeMap<String, String>);

impl Secrets for SecretsDouble {
    fn value(&self, _: &PluginId, slot: &str, _: Option<&str>) -> Option<Secret> {
        self.0.get(slot).and_then(|value| Secret::new(value.as_str()))
    }
}
