//! What the operator says of when runs may start: gates, tags, jitter, quota and budgets.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use instar_core::admission::{AdmissionRules, is_tag};
use instar_core::budget::{Budget, micro_usd};
use instar_core::job::Model;
use instar_core::memory::MemoryRules;
use instar_core::quota::{QuotaRules, Thresholds};
use jiff::SignedDuration;

use super::error::ConfigError;
use super::project::Project;
use super::section::Section;

/// Where quota data lies, and who brings it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct QuotaConfig {
    /// `monitoring.quotaStateFile`: `.instar/quota-state.json`; a relative path begins at the project.
    pub(crate) file: PathBuf,
    /// `quota.collector`: a shell command that prints the data, or writes the file; none.
    pub(crate) collector: Option<String>,
    /// `quota.collectMinutes`: how often it is run while jobs are due, 5.
    pub(crate) collect_every: Duration,
}

/// The sections that these settings are in.
pub(super) struct Sections<'a> {
    pub(super) scheduler: &'a mut Section,
    pub(super) monitoring: Section,
    pub(super) quota: Section,
    pub(super) memory: Section,
    pub(super) budget: Section,
}

pub(super) fn admission(
    sections: Sections<'_>,
    project: &Project,
) -> Result<(AdmissionRules, QuotaConfig), ConfigError> {
    let Sections { scheduler, mut monitoring, mut quota, memory, budget } = sections;
    let defaults = AdmissionRules::default();
    let rules = quota_rules(scheduler.section("quotaThresholds")?, &mut quota)?;
    let tracks = monitoring.take("quotaTracking", super::read::FLAG)?.unwrap_or(true);
    let heeds_memory = monitoring.take("memoryMonitoring", super::read::FLAG)?.unwrap_or(true);
    let memory = memory_rules(memory)?;
    let gate_timeout = whole(scheduler, "gateTimeoutSeconds", 1..=3600, "a whole number of seconds from 1 to 3600")?;
    let jitter = whole(scheduler, "jitterSeconds", 0..=3600, "a whole number of seconds from 0 to 3600")?
        .and_then(|seconds| i64::try_from(seconds).ok());
    let admission = AdmissionRules {
        gate_timeout_ms: gate_timeout.map_or(defaults.gate_timeout_ms, |seconds| seconds * 1000),
        tag_limits: tag_limits(scheduler)?,
        jitter: jitter.map_or(defaults.jitter, SignedDuration::from_secs),
        quota: tracks.then_some(rules),
        memory: heeds_memory.then_some(memory),
        budget: of_all_jobs(budget)?,
    };
    let collect_minutes = whole(&mut quota, "collectMinutes", 1..=1440, "a whole number of minutes from 1 to 1440")?;
    let file =
        super::read::text(&mut monitoring, "quotaStateFile")?.map_or_else(|| project.quota_file(), PathBuf::from);
    let quota = QuotaConfig {
        file: project.dir().join(file),
        collector: super::read::text(&mut quota, "collector")?,
        collect_every: Duration::from_secs(60 * collect_minutes.unwrap_or(5)),
    };
    Ok((admission, quota))
}

fn quota_rules(mut thresholds: Section, quota: &mut Section) -> Result<QuotaRules, ConfigError> {
    let defaults = QuotaRules::default();
    let mut percent = |key, default| {
        let is_percent = |percent: &f64| (0.0..=100.0).contains(percent);
        Ok(thresholds.take_if(key, "a number of percent from 0 to 100", is_percent)?.unwrap_or(default))
    };
    let thresholds = Thresholds {
        normal: percent("normal", defaults.thresholds.normal)?,
        elevated: percent("elevated", defaults.thresholds.elevated)?,
        critical: percent("critical", defaults.thresholds.critical)?,
        shutdown: percent("shutdown", defaults.thresholds.shutdown)?,
    };
    let stale = whole(quota, "staleAfterMinutes", 1..=525_600, "a whole number of minutes from 1 to 525600")?
        .and_then(|minutes| i64::try_from(minutes).ok());
    let fallback: Option<Model> = quota.take("fallbackModel", "one of opus, sonnet, haiku")?;
    Ok(QuotaRules { thresholds, stale_after: stale.map_or(defaults.stale_after, SignedDuration::from_mins), fallback })
}

fn memory_rules(mut memory: Section) -> Result<MemoryRules, ConfigError> {
    let defaults = MemoryRules::default();
    let mut percent = |key, default| {
        let is_percent = |percent: &f64| (0.0..=100.0).contains(percent);
        Ok(memory.take_if(key, "a number of percent from 0 to 100", is_percent)?.unwrap_or(default))
    };
    Ok(MemoryRules {
        elevated: percent("elevatedPercent", defaults.elevated)?,
        critical: percent("criticalPercent", defaults.critical)?,
    })
}

fn tag_limits(scheduler: &mut Section) -> Result<BTreeMap<String, usize>, ConfigError> {
    const EXPECTED: &str = "an object of tags with whole numbers of at least 0, such as {\"browser\": 1}";
    let are_tags = |limits: &BTreeMap<String, u32>| limits.keys().all(|tag| is_tag(tag.trim()));
    let limits = scheduler.take_if("tagLimits", EXPECTED, are_tags)?.unwrap_or_default();
    let limit = |(tag, most): (String, u32)| (tag.trim().to_owned(), usize::try_from(most).unwrap_or(usize::MAX));
    Ok(limits.into_iter().map(limit).collect())
}

fn of_all_jobs(mut budget: Section) -> Result<Budget, ConfigError> {
    /// More than JSON can tell apart.
    const MOST: u64 = 1 << 53;
    const DOLLARS: &str = "a number of US dollars from 0 to 1000000";
    let cost = budget.take_if("costPerDayUsd", DOLLARS, |cost: &f64| micro_usd(*cost).is_some())?;
    Ok(Budget {
        runs: whole(&mut budget, "runsPerDay", 0..=MOST, super::read::COUNT)?,
        tokens: whole(&mut budget, "tokensPerDay", 0..=MOST, super::read::COUNT)?,
        cost_micro_usd: cost.and_then(micro_usd),
    })
}

fn whole(
    section: &mut Section,
    key: &'static str,
    range: RangeInclusive<u64>,
    expected: &'static str,
) -> Result<Option<u64>, ConfigError> {
    section.take_if(key, expected, |number: &u64| range.contains(number))
}
