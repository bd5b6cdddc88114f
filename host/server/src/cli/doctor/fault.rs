//! What the doctor knows: one line for each kind of fault. The ids are an interface, and stay.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Serialize;

use crate::config::Project;
use crate::serve;
use crate::wiring::lock::{Role, RoleLock};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Severity {
    /// Something does not work, or is open to others.
    Error,
    /// It works, but perhaps not as it was meant.
    Warning,
}

/// A kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) id: &'static str,
    pub(super) severity: Severity,
    /// Whether `--fix` mends it.
    pub(super) fixable: bool,
    pub(super) meaning: &'static str,
}

macro_rules! faults {
    ($($name:ident = $id:literal, $severity:ident, $by:ident, $meaning:literal;)*) => {
        $(pub(super) const $name: Fault = Fault {
            id: $id,
            severity: Severity::$severity,
            fixable: faults!(@ $by),
            meaning: $meaning,
        };)*
        /// All of them, in the order in which they are looked for.
        pub(super) const ALL: &[Fault] = &[$($name),*];
    };
    (@ hand) => { false };
    (@ fix) => { true };
}

faults! {
    NOT_INITIALISED = "not-initialised", Error, hand, "the folder has no .instar";
    CONFIG_UNREADABLE = "config-unreadable", Error, hand, "config.json cannot be opened or read";
    CONFIG_INVALID = "config-invalid", Error, hand, "config.json is no JSON object";
    CONFIG_WRONG_TYPE = "config-wrong-type", Error, hand, "a key of config.json has a value that it cannot have";
    CONFIG_UNKNOWN_KEY = "config-unknown-key", Warning, hand, "a key of config.json has no effect";
    CONFIG_UNKNOWN_PLUGIN = "config-unknown-plugin", Warning, hand, "config.json has settings for a plugin that is not there";
    CONFIG_OPEN = "config-open", Error, fix, "others can read config.json, and the token in it";
    NO_TOKEN = "no-token", Warning, hand, "no token is set, so the API answers on the socket only";
    EXPOSED = "exposed", Error, hand, "the API would listen for other machines without a token";
    SECRETS_OPEN = "secrets-open", Error, fix, "others can read secrets.json, so its values are not used";
    SECRETS_UNREADABLE = "secrets-unreadable", Error, hand, "secrets.json cannot be read";
    SECRET_OUT_OF_REACH = "secret-out-of-reach", Error, hand, "the keyring does not give a secret that it has";
    USERS_UNREADABLE = "users-unreadable", Error, hand, "users.json cannot be read, so the users of before stay";
    USER_BAD = "user-bad", Warning, hand, "an entry of users.json is not as it should be";
    FOLDER_OPEN = "folder-open", Error, fix, "others can look into state, run, cache, logs or tmp";
    JOBS_MISSING = "jobs-missing", Error, hand, "the jobs file is not there";
    JOBS_REFUSED = "jobs-refused", Error, hand, "the jobs file cannot be read, or not be taken as a whole";
    JOB_BAD = "job-bad", Error, hand, "an entry of the jobs file is no job";
    JOB_TYPE_UNKNOWN = "job-type-unknown", Error, hand, "no plugin offers the execute type of a job";
    JOB_NEVER_DUE = "job-never-due", Warning, hand, "the schedule of a job has no date in the next five years";
    QUOTA_BROKEN = "quota-broken", Warning, hand, "the quota file says nothing that can be relied on, and is ignored";
    QUOTA_STALE = "quota-stale", Warning, hand, "nobody renews the quota data, so it is ignored";
    TMUX_MISSING = "tmux-missing", Error, hand, "there is no tmux";
    TMUX_UNUSABLE = "tmux-unusable", Error, hand, "tmux is too old, or cannot be run";
    AGENT_MISSING = "agent-missing", Error, hand, "the agent CLI of prompt jobs is not found";
    AGENT_ROOT = "agent-root", Error, hand, "the agent CLI refuses to work for root";
    HOOKS_MISSING = "hooks-missing", Warning, hand, "the agent CLI does not call the guards";
    HOOKS_MOVED = "hooks-moved", Error, hand, "a registered hook names a program that is not there";
    HOOKS_UNREADABLE = "hooks-unreadable", Error, hand, "the settings of the agent CLI cannot be read, so no hook is called";
    PORT_TAKEN = "port-taken", Error, hand, "another program listens on our port";
    HOST_UNUSABLE = "host-unusable", Error, hand, "this machine cannot listen on the configured address";
    SERVER_SILENT = "server-silent", Error, hand, "the server runs, and does not answer";
    SOCKET_STALE = "socket-stale", Warning, fix, "a server that died left its socket behind";
    DATABASE_DAMAGED = "database-damaged", Error, hand, "the database is damaged, or another program's";
    DATABASE_NEWER = "database-newer", Error, hand, "the database was written by a newer instar";
    DATABASE_UNREADABLE = "database-unreadable", Error, hand, "the database cannot be opened or read";
    PLUGIN_NOT_LOADED = "plugin-not-loaded", Error, hand, "a plugin cannot be loaded";
    PLUGIN_QUARANTINED = "plugin-quarantined", Error, hand, "a plugin gave no answer too often, and is not called any more";
    AUTOSTART_NEEDS_LOGIN = "autostart-needs-login", Warning, hand, "the service of autostart begins with a login only, not with the machine";
    NOTIFIER_DEAF = "notifier-deaf", Error, hand, "a notifier cannot hear people";
    DISK_LOW = "disk-low", Error, hand, "less than 100 MB are free for the project";
    CLOCK_WRONG = "clock-wrong", Error, hand, "the clock of this machine is years behind";
    ZONE_UNKNOWN = "zone-unknown", Warning, hand, "the time zone is not known, so schedules are in UTC";
}

/// One fault of this project: why, and the way out.
#[derive(Debug)]
pub(super) struct Finding {
    pub(super) fault: Fault,
    pub(super) cause: String,
    /// A command, or what to edit.
    pub(super) fix: String,
    pub(super) mend: Option<Mend>,
    pub(super) fixed: bool,
}

/// What `--fix` does. Nothing of it can lose anything.
#[derive(Debug)]
pub(super) enum Mend {
    /// Takes the rights of others away.
    Close { path: PathBuf, mode: u32 },
    /// Takes away what a dead server left.
    RemoveSocket,
}

impl Finding {
    /// One that is mended by hand.
    pub(super) fn new(fault: Fault, cause: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { fault, cause: cause.into(), fix: fix.into(), mend: None, fixed: false }
    }

    /// One that `--fix` mends.
    pub(super) fn mendable(fault: Fault, cause: impl Into<String>, fix: impl Into<String>, mend: Mend) -> Self {
        Self { mend: Some(mend), ..Self::new(fault, cause, fix) }
    }

    pub(super) fn is_open_error(&self) -> bool {
        !self.fixed && self.fault.severity == Severity::Error
    }
}

impl Mend {
    pub(super) fn apply(&self, project: &Project) -> anyhow::Result<()> {
        match self {
            Self::Close { path, mode } => close(path, *mode),
            Self::RemoveSocket => remove_socket(project),
        }
    }
}

fn close(path: &Path, mode: u32) -> anyhow::Result<()> {
    let failed = || format!("failed to change the mode of {}", path.display());
    fs::set_permissions(path, Permissions::from_mode(mode)).with_context(failed)
}

/// Under the lock of the server, so that none that starts just now loses its socket.
fn remove_socket(project: &Project) -> anyhow::Result<()> {
    let _lock = RoleLock::acquire(&project.lock_file(), Role::Server)?;
    for path in serve::socket_files(project) {
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("failed to remove {}", path.display()));
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_has_an_id_of_its_own() {
        let mut ids: Vec<_> = ALL.iter().map(|fault| fault.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), ALL.len());
        let is_word = |id: &str| id.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        assert!(ids.iter().all(|id| is_word(id)), "{ids:?}");
    }
}
