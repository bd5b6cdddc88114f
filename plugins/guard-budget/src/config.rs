//! What may be taken.

use std::collections::BTreeMap;

use instar_plugin_sdk::job::{Except, Taken};
use serde::{Deserialize, Deserializer};

/// No budget unless somebody says one.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    /// Of all runs together.
    pub(crate) all: Budgets,
    /// Of each job that is not named in `jobs`, by itself.
    #[serde(rename = "eachJob")]
    pub(crate) each_job: Budgets,
    /// Of single jobs, by their slugs.
    pub(crate) jobs: BTreeMap<String, Budgets>,
    pub(crate) except: Except,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Budgets {
    /// From midnight to midnight.
    pub(crate) day: Budget,
    /// From Monday to Sunday.
    pub(crate) week: Budget,
}

/// The most of each; none is without limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Budget {
    pub(crate) runs: Option<u64>,
    /// Of runs that have ended.
    pub(crate) minutes: Option<u64>,
    /// Read and written together.
    pub(crate) tokens: Option<u64>,
    #[serde(rename = "costUsd", deserialize_with = "millionths")]
    pub(crate) cost_micro_usd: Option<u64>,
}

/// More is a slip of the keyboard.
const MOST_USD: f64 = 1_000_000.0;

fn millionths<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let Some(dollars) = Option::<f64>::deserialize(deserializer)? else { return Ok(None) };
    if !(0.0..=MOST_USD).contains(&dollars) {
        return Err(serde::de::Error::custom("`costUsd` must be a number of US dollars from 0 to 1000000"));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be positive and small")]
    Ok(Some((dollars * 1e6).round() as u64))
}

impl Config {
    pub(crate) fn of_job(&self, slug: &str) -> &Budgets {
        self.jobs.get(slug).unwrap_or(&self.each_job)
    }

    pub(crate) fn is_empty(&self) -> bool {
        let nothing = Budgets::default();
        self.all == nothing && self.each_job == nothing && self.jobs.values().all(|budgets| *budgets == nothing)
    }
}

impl Budget {
    /// What is used up, in words; none while something is left of everything.
    pub(crate) fn used_up(&self, taken: &Taken) -> Option<String> {
        const MINUTE_MS: u64 = 60_000;
        if let Some(most) = self.runs.filter(|most| taken.runs >= *most) {
            return Some(format!("{} of {most} runs", taken.runs));
        }
        let minutes = taken.duration_ms / MINUTE_MS;
        if let Some(most) = self.minutes.filter(|most| minutes >= *most) {
            return Some(format!("{minutes} of {most} minutes"));
        }
        if let Some(most) = self.tokens.filter(|most| taken.tokens >= *most) {
            return Some(format!("{} of {most} tokens", taken.tokens));
        }
        let most = self.cost_micro_usd.filter(|most| taken.cost_micro_usd >= *most)?;
        Some(format!("{} of {} USD", usd(taken.cost_micro_usd), usd(most)))
    }
}

fn usd(micro: u64) -> String {
    format!("{}.{:02}", micro / 1_000_000, micro % 1_000_000 / 10_000)
}
