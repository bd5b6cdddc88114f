//! The lifeline that begins with the machine: texts for the service managers, and the managers themselves.

mod launchd;
mod manager;
mod systemd;

use std::path::{Path, PathBuf};

pub(crate) use manager::{Manager, ManagerError, lingers};

use crate::config::Project;

/// What a service manager is to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Service {
    /// This program, as it was installed.
    pub(crate) program: PathBuf,
    pub(crate) dir: PathBuf,
    /// Where programs are found: service managers know little more than `/usr/bin`.
    pub(crate) path: String,
    pub(crate) logs: PathBuf,
    /// Whether agents may become root, as by `sudo`.
    pub(crate) may_become_root: bool,
}

/// Why a service cannot be written down.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServiceError {
    #[error("{what} has a line break or another control character in it, which no service file can hold: {text:?}")]
    Unwritable { what: &'static str, text: String },
    #[error(
        "systemd takes no program whose path has a quote or a backslash in it, as {} does: install instar elsewhere",
        .0.display()
    )]
    Program(PathBuf),
}

impl Service {
    pub(crate) fn of(project: &Project, program: PathBuf, path: String, may_become_root: bool) -> Self {
        Self { program, dir: project.dir().to_owned(), path, logs: project.logs_dir(), may_become_root }
    }

    /// Its name: the folder's for people, and a hash of the path, since folders of the same name are many.
    pub(crate) fn name(&self) -> String {
        let folder = self.dir.file_name().unwrap_or_default().to_string_lossy();
        let word: String =
            folder.chars().map(|it| if it.is_ascii_alphanumeric() { it } else { '-' }).take(32).collect();
        let hash = blake3::hash(self.dir.as_os_str().as_encoded_bytes()).to_hex();
        format!("instar-{}-{}", word.trim_matches('-'), &hash[..8])
    }

    fn program(&self) -> Result<&str, ServiceError> {
        writable("the path of this program", &self.program)
    }

    fn dir(&self) -> Result<&str, ServiceError> {
        writable("the path of the project", &self.dir)
    }

    fn search_path(&self) -> Result<&str, ServiceError> {
        writable("$PATH", Path::new(&self.path))
    }
}

fn writable<'a>(what: &'static str, path: &'a Path) -> Result<&'a str, ServiceError> {
    let unwritable = || ServiceError::Unwritable { what, text: path.display().to_string() };
    path.to_str().filter(|text| !text.contains(char::is_control)).ok_or_else(unwritable)
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn service(dir: &str) -> Service {
        Service {
            program: "/opt/my tools/100%/$x/instar".into(),
            dir: dir.into(),
            path: "/usr/bin:/home/a b/bin".to_owned(),
            logs: "/srv/logs".into(),
            may_become_root: false,
        }
    }

    #[test]
    fn names_are_words_and_tell_folders_of_one_name_apart() {
        let name = service("/srv/Mein Agent (1)").name();
        assert!(name.starts_with("instar-Mein-Agent--1-"), "{name}");
        assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'), "{name}");
        assert_ne!(service("/a/agent").name(), service("/b/agent").name());
        assert_eq!(service("/a/agent").name(), service("/a/agent").name());
    }

    #[test]
    fn what_no_service_file_can_hold_is_refused() {
        for dir in ["/srv/a\nb", "/srv/\u{7}"] {
            assert!(matches!(service(dir).dir(), Err(ServiceError::Unwritable { .. })), "{dir:?}");
        }
    }
}
