//! How much of the agent's account is used up.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `GET /quota`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Quota {
    /// `ok`, `no_data`, or `not_configured` when quota holds nobody back.
    pub status: String,
    /// Of the week, in percent; `null` where nothing is known.
    pub usage_percent: Option<f64>,
    /// Of the window of five hours, in percent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub five_hour_percent: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(format = DateTime)]
    pub last_updated: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub accounts: Option<Vec<QuotaAccount>>,
    /// `normal`, `reduce`, `critical` or `stop`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub recommendation: Option<String>,
    /// True when the data is too old and holds nobody back.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub stale: Option<bool>,
    /// Why the data is not heeded.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub warning: Option<String>,
}

/// One of several accounts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct QuotaAccount {
    pub email: String,
    pub usage_percent: f64,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub five_hour_percent: Option<f64>,
    pub is_active: bool,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(format = DateTime)]
    pub last_updated: Option<String>,
}

/// The body of `POST /quota`: what is known now. It replaces what was known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct QuotaRequest {
    /// Of the week, in percent.
    #[schema(minimum = 0, maximum = 100)]
    pub usage_percent: f64,
    /// Of the window of five hours, in percent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(minimum = 0, maximum = 100)]
    pub five_hour_percent: Option<f64>,
}
