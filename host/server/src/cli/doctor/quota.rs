//! The quota file: whether what it says counts.

use instar_core::quota::QuotaReading;
use jiff::{SignedDuration, Timestamp};

use super::Patient;
use super::fault::{self, Finding};
use crate::quota_file::QuotaFile;

pub(super) fn examine(patient: &Patient) -> Option<Finding> {
    let rules = patient.config.admission.quota?;
    let file = QuotaFile::new(patient.config.quota.file.clone());
    let path = file.path().display().to_string();
    match patient.runtime.block_on(file.read()) {
        QuotaReading::None => None,
        QuotaReading::Broken(reason) => {
            let fix = format!("correct or remove {path}; `instar quota set` writes it anew");
            Some(Finding::new(fault::QUOTA_BROKEN, format!("{path} is ignored: {reason}"), fix))
        }
        QuotaReading::Data(quota) => {
            let now = Timestamp::now();
            rules.is_stale(&quota, now).then(|| stale(patient, &path, now.duration_since(quota.last_updated)))
        }
    }
}

fn stale(patient: &Patient, path: &str, age: SignedDuration) -> Finding {
    let limit = patient.config.admission.quota.map(|rules| rules.stale_after).unwrap_or_default();
    let cause = if age.is_negative() {
        format!("the data in {path} was written at a time that has not come yet, and is ignored")
    } else {
        let minutes = |duration: SignedDuration| duration.as_mins();
        format!("the data in {path} is {} minutes old, and ignored after {}", minutes(age), minutes(limit))
    };
    let fix = match &patient.config.quota.collector {
        Some(_) => "see the log of the server for what `quota.collector` says; it runs only while jobs are due",
        None => "name a `quota.collector` in .instar/config.json, `instar quota set` it, or remove the file",
    };
    Finding::new(fault::QUOTA_STALE, cause, fix)
}
