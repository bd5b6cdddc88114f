//! What people should look at.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One thing for a person to look at. `GET /attention/{item}`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AttentionItem {
    pub id: String,
    pub title: String,
    pub summary: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub description: Option<String>,
    pub category: String,
    pub priority: AttentionPriority,
    pub status: AttentionStatus,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub source_context: Option<String>,
    /// The topic in which people talk about it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub topic_id: Option<i64>,
    #[schema(format = DateTime)]
    pub created_at: String,
    #[schema(format = DateTime)]
    pub updated_at: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum AttentionPriority {
    Urgent,
    High,
    Normal,
    Low,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AttentionStatus {
    Open,
    Acknowledged,
    InProgress,
    Done,
    WontDo,
}

/// `GET /attention`: open ones before closed ones, the more urgent first, then the newer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AttentionItems {
    pub items: Vec<AttentionItem>,
    pub count: usize,
}

/// The body of `POST /attention`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AttentionRequest {
    /// The same thing has the same id, however often it is raised.
    #[schema(min_length = 1, max_length = 200, pattern = r"\S")]
    pub id: String,
    #[schema(min_length = 1, max_length = 500, pattern = r"\S")]
    pub title: String,
    #[schema(min_length = 1, max_length = 2000, pattern = r"\S")]
    pub summary: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(min_length = 1, max_length = 10000, pattern = r"\S")]
    pub description: Option<String>,
    /// `general` when absent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(min_length = 1, max_length = 100, pattern = r"\S")]
    pub category: Option<String>,
    /// `NORMAL` when absent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub priority: Option<AttentionPriority>,
    /// Where it comes from, in words.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(min_length = 1, max_length = 2000, pattern = r"\S")]
    pub source_context: Option<String>,
}

/// The body of `PATCH /attention/{item}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AttentionChange {
    pub status: AttentionStatus,
}
