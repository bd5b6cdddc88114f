//! The folder `.instar`: whether it is there, who may look into it, and what its settings say.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::fault::{self, Finding, Mend};
use super::{Patient, is_denied};
use crate::cli::output::quoted;
use crate::cli::sentence;
use crate::config::{ConfigError, Project};
use crate::secrets_file::SecretsFile;
use crate::users_file::UsersFile;

pub(super) fn not_initialised(project: &Project) -> Finding {
    let dir = project.dir();
    Finding::new(
        fault::NOT_INITIALISED,
        format!("{} has no folder .instar", dir.display()),
        format!("instar init --dir {}", quoted(dir)),
    )
}

/// Settings that cannot be loaded, so that no server starts.
pub(super) fn bad_config(project: &Project, error: &ConfigError) -> Finding {
    let (cause, file) = (error.to_string(), project.config_file());
    match error {
        ConfigError::Read { source, .. } => {
            let cause = format!("{cause}: {source}");
            let fix = if is_denied(source) {
                format!("sudo chown \"$(id -u)\" {0} && chmod 600 {0}", quoted(&file))
            } else {
                format!("see what is at {} and make a readable file of it", file.display())
            };
            Finding::new(fault::CONFIG_UNREADABLE, cause, fix)
        }
        ConfigError::Json { .. } => {
            Finding::new(fault::CONFIG_INVALID, cause, format!("correct {} at that place", file.display()))
        }
        ConfigError::TooLarge { .. } => {
            let fix = format!("take out of {} what is no setting", file.display());
            Finding::new(fault::CONFIG_INVALID, cause, fix)
        }
        ConfigError::Key { key, expected, .. } => {
            let fix = format!("set `{key}` in {} to {expected}, or take it out", file.display());
            Finding::new(fault::CONFIG_WRONG_TYPE, cause, fix)
        }
    }
}

pub(super) fn examine_config(patient: &Patient) -> Vec<Finding> {
    let (config, file) = (&patient.config, patient.project.config_file());
    let mut findings = Vec::new();
    for key in config.unknown_keys() {
        let cause = format!("`{key}` in {} has no effect in this version", file.display());
        findings.push(Finding::new(fault::CONFIG_UNKNOWN_KEY, cause, "correct its spelling, or take it out"));
    }
    if config.token.is_some() {
        return findings;
    }
    let dir = quoted(patient.project.dir());
    let fix = format!("openssl rand -hex 32 | instar config set auth.token - --dir {dir}, and restart the server");
    if !config.is_loopback() {
        let cause = format!("`host` is {}, which other machines can reach, and no token is configured", config.host);
        findings.push(Finding::new(fault::EXPOSED, cause, format!("{fix}; or: instar config set host 127.0.0.1")));
    } else if !config.trust_loopback {
        let cause = "no token is configured, so that only the socket gives access to the API";
        findings.push(Finding::new(fault::NO_TOKEN, cause, fix));
    }
    findings
}

/// The rights on what may hold secrets.
pub(super) fn examine_modes(project: &Project) -> Vec<Finding> {
    let mut findings = Vec::new();
    let config = project.config_file();
    if let Some(mode) = open_mode(&config) {
        let cause = format!("{} has mode {mode:03o}, so others can read the token in it", config.display());
        let fix = format!("chmod 600 {}", quoted(&config));
        findings.push(Finding::mendable(fault::CONFIG_OPEN, cause, fix, Mend::Close { path: config, mode: 0o600 }));
    }
    let secrets = SecretsFile::new(project.secrets_file());
    if let Some(mode) = open_mode(secrets.path()) {
        let path = secrets.path().to_owned();
        let cause = format!("{} has mode {mode:03o}, so others can read the secrets in it", path.display());
        let fix = format!("chmod 600 {}", quoted(&path));
        findings.push(Finding::mendable(fault::SECRETS_OPEN, cause, fix, Mend::Close { path, mode: 0o600 }));
    } else if let Err(error) = secrets.names() {
        let fix = format!("correct {} by hand, or remove it and set the secrets again", quoted(secrets.path()));
        findings.push(Finding::new(fault::SECRETS_UNREADABLE, sentence(&error.into()), fix));
    }
    for name in secrets.in_keyring().unwrap_or_default() {
        if let Err(error) = secrets.check(&name) {
            let fix = format!("unlock the keyring, or `instar secret set {name}`");
            let cause = format!("the secret {name} is in the keyring: {}", sentence(&error.into()));
            findings.push(Finding::new(fault::SECRET_OUT_OF_REACH, cause, fix));
        }
    }
    for folder in [project.state_dir(), project.run_dir(), project.cache_dir(), project.logs_dir(), project.tmp_dir()] {
        if let Some(mode) = open_mode(&folder) {
            let cause = format!("{} has mode {mode:03o}, so others can look into it", folder.display());
            let fix = format!("chmod 700 {}", quoted(&folder));
            findings.push(Finding::mendable(fault::FOLDER_OPEN, cause, fix, Mend::Close { path: folder, mode: 0o700 }));
        }
    }
    findings
}

/// Who is known: a file that cannot be read is left as it is, and so are those who were known before.
pub(super) fn examine_users(project: &Project) -> Vec<Finding> {
    let path = project.users_file();
    match UsersFile::new(path.clone()).read() {
        Ok((_, warnings)) => {
            let fix = format!("correct {}, or `instar user remove` and add them again", quoted(&path));
            let bad = |warning: &String| Finding::new(fault::USER_BAD, warning.clone(), fix.clone());
            warnings.iter().map(bad).collect()
        }
        Err(error) => {
            let fix = format!("correct {} by hand, or put it aside and add the users again", quoted(&path));
            vec![Finding::new(fault::USERS_UNREADABLE, error.to_string(), fix)]
        }
    }
}

/// The mode, if it gives rights to others.
fn open_mode(path: &Path) -> Option<u32> {
    let mode = fs::metadata(path).ok()?.permissions().mode() & 0o777;
    (mode & 0o077 != 0).then_some(mode)
}
