//! What happened, as `GET /events` lists it: a bare array, newest first.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One fact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// Position in the log, from 1.
    pub seq: i64,
    #[serde(rename = "type")]
    pub kind: String,
    pub summary: String,
    pub timestamp: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub session_id: Option<String>,
    /// What else is known; which keys depends on the type.
    pub metadata: Value,
}
