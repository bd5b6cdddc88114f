//! What happened: `GET /events` lists it as a bare array, newest first, and `GET /events/stream` sends it.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// One fact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// Position in the log, from 1.
    pub seq: i64,
    #[serde(rename = "type")]
    pub kind: String,
    pub summary: String,
    #[schema(format = DateTime)]
    pub timestamp: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub session_id: Option<String>,
    /// What else is known; which keys depends on the type.
    pub metadata: Value,
}

/// One server-sent event of `GET /events/stream`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StreamedEvent {
    /// The `seq` of the event, in digits.
    pub id: String,
    /// Its type.
    pub event: String,
    /// The `Event` as JSON, in one line.
    pub data: String,
}
