//! What plugins keep between their calls stands in the host's database; or, in a process that only listens, in its
//! memory.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

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

/// Values that pass with their process.
#[derive(Debug, Default)]
pub(crate) struct PassingValues(Mutex<BTreeMap<(PluginId, String), Value>>);

impl PassingValues {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<(PluginId, String), Value>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, plugin: &PluginId, key: &str, new: NewValue) -> Result<u64, ValuesError> {
        let mut values = self.lock();
        let place = (plugin.clone(), key.to_owned());
        let found = values.get(&place).map(|value| value.revision);
        let is_as_expected = match new.only_if {
            OnlyIf::Anything => true,
            OnlyIf::Nothing => found.is_none(),
            OnlyIf::Revision(revision) => found == Some(revision),
        };
        if !is_as_expected {
            return Err(ValuesError::Conflict);
        }
        let others = values.iter().filter(|(other, _)| other.0 == *plugin && **other != place);
        let taken: usize = others.map(|((_, key), value)| key.len() + value.bytes.len()).sum();
        if (taken + key.len() + new.bytes.len()) as u64 > new.quota {
            return Err(ValuesError::Quota(new.quota));
        }
        let revision = found.unwrap_or(0) + 1;
        values.insert(place, Value { bytes: new.bytes, revision });
        Ok(revision)
    }
}

impl Values for PassingValues {
    fn get<'a>(&'a self, plugin: &'a PluginId, key: &'a str) -> Answer<'a, Option<Value>> {
        let found = self.lock().get(&(plugin.clone(), key.to_owned())).cloned();
        Box::pin(async move { Ok(found) })
    }

    fn set<'a>(&'a self, plugin: &'a PluginId, key: &'a str, new: NewValue) -> Answer<'a, u64> {
        let put = self.put(plugin, key, new);
        Box::pin(async move { put })
    }

    fn delete<'a>(&'a self, plugin: &'a PluginId, key: &'a str) -> Answer<'a, ()> {
        self.lock().remove(&(plugin.clone(), key.to_owned()));
        Box::pin(async { Ok(()) })
    }

    fn keys<'a>(&'a self, plugin: &'a PluginId, prefix: &'a str, limit: u32) -> Answer<'a, Vec<String>> {
        let values = self.lock();
        let keys = values.keys().filter(|(owner, key)| owner == plugin && key.starts_with(prefix));
        let keys = keys.take(limit as usize).map(|(_, key)| key.clone()).collect();
        Box::pin(async move { Ok(keys) })
    }
}

fn unavailable(error: &StoreError) -> ValuesError {
    ValuesError::Unavailable(error.to_string())
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use instar_core::id::Ids;
    use instar_core::notice::Message;
    use instar_core::verdict::Severity;
    use instar_plugin::{Asker, CallContext, Cause, Grant, Means, OperatorSays, Plugins, Settings, Source};
    use jiff::Timestamp;
    use serde_json::{Value as Json, json};

    use super::*;

    const ID: &str = "tiny-http";
    /// The same component under a name of the same length.
    const OTHER: &str = "tiny-twin";

    fn source(id: &str) -> Source {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/components/tiny-http.wasm");
        let bytes = std::fs::read(&path)
            .unwrap_or_else(|error| panic!("{}: {error}; run `cargo xtask components`", path.display()));
        let (here, there) = (format!("id = \"{ID}\""), format!("id = \"{id}\""));
        let at = bytes.windows(here.len()).position(|window| window == here.as_bytes()).expect("the manifest names it");
        let bytes = [&bytes[..at], there.as_bytes(), &bytes[at + here.len()..]].concat();
        Source::file(path.with_file_name(format!("{id}.wasm")), bytes)
    }

    async fn plugins(dir: &Path) -> (Plugins, Store) {
        let store = Store::open(&dir.join("instar.db")).await.unwrap();
        (load(dir, Arc::new(StoredValues(store.clone()))), store)
    }

    fn load(dir: &Path, values: Arc<dyn Values>) -> Plugins {
        let mut settings = Settings::new(dir.join("native"));
        settings.means = Means { values: Some(values), ..Means::default() };
        let sources = vec![source(ID), source(OTHER)];
        for (source, id) in sources.iter().zip([ID, OTHER]) {
            let allow = instar_plugin::RIGHTS.map(str::to_owned).into();
            let grant = Some(Grant { digest: format!("blake3:{}", source.digest), allow });
            settings.operator.insert(id.parse().unwrap(), OperatorSays { grant, ..OperatorSays::default() });
        }
        let (plugins, problems) = Plugins::load(sources, settings, &mut |_| {}).unwrap();
        assert!(problems.is_empty(), "{problems:?}");
        plugins
    }

    /// What the component answers to a script, or the code of its failure.
    async fn run(plugins: &Plugins, id: &str, script: Json) -> String {
        let notice = Ids::new(Timestamp::UNIX_EPOCH, 1).notice();
        let message = Message::notice(notice, Severity::Info, String::new(), script.to_string());
        let call = CallContext::new(Asker::Operator, Timestamp::UNIX_EPOCH);
        match plugins.deliver(&id.parse().unwrap(), &call, &message, 0).await {
            Ok(receipt) => receipt.provider_id,
            Err(error) => match &error.cause {
                Cause::PluginFailed(failure) => failure.code.clone(),
                _ => panic!("{error}"),
            },
        }
    }

    #[tokio::test]
    async fn a_component_swaps_keeps_and_fills_values_of_its_own() {
        let dir = tempfile::tempdir().unwrap();
        {
            let (plugins, store) = plugins(dir.path()).await;
            check_begun(&plugins).await;
            store.close().await;
        }
        let (plugins, _store) = plugins(dir.path()).await;
        check_kept(&plugins).await;
    }

    #[tokio::test]
    async fn in_a_process_without_a_store_it_is_the_same_as_long_as_it_lives() {
        let dir = tempfile::tempdir().unwrap();
        let plugins = load(dir.path(), Arc::new(PassingValues::default()));
        check_begun(&plugins).await;
        check_kept(&plugins).await;
    }

    async fn check_begun(plugins: &Plugins) {
        let run = async |script| run(plugins, ID, script).await;
        assert_eq!(run(json!({ "get": "a" })).await, "nothing");
        assert_eq!(run(json!({ "swap": ["a", 1, "x"] })).await, "conflict");
        assert_eq!(run(json!({ "swap": ["a", null, "x"] })).await, "revision 1");
        assert_eq!(run(json!({ "swap": ["a", null, "y"] })).await, "conflict");
        assert_eq!(run(json!({ "swap": ["a", 1, "y"] })).await, "revision 2");
        assert_eq!(run(json!({ "set": ["ab", "z".repeat(96)] })).await, "revision 1");
        assert_eq!(run(json!({ "set": ["b", ""] })).await, "quota");
        assert_eq!(run(json!({ "set": ["", "x"] })).await, "too-large");
    }

    async fn check_kept(plugins: &Plugins) {
        let run = async |id, script| run(plugins, id, script).await;
        assert_eq!(run(ID, json!({ "get": "a" })).await, "y");
        assert_eq!(run(ID, json!({ "keys": "a" })).await, "a,ab");
        assert_eq!(run(OTHER, json!({ "get": "a" })).await, "nothing");
        assert_eq!(run(OTHER, json!({ "set": ["c", "z".repeat(99)] })).await, "revision 1", "its quota is its own");
        assert_eq!(run(ID, json!({ "keys": "" })).await, "a,ab");
    }

    #[tokio::test]
    async fn of_many_who_swap_at_once_each_is_counted() {
        let dir = tempfile::tempdir().unwrap();
        let (plugins, _store) = plugins(dir.path()).await;
        let plugins = Arc::new(plugins);
        let mut adders = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let plugins = Arc::clone(&plugins);
            adders.spawn(async move {
                loop {
                    let seen = run(&plugins, ID, json!({ "get": "n" })).await;
                    let count: u64 = seen.parse().unwrap_or(0);
                    // A value that is set once each time has the revision of its count.
                    let before = (count > 0).then_some(count);
                    let put = run(&plugins, ID, json!({ "swap": ["n", before, (count + 1).to_string()] })).await;
                    if put != "conflict" {
                        return;
                    }
                }
            });
        }
        while let Some(added) = adders.join_next().await {
            added.unwrap();
        }
        assert_eq!(run(&plugins, ID, json!({ "get": "n" })).await, "8");
    }
}
