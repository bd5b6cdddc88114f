//! What runs the jobs: tmux, and the agent CLI of prompt jobs.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use instar_core::job::Job;
use instar_session::TmuxError;

use super::Patient;
use super::fault::{self, Finding};
use crate::cli::output::quoted;
use crate::cli::sentence;

/// The plugin that runs the agent CLI, and its name in jobs.
const PLUGIN: &str = "execute-prompt";
const TYPE: &str = "prompt";

pub(super) fn examine(patient: &Patient, jobs: &[Arc<Job>]) -> Vec<Finding> {
    let prompt = jobs.iter().find(|job| job.execute_type == TYPE);
    [tmux(patient), prompt.and_then(|job| agent(patient, job))].into_iter().flatten().collect()
}

fn tmux(patient: &Patient) -> Option<Finding> {
    let configured = patient.config.sessions.tmux_path.as_deref();
    let found = instar_session::usable_tmux(configured, &patient.env, patient.project.dir());
    let error = patient.runtime.block_on(found).err()?;
    let install = "sudo apt install tmux (macOS: brew install tmux)";
    let (fault, fix) = match (&error, configured) {
        (TmuxError::Missing { .. }, _) => (fault::TMUX_MISSING, install.to_owned()),
        (_, Some(path)) => {
            let fix = format!(
                "correct `sessions.tmuxPath` in .instar/config.json, which is {}; without it tmux is looked for on the PATH",
                path.display()
            );
            let fault = if path.exists() { fault::TMUX_UNUSABLE } else { fault::TMUX_MISSING };
            (fault, fix)
        }
        (_, None) => (fault::TMUX_UNUSABLE, format!("{install}; 3.2 or later is needed")),
    };
    Some(Finding::new(fault, sentence(&error.into()), fix))
}

fn agent(patient: &Patient, job: &Job) -> Option<Finding> {
    let settings = patient.config.plugins.iter().find(|(id, _)| id.as_str() == PLUGIN);
    if settings.is_some_and(|(_, settings)| !settings.enabled) {
        return None;
    }
    let configured = settings.and_then(|(_, settings)| settings.config.get("command")?.as_str());
    let command = configured.unwrap_or("claude");
    let slug = &job.slug;
    let env = instar_session::allowed(&patient.env, &patient.config.sessions.pass_env);
    let path = env.get("PATH").map_or("", String::as_str);
    if !is_found(command, path, patient.project.dir()) {
        let cause = format!("job `{slug}` runs the agent CLI `{command}`, which is not found on PATH {path}");
        let install = if command == "claude" { "npm install -g @anthropic-ai/claude-code; or " } else { "" };
        let fix = format!("{install}set `plugins.{PLUGIN}.config.command` in .instar/config.json to its path");
        return Some(Finding::new(fault::AGENT_MISSING, cause, fix));
    }
    let is_claude = Path::new(command).file_name().is_some_and(|name| name == "claude");
    let is_root = rustix::process::geteuid().is_root();
    let is_sandbox = env.get("IS_SANDBOX").is_some_and(|value| value == "1");
    (is_claude && is_root && !is_sandbox).then(|| refuses_root(patient))
}

fn refuses_root(patient: &Patient) -> Finding {
    let cause =
        "`claude` refuses `--dangerously-skip-permissions` as root unless IS_SANDBOX=1 is set, so prompt jobs fail";
    let dir = quoted(patient.project.dir());
    let fix = format!(
        "run the server as another user; or, where this machine is a sandbox: instar server stop --dir {dir}; IS_SANDBOX=1 instar server start --dir {dir}"
    );
    Finding::new(fault::AGENT_ROOT, cause, fix)
}

/// As the system looks for a program, from the project's folder.
fn is_found(command: &str, path: &str, project: &Path) -> bool {
    let is_program = |file: PathBuf| file.is_file() && rustix::fs::access(&file, rustix::fs::Access::EXEC_OK).is_ok();
    if command.contains('/') {
        return is_program(project.join(command));
    }
    std::env::split_paths(path).any(|folder| is_program(project.join(folder).join(command)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_looked_for_as_the_system_does() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("note"), "").unwrap();
        assert!(is_found("sh", "/nowhere:/bin", dir.path()));
        assert!(is_found("/bin/sh", "", dir.path()));
        assert!(!is_found("sh", "/nowhere", dir.path()));
        assert!(!is_found("./note", "/bin", dir.path()), "it is no program");
        assert!(!is_found("", "/bin", dir.path()));
    }
}
