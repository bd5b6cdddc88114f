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

/// What is to be installed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginInstallRequest {
    /// A path on the server's machine, or what begins with `https://` or `oci://`.
    #[schema(min_length = 1, pattern = "\\S")]
    pub from: String,
    /// The rights that it gets; all that it asks for must be named, or have been granted before.
    #[serde(default)]
    #[schema(required = false)]
    pub grants: Vec<String>,
    /// The public key that it must be signed with.
    #[serde(default)]
    #[schema(required = false)]
    pub signer: Option<String>,
    /// Also an older version than the installed one.
    #[serde(default)]
    #[schema(required = false)]
    pub downgrade: bool,
}

/// How an installed plugin is upgraded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginUpgradeRequest {
    /// The rights that it gets; all by which it does more than before must be named.
    #[serde(default)]
    #[schema(required = false)]
    pub grants: Vec<String>,
}

/// Rights to grant or to take away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PluginRights {
    #[schema(min_items = 1)]
    pub rights: Vec<String>,
}

/// What stands in the lock of what is installed, or stood there until it was removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InstalledPlugin {
    pub id: String,
    pub version: String,
    /// Where it came from.
    pub source: String,
    /// `blake3:` and the digest of the component.
    pub digest: String,
    pub kinds: Vec<String>,
    pub grants: Vec<String>,
    /// The public key that signed it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub signer: Option<String>,
    #[schema(format = DateTime)]
    pub installed_at: String,
    /// The version that a roll-back goes to.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub previous_version: Option<String>,
    /// False where it was so before.
    pub changed: bool,
}

/// Whether a plugin is called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PluginSwitched {
    pub id: String,
    pub enabled: bool,
}

/// `plugins.<id>.config` of the settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PluginConfig {
    #[schema(value_type = Object)]
    pub config: serde_json::Map<String, serde_json::Value>,
}

/// The secrets that a plugin can use, without their values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PluginSecrets {
    pub secrets: Vec<PluginSecret>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginSecret {
    pub slot: String,
    /// What it is, for the one who has to find it.
    pub label: String,
    /// Whether it was given a value.
    pub is_set: bool,
}

/// A value that nobody is shown again.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PluginSecretRequest {
    #[schema(min_length = 1, write_only)]
    pub value: String,
}

impl std::fmt::Debug for PluginSecretRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PluginSecretRequest").finish_non_exhaustive()
    }
}

/// Which build is to judge beside a guard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PluginShadowRequest {
    /// A path on the server's machine, or what begins with `https://` or `oci://`.
    #[schema(min_length = 1, pattern = "\\S")]
    pub from: String,
}

/// Another build of a guard that judges beside it and changes nothing, and where both differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginShadow {
    pub id: String,
    pub version: String,
    /// Where it came from.
    pub source: String,
    /// `blake3:` and the digest of the component.
    pub digest: String,
    /// The public key that signed it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub signer: Option<String>,
    #[schema(format = DateTime)]
    pub put_at: String,
    /// The build whose word counts.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub judging_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub judging_digest: Option<String>,
    /// Whether questions are compared now.
    pub comparing: bool,
    /// Why they are not, though a server runs.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub problem: Option<PluginProblem>,
    /// When counting began: with these two builds.
    #[schema(format = DateTime)]
    pub since: String,
    /// Questions that both were asked.
    pub asked: u64,
    /// Of them, those that both judged alike: the same answer by the same rules.
    pub alike: u64,
    pub different: u64,
    /// Questions that the shadow gave no answer to, by the code of its fault, such as `trap` or `timeout`.
    pub faults: BTreeMap<String, u64>,
    /// Questions that were left out, since too many came at once.
    pub missed: u64,
    /// The latest differences, the newest first.
    pub differences: Vec<PluginShadowDifference>,
}

/// A question that both builds did not judge alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PluginShadowDifference {
    #[schema(format = DateTime)]
    pub at: String,
    /// `command`, `tool`, `outbound`, `run`, `output` or `session`.
    pub hook: String,
    /// In short, and without secrets; of output only how long it was.
    pub question: String,
    /// What the build said whose word counts.
    pub judging: PluginShadowSaid,
    pub shadow: PluginShadowSaid,
}

/// What one build said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PluginShadowSaid {
    /// `pass`, `ask` or `deny`; else what it did in words, such as `no verdict (trap)` or `is not asked`.
    pub answer: String,
    #[serde(default)]
    pub findings: Vec<PluginShadowFinding>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PluginShadowFinding {
    pub rule: String,
    pub answer: String,
    pub detail: String,
}

/// Lines of the host's log that are a plugin's, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PluginLogs {
    pub lines: Vec<String>,
}
