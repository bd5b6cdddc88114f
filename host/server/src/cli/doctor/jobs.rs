//! The jobs file, entry by entry, and what the good entries need.

use std::sync::Arc;

use instar_api::Plugins;
use instar_core::job::Job;
use instar_core::jobs_file::JobsFile;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Patient;
use super::fault::{self, Finding};
use crate::cli::output::quoted;
use crate::jobs::JobsFolder;
use crate::watch_jobs::JobsReader;

pub(super) fn examine(patient: &Patient, plugins: Option<&Plugins>) -> (Vec<Arc<Job>>, Vec<Finding>) {
    let path = &patient.config.scheduler.jobs_file;
    let is_missing = matches!(std::fs::metadata(path), Err(error) if error.kind() == std::io::ErrorKind::NotFound);
    if is_missing {
        let cause = format!("there is no {}", path.display());
        let fix = match *path == patient.project.jobs_file() {
            true => format!("instar init --dir {}, which adds what lacks", quoted(patient.project.dir())),
            false => format!("echo '[]' > {}, or correct `scheduler.jobsFile` in .instar/config.json", quoted(path)),
        };
        return (Vec::new(), vec![Finding::new(fault::JOBS_MISSING, cause, fix)]);
    }
    let file = patient.runtime.block_on(JobsReader::new(JobsFolder::of(&patient.config, &patient.project)).first());
    let mut findings = problems(patient, &file);
    let (now, zone) = (Timestamp::now(), patient.config.scheduler.zone());
    for job in &file.jobs {
        findings.extend(plugins.and_then(|plugins| type_unknown(job, plugins)));
        findings.extend(never_due(job, now, &zone));
    }
    (file.jobs, findings)
}

fn problems(patient: &Patient, file: &JobsFile) -> Vec<Finding> {
    let path = patient.config.scheduler.jobs_file.display();
    let mut findings = Vec::new();
    for problem in &file.problems {
        findings.push(match (problem.index, &problem.field) {
            (None, _) => {
                let fix = format!("correct {path}; as long as it is refused, the last good set of jobs stands");
                Finding::new(fault::JOBS_REFUSED, problem.to_string(), fix)
            }
            (Some(index), Some(field)) => Finding::new(
                fault::JOB_BAD,
                problem.to_string(),
                format!("correct `{field}` of entry {index} in {path}"),
            ),
            (Some(index), None) => Finding::new(
                fault::JOB_BAD,
                problem.to_string(),
                format!("correct entry {index} in {path}, or take it out"),
            ),
        });
    }
    let is_said = file.problems.iter().any(|problem| problem.index.is_none());
    if file.refused && !is_said {
        let cause = format!("{path} was not taken as a whole: the last good set of jobs stands");
        findings.push(Finding::new(fault::JOBS_REFUSED, cause, "correct the entries that are named"));
    }
    findings
}

fn type_unknown(job: &Job, plugins: &Plugins) -> Option<Finding> {
    let types =
        plugins.plugins.iter().filter(|plugin| plugin.enabled).filter_map(|plugin| plugin.execute_type.as_deref());
    let types: Vec<_> = types.collect();
    if types.contains(&job.execute_type.as_str()) {
        return None;
    }
    let (slug, wanted) = (&job.slug, &job.execute_type);
    let disabled = plugins.plugins.iter().find(|plugin| plugin.execute_type.as_ref() == Some(wanted));
    let cause = format!("job `{slug}` has the execute type `{wanted}`, which no plugin offers");
    let fix = match disabled {
        Some(plugin) => format!("set `plugins.{}.enabled` in .instar/config.json to true", plugin.id),
        None => format!(
            "put the plugin of `{wanted}` into .instar/plugins, or set `execute.type` of the job to one of: {}",
            types.join(", ")
        ),
    };
    Some(Finding::new(fault::JOB_TYPE_UNKNOWN, cause, fix))
}

fn never_due(job: &Job, now: Timestamp, zone: &TimeZone) -> Option<Finding> {
    let (slug, schedule) = (&job.slug, &job.schedule);
    let cause = || format!("the schedule `{schedule}` of job `{slug}` has no date in the next five years");
    let fix = || format!("correct the schedule of `{slug}`, or `instar job disable {slug}` if it is only triggered");
    job.is_dormant(now, zone).then(|| Finding::new(fault::JOB_NEVER_DUE, cause(), fix()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(schedule: &str, is_found: bool) {
        let job = json!({"slug": "a", "name": "A", "schedule": schedule, "execute": {"type": "script", "value": "x"}});
        let job = Job::parse(0, &job).unwrap();
        let now = "2026-03-01T00:00:00Z".parse().unwrap();
        assert_eq!(never_due(&job, now, &TimeZone::UTC).is_some(), is_found, "{schedule}");
    }

    #[test]
    fn a_date_that_is_too_far_is_found_and_a_leap_day_is_not() {
        check("0 0 30 2 *", true);
        check("0 0 31 4 *", true);
        check("0 0 29 2 *", false);
        check("@yearly", false);
    }
}
