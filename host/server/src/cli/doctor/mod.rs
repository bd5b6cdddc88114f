//! `instar doctor`: looks at a project from outside and names what is wrong, each with its cause and its fix.
//!
//! One file per area; each says what it finds, and nothing is changed before `--fix`. It works without a server,
//! and asks one that runs for what only it knows.

mod agent;
mod fault;
mod hooks;
mod jobs;
mod machine;
mod plugins;
mod project;
mod quota;
mod server;
mod store;

use std::collections::BTreeMap;
use std::io::ErrorKind;

use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::exit::{Exit, Failure};
use super::output::{Shown, Tone, one_line};
use super::{Context, examples, sentence};
use crate::config::{Config, Project};
use crate::wiring;
use crate::wiring::lock::{self, Holder};
use fault::{Fault, Finding, Severity};

/// Say what is wrong with the project and this machine, and how to fix it; exit code 1 if something does not work
#[derive(Debug, clap::Args)]
#[command(after_help = examples(&["instar doctor", "instar doctor --fix", "instar doctor --json", "instar doctor --list"]))]
pub(crate) struct Doctor {
    /// Mend what can be mended without losing anything
    #[arg(long)]
    fix: bool,
    /// Show everything that is looked for, with its id
    #[arg(long, conflicts_with = "fix")]
    list: bool,
}

/// What every area looks at.
struct Patient {
    project: Project,
    config: Config,
    /// Who holds the lock of the server.
    holder: Option<Holder>,
    /// What the server has as its environment; ours when none runs.
    env: BTreeMap<String, String>,
    runtime: Runtime,
}

pub(crate) fn run(context: &Context, doctor: &Doctor) -> Result<Exit, Failure> {
    if doctor.list {
        return list(context);
    }
    let project = Project::find(context.dir.as_deref());
    let project = project.map_err(|error| Failure::not_found(sentence(&error.into())))?;
    let mut findings = examine(&project)?;
    if doctor.fix {
        findings.iter_mut().for_each(|finding| mend(finding, &project));
    }
    report(context, &project, &findings)?;
    let is_ill = findings.iter().any(Finding::is_open_error);
    Ok(if is_ill { Exit::Failed } else { Exit::Ok })
}

fn examine(project: &Project) -> Result<Vec<Finding>, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.map_err(|error| Failure::io("failed to start a runtime", &error))?;
    let mut findings = machine::examine(project);
    if !project.instar_dir().is_dir() {
        findings.insert(0, project::not_initialised(project));
        return Ok(findings);
    }
    findings.extend(project::examine_modes(project));
    findings.extend(project::examine_users(project));
    findings.extend(store::examine(project, &runtime));
    let holder = lock::holder(&project.lock_file());
    let config = match Config::load(project) {
        Ok(config) => config,
        Err(error) => {
            findings.insert(0, project::bad_config(project, &error));
            return Ok(findings);
        }
    };
    let env = holder.and_then(server::environment).unwrap_or_else(wiring::host_environment);
    let patient = Patient { project: project.clone(), config, holder, env, runtime };
    findings.extend(project::examine_config(&patient));
    findings.extend(server::examine(&patient));
    let (plugins, found) = plugins::examine(&patient);
    findings.extend(found);
    let (jobs, found) = jobs::examine(&patient, plugins.as_ref());
    findings.extend(found);
    findings.extend(quota::examine(&patient));
    findings.extend(agent::examine(&patient, &jobs));
    findings.extend(hooks::examine(&patient));
    Ok(findings)
}

fn mend(finding: &mut Finding, project: &Project) {
    let Some(mend) = &finding.mend else { return };
    match mend.apply(project) {
        Ok(()) => finding.fixed = true,
        Err(error) => finding.cause = format!("{}; it was not mended: {}", finding.cause, sentence(&error)),
    }
}

fn report(context: &Context, project: &Project, findings: &[Finding]) -> Result<(), Failure> {
    let count = |severity| findings.iter().filter(|it| !it.fixed && it.fault.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    if context.out.json {
        let shown: Vec<Value> = findings.iter().map(value).collect();
        let dir = project.dir();
        return context.out.value(&json!({ "dir": dir, "errors": errors, "warnings": warnings, "findings": shown }));
    }
    for finding in findings {
        context.out.line(format!("{} {}: {}", word(finding), finding.fault.id, one_line(&finding.cause)))?;
        if !finding.fixed {
            context.out.line(format!("        fix: {}", one_line(&finding.fix)))?;
        }
    }
    let fixable = findings.iter().filter(|finding| finding.mend.is_some() && !finding.fixed).count();
    context.out.line(summary(errors, warnings, fixable))
}

fn word(finding: &Finding) -> &'static str {
    match (finding.fixed, finding.fault.severity) {
        (true, _) => "mended ",
        (false, Severity::Error) => "error  ",
        (false, Severity::Warning) => "warning",
    }
}

fn value(finding: &Finding) -> Value {
    json!({
        "id": finding.fault.id,
        "severity": finding.fault.severity,
        "cause": finding.cause,
        "fix": finding.fix,
        "fixable": finding.mend.is_some(),
        "fixed": finding.fixed,
    })
}

fn summary(errors: usize, warnings: usize, fixable: usize) -> String {
    let counted = |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
    let found = match (errors, warnings) {
        (0, 0) => return "Nothing is wrong.".to_owned(),
        (0, warnings) => counted(warnings, "warning"),
        (errors, 0) => counted(errors, "error"),
        (errors, warnings) => format!("{}, {}", counted(errors, "error"), counted(warnings, "warning")),
    };
    match fixable {
        0 => format!("{found}."),
        fixable => format!("{found}; `instar doctor --fix` mends {fixable} of them."),
    }
}

fn list(context: &Context) -> Result<Exit, Failure> {
    if context.out.json {
        let row = |fault: &Fault| json!({ "id": fault.id, "severity": fault.severity, "fixable": fault.fixable, "meaning": fault.meaning });
        context.out.value(&json!({ "faults": fault::ALL.iter().map(row).collect::<Vec<_>>() }))?;
        return Ok(Exit::Ok);
    }
    let row = |fault: &Fault| {
        let severity = match fault.severity {
            Severity::Error => Shown::new("error", Tone::Bad),
            Severity::Warning => Shown::new("warning", Tone::Warn),
        };
        let by = if fault.fixable { "--fix" } else { "hand" };
        vec![Shown::plain(fault.id), severity, Shown::plain(by), Shown::plain(fault.meaning)]
    };
    context.out.table(&["ID", "SEVERITY", "MENDED BY", "MEANING"], fault::ALL.iter().map(row).collect())?;
    Ok(Exit::Ok)
}

/// Whether this is a fault of rights rather than of what is there.
fn is_denied(error: &std::io::Error) -> bool {
    error.kind() == ErrorKind::PermissionDenied
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_says_how_much_is_wrong() {
        assert_eq!(summary(0, 0, 0), "Nothing is wrong.");
        assert_eq!(summary(1, 2, 0), "1 error, 2 warnings.");
        assert_eq!(summary(0, 1, 1), "1 warning; `instar doctor --fix` mends 1 of them.");
    }
}
