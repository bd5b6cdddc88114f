//! What a guard of runs is told of a job, as far as most of them need it.

use serde::Deserialize;
use serde_json::Value;

/// The job of a run that would start. What is missing in the text is not known, and no error.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Job {
    pub slug: Option<String>,
    pub name: String,
    /// `critical`, `high`, `normal` or `low`.
    pub priority: String,
    pub tags: Vec<String>,
    /// Why the run was requested; its `kind` is `scheduled`, `retry`, `manual` or `spawned`.
    pub trigger: Value,
    /// The zone of the scheduler by its IANA name; none where it has none.
    pub zone: Option<String>,
    /// What was taken on the latest days of that zone, today first; this run is not counted.
    pub taken: Vec<Day>,
}

/// One day.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Day {
    /// Such as `2026-11-28`.
    pub date: String,
    /// By the runs of this job that began on it.
    pub job: Taken,
    /// By all runs that began on it.
    pub all: Taken,
}

/// How much was taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Taken {
    pub runs: u64,
    /// Of runs that have ended.
    pub duration_ms: u64,
    /// Read and written together, as far as the agents told.
    pub tokens: u64,
    /// Millionths of a US dollar, as far as the agents told.
    pub cost_micro_usd: u64,
}

impl Job {
    /// Reads the `job_json` of [`RunGuard::check`](crate::guard::RunGuard::check). What cannot be read is a job of
    /// which nothing is known.
    pub fn read(job_json: &str) -> Self {
        serde_json::from_str(job_json).unwrap_or_default()
    }
}

/// Jobs that a rule does not hold for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Except {
    /// `critical`, `high`, `normal` (or `medium`), `low`.
    pub priorities: Vec<Priority>,
    pub tags: Vec<String>,
    pub slugs: Vec<String>,
}

/// How much a job matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    Critical,
    High,
    #[serde(alias = "medium")]
    Normal,
    Low,
}

impl Priority {
    fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Normal => "normal",
            Self::Low => "low",
        }
    }
}

impl Except {
    pub fn holds(&self, job: &Job) -> bool {
        let by_slug = job.slug.as_ref().is_some_and(|slug| self.slugs.contains(slug));
        let by_tag = job.tags.iter().any(|tag| self.tags.contains(tag));
        by_slug || by_tag || self.priorities.iter().any(|priority| priority.as_str() == job.priority)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exception_is_made_by_slug_tag_or_priority() {
        let job = Job::read(r#"{"slug":"backup","priority":"normal","tags":["nightly"],"zone":"Asia/Tokyo","new":1}"#);
        assert_eq!((job.slug.as_deref(), job.zone.as_deref()), (Some("backup"), Some("Asia/Tokyo")));
        let holds = |except: &str| serde_json::from_str::<Except>(except).unwrap().holds(&job);
        for except in [r#"{"slugs":["backup"]}"#, r#"{"tags":["x","nightly"]}"#, r#"{"priorities":["medium"]}"#] {
            assert!(holds(except), "{except}");
        }
        for except in ["{}", r#"{"slugs":["nightly"]}"#, r#"{"tags":["backup"]}"#, r#"{"priorities":["high"]}"#] {
            assert!(!holds(except), "{except}");
        }
        assert!(serde_json::from_str::<Except>(r#"{"priorities":["urgent"]}"#).is_err());
        assert!(!serde_json::from_str::<Except>(r#"{"priorities":["normal"]}"#).unwrap().holds(&Job::read("no json")));
    }
}
