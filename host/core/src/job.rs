//! A job: what runs, when, and how much it matters.

pub mod fields;
mod written;

use std::fmt;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::admission::{self, Admission};
use crate::grounding::{Grounding, Handoff};
use crate::id::JobSlug;
use crate::job::fields::Definition;
use crate::missed::Missed;
use crate::notice::Notify;
use crate::retry::Retry;
use crate::schedule::Schedule;
use crate::supervision::Supervision;

pub use crate::job::written::Written;

/// A job as its file defines it.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    pub slug: JobSlug,
    pub name: String,
    pub schedule: Schedule,
    /// The zone that the schedule is read in; `None` is the host's.
    pub timezone: Option<TimeZone>,
    pub priority: Priority,
    pub model: Model,
    pub enabled: bool,
    pub overlap: Overlap,
    pub missed: Missed,
    pub retry: Option<Retry>,
    /// After so many failures in a row it is paused; 0 is never, `None` is the host's default.
    pub pause_after_failures: Option<u32>,
    /// The installed execute type that decides how the job runs.
    pub execute_type: String,
    /// The hard limit of a run; `None` is the host's default.
    pub timeout_ms: Option<u64>,
    /// False when the job asks for no notices.
    pub notify: bool,
    /// When its runs may start.
    pub admission: Admission,
    /// By how much it may start after its due time; `None` is the host's.
    pub jitter: Option<SignedDuration>,
    /// Of what, as long as it asks for notices at all.
    pub notices: Notify,
    pub grounding: Option<Grounding>,
    pub supervision: Supervision,
    /// What its runs tell of their work may change how often it comes.
    pub auto_tune: bool,
    /// The object as it stands in the file, unknown keys included.
    pub definition: Written,
}

/// Which of several queued runs goes first. The order of the cases is the order of the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    Critical,
    High,
    #[default]
    #[serde(alias = "medium")]
    Normal,
    Low,
}

/// What becomes of a run whose job has another one open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Overlap {
    /// It is not started, and that is recorded.
    #[default]
    Skip,
    /// It waits for the end of the other.
    Queue,
    /// Both run.
    Allow,
    /// The other is stopped, and this one follows.
    Replace,
}

impl Overlap {
    /// Whether a run of such a job starts only when no other of its job is active.
    pub fn waits_its_turn(self) -> bool {
        match self {
            Self::Skip | Self::Queue | Self::Replace => true,
            Self::Allow => false,
        }
    }
}

/// The tier of model that a job asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Model {
    Opus,
    #[default]
    Sonnet,
    Haiku,
}

impl Model {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opus => "opus",
            Self::Sonnet => "sonnet",
            Self::Haiku => "haiku",
        }
    }

    /// The smaller of two tiers.
    pub(crate) fn smaller(self, other: Self) -> Self {
        let size = |model| match model {
            Self::Haiku => 0,
            Self::Sonnet => 1,
            Self::Opus => 2,
        };
        if size(other) < size(self) { other } else { self }
    }
}

impl Priority {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Normal => "normal",
            Self::Low => "low",
        }
    }
}

/// What is wrong with one entry of the jobs file, or with the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobProblem {
    /// The position in the array; `None` when the file itself is the problem.
    pub index: Option<usize>,
    pub slug: Option<String>,
    /// The key that is wrong, such as `execute.type`.
    pub field: Option<String>,
    pub message: String,
}

impl fmt::Display for JobProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.index, &self.slug) {
            (Some(index), Some(slug)) => write!(f, "Job[{index}] `{slug}`: {}", self.message),
            (Some(index), None) => write!(f, "Job[{index}]: {}", self.message),
            (None, _) => f.write_str(&self.message),
        }
    }
}

/// How the last run of a job ended, as `/jobs` shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LastResult {
    Pending,
    Success,
    Failure,
    Timeout,
}

impl LastResult {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Timeout => "timeout",
        }
    }
}

/// What a job has been through.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JobState {
    pub last_run: Option<Timestamp>,
    pub last_result: Option<LastResult>,
    pub last_error: Option<String>,
    pub consecutive_failures: u32,
    /// The last due time that is settled: it was turned into a run, or passed over.
    pub last_scheduled: Option<Timestamp>,
    /// Since when it is to run by the schedule that it has now; what was due before is nobody's concern.
    pub begun_at: Option<Timestamp>,
    /// What the last run that left notes left for the next.
    pub last_handoff: Option<Handoff>,
}

/// A run may take a year at most; more is taken for a slip of the keyboard.
const LONGEST_TIMEOUT_MINUTES: f64 = 525_600.0;

impl Job {
    /// The first due time after `after`, in the job's zone or else in the host's.
    pub fn next_after(&self, after: Timestamp, host_zone: &TimeZone) -> Option<Timestamp> {
        self.schedule.next_after(after, self.timezone.as_ref().unwrap_or(host_zone))
    }

    /// Whether it is meant to be due, and will not be for years.
    pub fn is_dormant(&self, now: Timestamp, host_zone: &TimeZone) -> bool {
        self.enabled && self.schedule.is_dormant(now, self.timezone.as_ref().unwrap_or(host_zone))
    }

    /// Reads one entry of the jobs file. The first thing that is wrong is reported.
    pub fn parse(index: usize, value: &Value) -> Result<Self, JobProblem> {
        let Some(definition) = value.as_object() else {
            let message = "must be an object".into();
            return Err(JobProblem { index: Some(index), slug: None, field: None, message });
        };
        let fields = Fields { index, definition: Definition { object: definition } };
        fields.job()
    }
}

struct Fields<'a> {
    index: usize,
    definition: Definition<'a>,
}

impl Fields<'_> {
    fn job(&self) -> Result<Job, JobProblem> {
        let slug =
            self.required("slug")?.parse::<JobSlug>().map_err(|error| self.problem("slug", error.to_string()))?;
        let name = self.required("name")?.to_owned();
        let schedule = Schedule::parse(self.required("schedule")?)
            .map_err(|error| self.problem("schedule", format!("invalid cron expression: {error}")))?;
        self.optional_text("description")?;
        Ok(Job {
            slug,
            name,
            missed: self.missed(&schedule)?,
            retry: self.retry()?,
            pause_after_failures: self.pause_after_failures()?,
            notices: self.notices()?,
            schedule,
            timezone: self.timezone()?,
            priority: self.choice("priority", "critical, high, normal, low")?,
            model: self.choice("model", "opus, sonnet, haiku")?,
            enabled: self.flag("enabled")?,
            overlap: self.choice("overlap", "skip, queue, allow, replace")?,
            execute_type: self.execute_type()?,
            timeout_ms: self.timeout_ms()?,
            notify: self.flag("telegramNotify")?,
            grounding: self.grounding()?,
            admission: Admission::parse(self.definition).map_err(|(key, rule)| self.problem(key, rule))?,
            jitter: admission::jitter(self.definition).map_err(|(key, rule)| self.problem(key, rule))?,
            supervision: self.choice("supervision", "tier0, tier1, tier2")?,
            definition: Written::of(self.definition.object),
            auto_tune: self.definition.get("autoTune").is_some() && self.flag("autoTune")?,
        })
    }

    fn timezone(&self) -> Result<Option<TimeZone>, JobProblem> {
        let value = match self.definition.get("timezone") {
            None | Some(Value::Null) => return Ok(None),
            Some(value) => value,
        };
        let zone = value.as_str().and_then(|name| TimeZone::get(name).ok());
        zone.map(Some).ok_or_else(|| {
            let message = format!(
                "\"timezone\" must be the IANA name of a time zone, such as \"Europe/Berlin\"; it is {value:.60}"
            );
            self.problem("timezone", message)
        })
    }

    /// What comes once a day or less often is made up for, unless the job says otherwise.
    fn missed(&self, schedule: &Schedule) -> Result<Missed, JobProblem> {
        let Some(value) = self.definition.get("missed") else {
            return Ok(if schedule.is_daily_at_most() { Missed::RunOnce } else { Missed::Skip });
        };
        Missed::deserialize(value).map_err(|_| {
            self.problem("missed", format!("\"missed\" must be one of run-once, skip, run-all; it is {value:.60}"))
        })
    }

    fn retry(&self) -> Result<Option<Retry>, JobProblem> {
        let retry = self.definition.get("retry").filter(|value| !value.is_null()).map(Retry::parse).transpose();
        retry.map_err(|(field, message)| self.problem(&field, message))
    }

    fn notices(&self) -> Result<Notify, JobProblem> {
        let notify = self.definition.get("notify").map(Notify::parse).transpose();
        Ok(notify.map_err(|(field, message)| self.problem(&field, message))?.unwrap_or_default())
    }

    fn pause_after_failures(&self) -> Result<Option<u32>, JobProblem> {
        let Some(value) = self.definition.get("pauseAfterFailures") else { return Ok(None) };
        let count = value.as_u64().and_then(|count| u32::try_from(count).ok()).filter(|count| *count <= 1000);
        count.map(Some).ok_or_else(|| {
            let message = "\"pauseAfterFailures\" must be a whole number from 0 (never) to 1000";
            self.problem("pauseAfterFailures", format!("{message}; it is {value:.60}"))
        })
    }

    fn execute_type(&self) -> Result<String, JobProblem> {
        let Some(execute) = self.definition.get("execute").and_then(Value::as_object) else {
            return Err(self.problem("execute", "\"execute\" must be an object with \"type\" and \"value\"".into()));
        };
        match execute.get("type").and_then(Value::as_str).map(str::trim) {
            Some(execute_type) if !execute_type.is_empty() => Ok(execute_type.to_owned()),
            _ => Err(self.problem("execute.type", "execute.type must be the name of an execute type".into())),
        }
    }

    fn timeout_ms(&self) -> Result<Option<u64>, JobProblem> {
        let Some(value) = self.definition.get("timeoutMinutes") else { return Ok(None) };
        match value.as_f64() {
            Some(minutes) if minutes > 0.0 && minutes <= LONGEST_TIMEOUT_MINUTES =>
            {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "checked to be positive and small"
                )]
                Ok(Some((minutes * 60_000.0).ceil() as u64))
            }
            _ => Err(self.problem(
                "timeoutMinutes",
                format!("\"timeoutMinutes\" must be a number above 0 and at most {LONGEST_TIMEOUT_MINUTES}"),
            )),
        }
    }

    fn grounding(&self) -> Result<Option<Grounding>, JobProblem> {
        let value = match self.definition.get("grounding") {
            None | Some(Value::Null) => return Ok(None),
            Some(value) => value,
        };
        let Some(object) = value.as_object() else {
            return Err(self.problem("grounding", "\"grounding\" must be an object".into()));
        };
        let flag = |key: &str| match object.get(key) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(_) => {
                let name = format!("grounding.{key}");
                Err(self.problem(&name, format!("{name} must be a boolean")))
            }
        };
        let texts = |key: &str| {
            let texts = object.get(key).map_or(Ok(Vec::new()), Vec::<String>::deserialize);
            let texts = texts.ok().filter(|texts| texts.iter().all(|text| !text.trim().is_empty()));
            let name = format!("grounding.{key}");
            texts.ok_or_else(|| self.problem(&name, format!("{name} must be a list of texts that are not blank")))
        };
        Ok(Some(Grounding {
            requires_identity: flag("requiresIdentity")?,
            processes_external_input: flag("processesExternalInput")?,
            context_files: texts("contextFiles")?,
            questions: texts("questions")?,
        }))
    }

    fn required(&self, key: &str) -> Result<&str, JobProblem> {
        match self.definition.get(key).and_then(Value::as_str) {
            Some(text) if !text.trim().is_empty() => Ok(text),
            _ => Err(self.problem(key, format!("\"{key}\" is required: a text that is not blank"))),
        }
    }

    fn optional_text(&self, key: &str) -> Result<(), JobProblem> {
        match self.definition.get(key) {
            None | Some(Value::String(_) | Value::Null) => Ok(()),
            Some(_) => Err(self.problem(key, format!("\"{key}\" must be a text"))),
        }
    }

    fn flag(&self, key: &str) -> Result<bool, JobProblem> {
        match self.definition.get(key) {
            None => Ok(true),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(_) => Err(self.problem(key, format!("\"{key}\" must be a boolean"))),
        }
    }

    fn choice<T: Default + for<'de> Deserialize<'de>>(&self, key: &str, choices: &str) -> Result<T, JobProblem> {
        let Some(value) = self.definition.get(key) else { return Ok(T::default()) };
        T::deserialize(value)
            .map_err(|_| self.problem(key, format!("\"{key}\" must be one of {choices}; it is {value}")))
    }

    fn problem(&self, field: &str, message: String) -> JobProblem {
        let slug = self.definition.get("slug").and_then(Value::as_str).map(|slug| slug.chars().take(100).collect());
        JobProblem { index: Some(self.index), slug, field: Some(field.to_owned()), message }
    }
}
