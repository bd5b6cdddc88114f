//! What one plugin may use, and with what; made once when it is loaded.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use instar_core::id::PluginId;
use jiff::Timestamp;

use super::http::Client;
use super::kv::Values;
use super::rate::Bucket;
use crate::grants::Grants;
use crate::secret::Secrets;
use crate::stats::Counter;

/// What the host has for all its plugins.
#[derive(Debug, Clone, Default)]
pub struct Means {
    /// Where values are kept; `None` where there is no store.
    pub values: Option<Arc<dyn Values>>,
    pub secrets: Option<Arc<dyn Secrets>>,
    /// Where downloads are kept; made when it is needed.
    pub blobs_dir: Option<PathBuf>,
    /// Both clocks stand at this moment; for those who try a plugin out.
    pub stopped_clock: Option<Timestamp>,
}

/// Of one plugin.
#[derive(Debug)]
pub(crate) struct Rights {
    pub plugin: PluginId,
    pub grants: Grants,
    pub means: Means,
    pub client: Arc<Client>,
    /// The plugin's configuration, which may name a host.
    pub config: serde_json::Value,
    pub bucket: Mutex<Bucket>,
    pub counter: Arc<Counter>,
}

impl Rights {
    pub(crate) fn new(
        plugin: PluginId,
        grants: Grants,
        means: Means,
        client: Arc<Client>,
        config: serde_json::Value,
        counter: Arc<Counter>,
    ) -> Self {
        let rate = grants.http.as_ref().map_or(0, |http| http.rate_per_minute);
        Self { plugin, grants, means, client, config, bucket: Mutex::new(Bucket::new(rate)), counter }
    }

    /// Whether there is anything at all that the plugin may ask.
    pub(crate) fn are_any(&self) -> bool {
        let Grants { clock, kv, secrets, http, hosts: _ } = &self.grants;
        *clock || kv.is_some() || !secrets.is_empty() || http.is_some()
    }
}
