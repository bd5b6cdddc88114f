//! The words of single kinds of facts.

use serde_json::{Value, json};

use crate::gate::GateAnswer;
use crate::id::JobSlug;
use crate::quota::QuotaReading;
use crate::talk::{Activity, Doing};
use crate::tune::Tuned;

pub(super) fn tuned_summary(slug: &JobSlug, tuned: &Tuned) -> String {
    match tuned {
        Tuned::Proposed { schedule, reason, .. } => format!("`{schedule}` is proposed for job {slug}: {reason}"),
        Tuned::Applied { schedule, reason, by, .. } => format!("Job {slug} runs at `{schedule}`, by {by}: {reason}"),
        Tuned::Refused { schedule, by } => format!("`{schedule}` was refused for job {slug} by {by}"),
        Tuned::Reset { by } => format!("Job {slug} runs by the schedule of its file again, by {by}"),
        Tuned::Voided => format!("The schedule of job {slug} was edited: what was made of it is void"),
    }
}

/// Names them, unless they are many.
pub(super) fn begun_summary(slugs: &[JobSlug]) -> String {
    match slugs {
        [one] => format!("Job {one} runs by its schedule from now on"),
        [one, others @ ..] => format!("Job {one} and {} others run by their schedules from now on", others.len()),
        [] => "No job begins".into(),
    }
}

pub(super) fn gate_summary(of: &str, answer: &GateAnswer) -> String {
    match answer {
        GateAnswer::Go => format!("The gate of the run{of} says go"),
        GateAnswer::Nothing => format!("The gate of the run{of} says that there is nothing to do"),
        GateAnswer::Error { cause } => format!("The gate of the run{of} gave no answer: {cause}"),
    }
}

pub(super) fn quota_details(reading: &QuotaReading) -> Value {
    match reading {
        QuotaReading::Data(quota) => json!(quota),
        QuotaReading::Broken(problem) => json!({ "problem": problem }),
        QuotaReading::None => json!({}),
    }
}

pub(super) fn quota_summary(reading: &QuotaReading) -> String {
    match reading {
        QuotaReading::None => "There is no quota data any more".into(),
        QuotaReading::Data(quota) => format!("Quota: {:.0} % of the week used", quota.usage_percent),
        QuotaReading::Broken(problem) => format!("The quota file is ignored: {problem}"),
    }
}

pub(super) fn turned_summary(activity: &Activity) -> String {
    match activity.doing {
        Doing::Starting => "The program of the session is coming up".into(),
        Doing::Busy => "The program of the session works".into(),
        Doing::Ready => "The program of the session waits at its prompt".into(),
        Doing::Asking => {
            format!("The program of the session asks a person: {}", activity.question.as_deref().unwrap_or_default())
        }
    }
}
