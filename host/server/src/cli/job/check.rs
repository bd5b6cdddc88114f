//! `instar job validate`: what the server would say to the jobs file, without a server.

use instar_core::job::fields;
use instar_core::jobs_file::JobsFile;
use instar_core::supervision::Supervision;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;

use crate::cli::Context;
use crate::cli::exit::{Exit, Failure};
use crate::cli::output::one_line;
use crate::jobs::JobsFolder;

pub(super) fn validate(context: &Context) -> Result<Exit, Failure> {
    let project = context.project()?;
    let config = context.config(&project)?;
    let folder = JobsFolder::of(&config, &project);
    let file = folder.parsed()?;
    let mut warnings = warnings(&file, context.out.now, &config.scheduler.zone());
    if config.intelligence.command.is_empty() {
        warnings.extend(unsupervised(&file));
    }
    let ok = file.problems.is_empty() && !file.refused;
    if context.out.json {
        let (jobs, refused) = (file.jobs.len(), file.refused);
        let body =
            json!({ "ok": ok, "jobs": jobs, "refused": refused, "problems": file.problems, "warnings": warnings });
        context.out.value(&body)?;
    } else {
        for problem in &file.problems {
            context.out.line(one_line(&problem.to_string()))?;
        }
        for warning in &warnings {
            context.out.line(format!("warning: {warning}"))?;
        }
        let verdict = match file.refused {
            true => "would not be taken: the last good set of jobs would stand".to_owned(),
            false => format!("has {} good jobs and {} problems", file.jobs.len(), file.problems.len()),
        };
        context.out.line(format!("{} {verdict}.", folder.name()))?;
    }
    Ok(if ok { Exit::Ok } else { Exit::Refused })
}

fn unsupervised(file: &JobsFile) -> impl Iterator<Item = String> {
    let wanting = file.jobs.iter().filter(|job| job.supervision != Supervision::Tier0);
    wanting.map(|job| format!("job `{}` wants supervision, and no `intelligence.command` is configured", job.slug))
}

fn warnings(file: &JobsFile, now: Timestamp, zone: &TimeZone) -> Vec<String> {
    let unknown = file.jobs.iter().flat_map(|job| {
        let unknown = fields::unknown(&job.definition.object()).into_iter();
        unknown.map(|key| format!("`{key}` of job `{}` means nothing here; it is kept", job.slug))
    });
    let dormant = file.jobs.iter().filter(|job| job.is_dormant(now, zone));
    let dormant = dormant
        .map(|job| format!("the schedule `{}` of job `{}` has no date in the next five years", job.schedule, job.slug));
    dormant.chain(unknown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspelt_keys_are_warned_of() {
        let entry = json!({"slug": "a", "name": "N", "schedule": "@daily", "prioritty": "high",
            "execute": {"type": "script", "value": "x", "mine": 1}});
        let warnings = warnings(&JobsFile::from_entries(&[entry]), Timestamp::UNIX_EPOCH, &TimeZone::UTC);
        assert_eq!(warnings, ["`prioritty` of job `a` means nothing here; it is kept"]);
    }

    #[test]
    fn schedules_that_never_come_are_warned_of_where_they_are_meant_to() {
        let entry = |slug: &str, schedule: &str, enabled: bool| {
            json!({"slug": slug, "name": "N", "schedule": schedule, "enabled": enabled,
                "execute": {"type": "script", "value": "x"}})
        };
        let entries =
            [entry("never", "0 0 30 2 *", true), entry("off", "0 0 30 2 *", false), entry("leap", "0 0 29 2 *", true)];
        let file = JobsFile::from_entries(&entries);
        let warnings = warnings(&file, "2026-03-01T00:00:00Z".parse().unwrap(), &TimeZone::UTC);
        assert_eq!(warnings, ["the schedule `0 0 30 2 *` of job `never` has no date in the next five years"]);
    }
}
