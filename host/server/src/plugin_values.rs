//! What plugins keep between their calls stands in the host's database.

use instar_core::id::PluginId;
use instar_plugin::{Answer, NewValue, OnlyIf, Value, Values, ValuesError};
use instar_store::{Before, Put, Store, StoreError};

#[derive(Debug)]
pub(crate) struct StoredValues(pub(crate) Store);

impl Values for StoredValues {
    fn get<'a>(&'a self, plugin: &'a PluginId, key: &'a str) -> Answer<'a, Option<Value>> {
        Box::pin(async move {
            let kept = self.0.plugin_value(plugin, key).await.map_err(|error| unavailable(&error))?;
            Ok(kept.map(|kept| Value { bytes: kept.bytes, revision: kept.revision }))
        })
    }

    fn set<'a>(&'a self, plugin: &'a PluginId, key: &'a str, new: NewValue) -> Answer<'a, u64> {
        Box::pin(async move {
            let before = match new.only_if {
                OnlyIf::Anything => Before::Anything,
                OnlyIf::Nothing => Before::Nothing,
                OnlyIf::Revision(revision) => Before::Revision(revision),
            };
            match self.0.put_plugin_value(plugin, key, &new.bytes, before, new.quota).await {
                Ok(Put::Done(revision)) => Ok(revision),
                Ok(Put::Conflict) => Err(ValuesError::Conflict),
                Ok(Put::Quota) => Err(ValuesError::Quota(new.quota)),
                Err(error) => Err(unavailable(&error)),
            }
        })
    }

    fn delete<'a>(&'a self, plugin: &'a PluginId, key: &'a str) -> Answer<'a, ()> {
        Box::pin(async move { self.0.remove_plugin_value(plugin, key).await.map_err(|error| unavailable(&error)) })
    }

    fn keys<'a>(&'a self, plugin: &'a PluginId, prefix: &'a str, limit: u32) -> Answer<'a, Vec<String>> {
        Box::pin(async move { self.0.plugin_keys(plugin, prefix, limit).await.map_err(|error| unavailable(&error)) })
    }
}

fn unavailable(error: &StoreError) -> ValuesError {
    ValuesError::Unavailable(error.to_string())
}
