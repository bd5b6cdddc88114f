//! Values in memory, with their revisions and the quota of the manifest.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use instar_core::id::PluginId;
use instar_plugin::{Answer, NewValue, OnlyIf, Value, Values, ValuesError};

#[derive(Debug, Default)]
pub(crate) struct MemoryValues(Mutex<BTreeMap<String, Value>>);

impl Values for MemoryValues {
    fn get<'a>(&'a self, _: &'a PluginId, key: &'a str) -> Answer<'a, Option<Value>> {
        Box::pin(async move { Ok(self.lock().get(key).cloned()) })
    }

    fn set<'a>(&'a self, _: &'a PluginId, key: &'a str, new: NewValue) -> Answer<'a, u64> {
        Box::pin(async move {
            let mut values = self.lock();
            let there = values.get(key).map(|value| value.revision);
            let fits = match new.only_if {
                OnlyIf::Anything => true,
                OnlyIf::Nothing => there.is_none(),
                OnlyIf::Revision(revision) => there == Some(revision),
            };
            if !fits {
                return Err(ValuesError::Conflict);
            }
            let others = values.iter().filter(|(other, _)| *other != key);
            let size: usize = others.map(|(key, value)| key.len() + value.bytes.len()).sum();
            if (size + key.len() + new.bytes.len()) as u64 > new.quota {
                return Err(ValuesError::Quota(new.quota));
            }
            let revision = there.unwrap_or(0) + 1;
            values.insert(key.to_owned(), Value { bytes: new.bytes, revision });
            Ok(revision)
        })
    }

    fn delete<'a>(&'a self, _: &'a PluginId, key: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            self.lock().remove(key);
            Ok(())
        })
    }

    fn keys<'a>(&'a self, _: &'a PluginId, prefix: &'a str, limit: u32) -> Answer<'a, Vec<String>> {
        Box::pin(async move {
            let values = self.lock();
            let keys = values.keys().filter(|key| key.starts_with(prefix)).take(limit as usize);
            Ok(keys.cloned().collect())
        })
    }
}

impl MemoryValues {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Value>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
