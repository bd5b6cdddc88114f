//! What plugins keep.

use instar_core::id::PluginId;
use instar_store::{Before, Put, Store};

async fn open(dir: &std::path::Path) -> Store {
    Store::open(&dir.join("instar.db")).await.unwrap()
}

#[tokio::test]
async fn values_outlive_the_process_and_are_swapped_only_as_they_were_seen() {
    let dir = tempfile::tempdir().unwrap();
    let plugin: PluginId = "mail".parse().unwrap();
    {
        let store = open(dir.path()).await;
        let put = async |before| store.put_plugin_value(&plugin, "a", b"1", before, 100).await.unwrap();
        assert_eq!(put(Before::Revision(1)).await, Put::Conflict);
        assert_eq!(put(Before::Nothing).await, Put::Done(1));
        assert_eq!(put(Before::Nothing).await, Put::Conflict);
        assert_eq!(put(Before::Revision(1)).await, Put::Done(2));
        store.close().await;
    }
    let store = open(dir.path()).await;
    let kept = store.plugin_value(&plugin, "a").await.unwrap().unwrap();
    assert_eq!((kept.bytes.as_slice(), kept.revision), (b"1".as_slice(), 2));
    store.remove_plugin_value(&plugin, "a").await.unwrap();
    assert_eq!(store.plugin_value(&plugin, "a").await.unwrap(), None);
}

#[tokio::test]
async fn each_plugin_has_its_own_values_and_its_own_quota() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let [one, other] = ["one", "other"].map(|id| id.parse::<PluginId>().unwrap());
    let put = async |plugin: &PluginId, key: &str, value: &[u8]| {
        store.put_plugin_value(plugin, key, value, Before::Anything, 10).await.unwrap()
    };
    assert_eq!(put(&one, "a", &[0; 9]).await, Put::Done(1));
    assert_eq!(put(&one, "b", b"").await, Put::Quota);
    assert_eq!(put(&one, "a", &[0; 8]).await, Put::Done(2));
    assert_eq!(put(&one, "b", b"").await, Put::Done(1));
    assert_eq!(put(&other, "ba", b"x").await, Put::Done(1));
    assert_eq!(store.plugin_keys(&one, "", 10).await.unwrap(), ["a", "b"]);
    assert_eq!(store.plugin_keys(&other, "b", 10).await.unwrap(), ["ba"]);
    assert_eq!(store.plugin_keys(&other, "_", 10).await.unwrap(), Vec::<String>::new());
}
