//! Workload signals: what agents say about how much a run of a job had to do.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::JobSlug;

/// What a run says of its work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Workload {
    pub slug: JobSlug,
    pub timestamp: Timestamp,
    /// In seconds.
    pub duration: f64,
    /// There was nothing to do, and that was seen at once.
    pub skip_fast: bool,
    pub items_found: f64,
    pub items_processed: f64,
    pub saturation: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
}

/// What the newest signals of a job have in common.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Trend {
    pub avg_saturation: f64,
    pub skip_fast_rate: f64,
    pub avg_duration: f64,
    pub run_count: usize,
}

/// No number of a signal is larger: sums and shares of such numbers are numbers too.
pub const MOST: f64 = 1e15;
/// How many signals make a trend.
pub const TREND_WINDOW: usize = 10;

impl Workload {
    /// Where nobody says, how much of what was found was done.
    pub fn saturation_of(found: f64, processed: f64) -> f64 {
        if found == 0.0 { 0.0 } else { (processed / found).clamp(-MOST, MOST) }
    }
}

impl Trend {
    /// Of signals, the newest first; all zero where there is none.
    pub fn of(signals: &[Workload]) -> Self {
        let window = &signals[..signals.len().min(TREND_WINDOW)];
        if window.is_empty() {
            return Self::default();
        }
        let count = window.len() as f64;
        let mean = |part: fn(&Workload) -> f64| window.iter().map(part).sum::<f64>() / count;
        Self {
            avg_saturation: mean(|signal| signal.saturation),
            skip_fast_rate: mean(|signal| f64::from(u8::from(signal.skip_fast))),
            avg_duration: mean(|signal| signal.duration),
            run_count: window.len(),
        }
    }
}
