//! Quota: how much of the agent's account is used up, and who may still run.

pub mod level;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::job::{Model, Priority};

/// What a reading of the quota file said.
#[derive(Debug, Clone, PartialEq)]
pub enum QuotaReading {
    /// There is no file.
    None,
    Data(Box<Quota>),
    /// It says nothing that can be relied on; why.
    Broken(String),
}

/// How much is used, in the shape of `quota-state.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Quota {
    /// Of the week, in percent.
    pub usage_percent: f64,
    /// Of the window of five hours, in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub five_hour_percent: Option<f64>,
    pub last_updated: Timestamp,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<Account>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    pub email: String,
    pub usage_percent: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub five_hour_percent: Option<f64>,
    #[serde(default)]
    pub is_active: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_updated: Option<Timestamp>,
}

/// Percentages of the week from which on fewer may run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thresholds {
    /// From here on `low` does not run.
    pub normal: f64,
    /// From here on `normal` does not run.
    pub elevated: f64,
    /// From here on `high` does not run.
    pub critical: f64,
    /// From here on everybody is told to stop; `critical` runs all the same.
    pub shutdown: f64,
}

/// What the operator says of quota.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QuotaRules {
    pub thresholds: Thresholds,
    /// Older data says nothing.
    pub stale_after: SignedDuration,
    /// The model that runs get under pressure which ask for a larger one.
    pub fallback: Option<Model>,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { normal: 50.0, elevated: 70.0, critical: 85.0, shutdown: 95.0 }
    }
}

impl Default for QuotaRules {
    fn default() -> Self {
        Self { thresholds: Thresholds::default(), stale_after: SignedDuration::from_mins(30), fallback: None }
    }
}

/// Percentages of the window of five hours.
const FIVE_HOUR_CRITICAL: f64 = 80.0;
const FIVE_HOUR_STOP: f64 = 95.0;

/// What agents are told to do, from the mildest to the strictest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Recommendation {
    Normal,
    Reduce,
    Critical,
    Stop,
}

impl Recommendation {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Reduce => "reduce",
            Self::Critical => "critical",
            Self::Stop => "stop",
        }
    }
}

impl QuotaReading {
    /// Reads the text of the file.
    pub fn parse(text: &str) -> Self {
        let read = serde_json::from_str::<Value>(text).map_err(|error| format!("it is not valid JSON: {error}"));
        let quota = read.and_then(|value| {
            serde_json::from_value::<Quota>(value).map_err(|error| format!("it is not in the shape of quota: {error}"))
        });
        match quota {
            Ok(quota) => Self::Data(Box::new(quota)),
            Err(reason) => Self::Broken(reason),
        }
    }
}

impl Quota {
    pub(crate) fn week(&self) -> f64 {
        self.usage_percent.clamp(0.0, 100.0)
    }

    pub(crate) fn five_hours(&self) -> f64 {
        self.five_hour_percent.map_or(0.0, |percent| percent.clamp(0.0, 100.0))
    }
}

impl QuotaRules {
    /// Whether data is too old to say anything. A time that lies ahead was written under another clock.
    pub fn is_stale(&self, quota: &Quota, now: Timestamp) -> bool {
        now.duration_since(quota.last_updated).abs() > self.stale_after
    }

    pub fn recommendation(&self, quota: &Quota) -> Recommendation {
        let of_five_hours = match quota.five_hours() {
            percent if percent >= FIVE_HOUR_STOP => Recommendation::Stop,
            percent if percent >= FIVE_HOUR_CRITICAL => Recommendation::Critical,
            _ => Recommendation::Normal,
        };
        let Thresholds { normal, elevated, critical, shutdown } = self.thresholds;
        let of_week = match quota.week() {
            percent if percent >= shutdown => Recommendation::Stop,
            percent if percent >= critical => Recommendation::Critical,
            percent if percent >= elevated.min(normal) => Recommendation::Reduce,
            _ => Recommendation::Normal,
        };
        of_five_hours.max(of_week)
    }

    /// Why a run of this priority may not start, as a sentence. `critical` always may.
    pub fn refusal(&self, quota: &Quota, priority: Priority) -> Option<String> {
        if quota.five_hours() >= FIVE_HOUR_CRITICAL && priority != Priority::Critical {
            return Some(format!("{:.0} % of the five hours are used", quota.five_hours()));
        }
        let limit = match priority {
            Priority::Critical => return None,
            Priority::High => self.thresholds.critical,
            Priority::Normal => self.thresholds.elevated,
            Priority::Low => self.thresholds.normal,
        };
        let is_over = quota.week() >= limit.min(self.thresholds.shutdown);
        is_over.then(|| format!("{:.0} % of the week are used", quota.week()))
    }

    /// The model that a run gets which asks for this one.
    pub fn model(&self, quota: &Quota, asked: Model) -> Model {
        match self.fallback {
            Some(fallback) if self.recommendation(quota) > Recommendation::Normal => asked.smaller(fallback),
            Some(_) | None => asked,
        }
    }
}
