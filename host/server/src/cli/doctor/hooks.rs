//! Whether the agent CLI calls the guards.

use std::path::{Path, PathBuf};

use super::Patient;
use super::fault::{self, Finding};
use crate::cli::hook::registered;
use crate::cli::output::quoted;

pub(super) fn examine(patient: &Patient) -> Vec<Finding> {
    let dir = patient.project.dir();
    let install = format!("instar hook install --dir {}", quoted(dir));
    let home = patient.env.get("HOME").map(PathBuf::from);
    let files = std::iter::once(dir.to_owned()).chain(home).map(|folder| folder.join(".claude/settings.json"));
    let (mut findings, mut programs) = (Vec::new(), 0);
    for file in files {
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => {
                findings.push(unreadable(&file, &error.to_string()));
                continue;
            }
        };
        match registered(&text) {
            Ok(registered) => {
                programs += registered.len();
                findings.extend(registered.iter().find(|program| !is_program(program)).map(|program| {
                    let cause = format!("{} calls {}, which is no program", file.display(), program.display());
                    Finding::new(fault::HOOKS_MOVED, cause, install.clone())
                }));
            }
            Err(reason) => findings.push(unreadable(&file, &reason)),
        }
    }
    if programs == 0 && findings.is_empty() {
        let cause = "no hook of instar stands in .claude/settings.json, so nothing that an agent does is judged";
        findings.push(Finding::new(fault::HOOKS_MISSING, cause, install));
    }
    findings
}

fn unreadable(file: &Path, reason: &str) -> Finding {
    let cause = format!("{} cannot be read: {reason}", file.display());
    Finding::new(fault::HOOKS_UNREADABLE, cause, format!("correct {}", file.display()))
}

fn is_program(path: &Path) -> bool {
    path.is_file() && rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok()
}
