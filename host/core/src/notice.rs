//! What people are told, and how it fares on its way to them.

use serde::{Deserialize, Serialize};

use crate::id::NoticeId;
use crate::verdict::Severity;

/// One thing that people are told. Delivered by every notifier that is enabled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    pub id: NoticeId,
    pub severity: Severity,
    pub title: String,
    pub body_markdown: String,
}
