//! What one plugin may use, and with what; made once when it is loaded.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use instar_core::id::PluginId;
use tokio::sync::Semaphore;

use super::clock::StoppedClock;
use super::events::Events;
use super::http::Client;
use super::jobs::Jobs;
use super::kv::Values;
use super::process::Processes;
use super::rate::Bucket;
use super::sessions::SessionsOfHost;
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
    /// None where no server runs, like the three below.
    pub jobs: Option<Arc<dyn Jobs>>,
    pub sessions: Option<Arc<dyn SessionsOfHost>>,
    pub events: Option<Arc<dyn Events>>,
    pub processes: Option<Arc<dyn Processes>>,
    /// For those who try a plugin out.
    pub stopped_clock: Option<Arc<StoppedClock>>,
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
    /// Of requests.
    pub bucket: Mutex<Bucket>,
    pub jobs_bucket: Mutex<Bucket>,
    pub sessions_bucket: Mutex<Bucket>,
    pub events_bucket: Mutex<Bucket>,
    pub process_bucket: Mutex<Bucket>,
    /// A place for each command that may run at once.
    pub process_places: Arc<Semaphore>,
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
        let bucket = |rate: Option<u32>| Mutex::new(Bucket::new(rate.unwrap_or(0)));
        Self {
            plugin,
            means,
            client,
            config,
            bucket: bucket(grants.http.as_ref().map(|http| http.rate_per_minute)),
            jobs_bucket: bucket(grants.jobs.as_ref().map(|jobs| jobs.rate_per_minute)),
            sessions_bucket: bucket(grants.sessions.as_ref().map(|sessions| sessions.rate_per_minute)),
            events_bucket: bucket(grants.events.as_ref().map(|events| events.rate_per_minute)),
            process_bucket: bucket(grants.process.as_ref().map(|process| process.rate_per_minute)),
            process_places: Arc::new(Semaphore::new(grants.process.as_ref().map_or(0, |it| it.at_once as usize))),
            grants,
            counter,
        }
    }

    /// Whether there is anything at all that the plugin may ask.
    pub(crate) fn are_any(&self) -> bool {
        let Grants { clock, kv, secrets, http, jobs, sessions, events, process, hosts: _, more_limits: _ } =
            &self.grants;
        let of_host = jobs.is_some() || sessions.is_some() || events.is_some() || process.is_some();
        *clock || kv.is_some() || !secrets.is_empty() || http.is_some() || of_host
    }
}
