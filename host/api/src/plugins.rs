//! Which plugins there are: `GET /plugins`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Plugins {
    pub plugins: Vec<Plugin>,
    /// What could not be loaded.
    pub problems: Vec<PluginProblem>,
}

/// One plugin that was loaded, or would be if it were enabled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Plugin {
    pub id: String,
    pub version: String,
    pub description: String,
    /// `execute`, `notifier`, `command-guard` and so on.
    pub kinds: Vec<String>,
    /// Its name in the jobs file.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub execute_type: Option<String>,
    /// BLAKE3 of the component.
    pub digest: String,
    /// Where it was loaded from.
    pub origin: String,
    /// The interfaces that it asks the host for.
    pub imports: Vec<String>,
    pub enabled: bool,
    /// Why it is not called any more, though nobody disabled it; `instar plugin enable` ends that.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub quarantine: Option<PluginQuarantine>,
    /// Why it cannot hear people, while it cannot.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub listening_fault: Option<ListeningFault>,
}

/// A plugin gave no answer too often in a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginQuarantine {
    #[schema(format = DateTime)]
    pub since: String,
    /// So many calls in a row.
    pub faults: u32,
    /// The code of the last one, such as `trap` or `timeout`.
    pub code: String,
}

/// What a plugin has been doing since the server started, over all its versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginStats {
    pub id: String,
    pub calls: u64,
    /// Calls without an answer, by the code of their error, such as `trap` or `timeout`.
    pub faults: BTreeMap<String, u64>,
    /// Half of the calls took no longer, from the instance to its answer; exact to a fifth of it.
    pub p50_micros: u64,
    pub p99_micros: u64,
    pub longest_micros: u64,
    /// Requests that the host made for it.
    pub requests: u64,
    /// Requests that its rights did not allow, or that came too often.
    pub denied: u64,
    /// Bodies of its requests, in bytes.
    pub bytes_out: u64,
    /// Bodies of the answers to them, in bytes.
    pub bytes_in: u64,
}

/// Why a notifier hears nobody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ListeningFault {
    /// A word such as `other-poller` or `unauthorized`.
    pub code: String,
    pub message: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PluginProblem {
    /// Its id, or the name of its file.
    pub plugin: String,
    /// A word that stays the same between releases.
    pub code: String,
    pub message: String,
}
