//! Which folder is the project, and where its things lie. Every path of the host is built here.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use instar_core::id::PluginId;

/// A folder with, or for, an `.instar` folder of its own. The path is canonical.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Project {
    dir: PathBuf,
}

/// Why there is no project to work on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProjectError {
    #[error("there is no folder {}", path.display())]
    NoFolder { path: PathBuf, source: io::Error },
    #[error("{} is not a folder", path.display())]
    NotAFolder { path: PathBuf },
    #[error("the working directory could not be found out")]
    NoWorkingDirectory(#[source] io::Error),
}

/// What marks a project, the surest mark first.
const MARKS: [&[&str]; 3] = [&[".instar/config.json"], &[".instar"], &["CLAUDE.md", ".git"]];

impl Project {
    /// The folder that was named, else the nearest one around the working directory that looks like a project.
    pub(crate) fn find(named: Option<&Path>) -> Result<Self, ProjectError> {
        match named {
            Some(dir) => Self::at(dir),
            None => {
                let here = std::env::current_dir().map_err(ProjectError::NoWorkingDirectory)?;
                let here = Self::at(&here)?;
                Ok(Self { dir: search(&here.dir) })
            }
        }
    }

    /// Exactly this folder, which must exist.
    pub(crate) fn at(dir: &Path) -> Result<Self, ProjectError> {
        let missing = |source| ProjectError::NoFolder { path: dir.to_owned(), source };
        let canonical = fs::canonicalize(dir).map_err(missing)?;
        if !canonical.is_dir() {
            return Err(ProjectError::NotAFolder { path: canonical });
        }
        Ok(Self { dir: canonical })
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// How a project is called that has no `projectName`.
    pub(crate) fn folder_name(&self) -> String {
        self.dir.file_name().map_or_else(|| "project".to_owned(), |name| name.to_string_lossy().into_owned())
    }

    pub(crate) fn instar_dir(&self) -> PathBuf {
        self.dir.join(".instar")
    }

    pub(crate) fn config_file(&self) -> PathBuf {
        self.instar_dir().join("config.json")
    }

    /// Where the jobs are unless `scheduler.jobsFile` says otherwise.
    pub(crate) fn jobs_file(&self) -> PathBuf {
        self.instar_dir().join("jobs.json")
    }

    /// Who is known, and by which channels they speak.
    pub(crate) fn users_file(&self) -> PathBuf {
        self.instar_dir().join("users.json")
    }

    /// Where quota data is unless `monitoring.quotaStateFile` says otherwise.
    pub(crate) fn quota_file(&self) -> PathBuf {
        self.instar_dir().join("quota-state.json")
    }

    /// What the host records.
    pub(crate) fn state_dir(&self) -> PathBuf {
        self.instar_dir().join("state")
    }

    /// The key with which tokens of sessions are made.
    pub(crate) fn session_key(&self) -> PathBuf {
        self.state_dir().join("session-tokens.key")
    }

    /// What came of comparing guards in shadow with those that judge.
    pub(crate) fn shadows_dir(&self) -> PathBuf {
        self.state_dir().join("shadows")
    }

    /// What execute types were asked and answered, run by run.
    pub(crate) fn steps_dir(&self) -> PathBuf {
        self.state_dir().join("steps")
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.state_dir().join("instar.db")
    }

    /// Sockets, locks and what else means nothing once the server has ended.
    pub(crate) fn run_dir(&self) -> PathBuf {
        self.instar_dir().join("run")
    }

    pub(crate) fn cache_dir(&self) -> PathBuf {
        self.instar_dir().join("cache")
    }

    pub(crate) fn tmp_dir(&self) -> PathBuf {
        self.instar_dir().join("tmp")
    }

    pub(crate) fn logs_dir(&self) -> PathBuf {
        self.instar_dir().join("logs")
    }

    pub(crate) fn log_file(&self) -> PathBuf {
        self.logs_dir().join("server.log")
    }

    /// The operator's own plugins: every `*.wasm` in it is loaded.
    pub(crate) fn plugins_dir(&self) -> PathBuf {
        self.instar_dir().join("plugins")
    }

    /// Values that plugins use and never see.
    pub(crate) fn secrets_file(&self) -> PathBuf {
        self.instar_dir().join("secrets.json")
    }

    /// What a notifier heard while no server could record it.
    pub(crate) fn heard_dir(&self, notifier: &PluginId) -> PathBuf {
        self.state_dir().join("heard").join(notifier.as_str())
    }

    /// Held by the one process that polls this notifier.
    pub(crate) fn poll_lock(&self, notifier: &PluginId) -> PathBuf {
        self.run_dir().join(format!("poll-{notifier}.lock"))
    }

    /// What notifiers download.
    pub(crate) fn blobs_dir(&self) -> PathBuf {
        self.tmp_dir().join("blobs")
    }

    /// Held by the one server of this project.
    pub(crate) fn lock_file(&self) -> PathBuf {
        self.run_dir().join("server.lock")
    }

    /// Held by the one lifeline of this project.
    pub(crate) fn lifeline_lock(&self) -> PathBuf {
        self.run_dir().join("lifeline.lock")
    }

    /// What the lifeline says of itself and its server.
    pub(crate) fn lifeline_state(&self) -> PathBuf {
        self.run_dir().join("lifeline.json")
    }

    pub(crate) fn lifeline_log(&self) -> PathBuf {
        self.logs_dir().join("lifeline.log")
    }
}

/// The nearest folder with the surest mark; the start itself when nothing is marked.
fn search(start: &Path) -> PathBuf {
    let candidates: Vec<&Path> = start.ancestors().filter(|dir| *dir == start || is_ours(dir)).collect();
    for marks in MARKS {
        let has_mark = |dir: &&&Path| marks.iter().any(|mark| dir.join(mark).exists());
        if let Some(dir) = candidates.iter().find(has_mark) {
            return dir.to_path_buf();
        }
    }
    start.to_owned()
}

/// Another user's `/tmp/.instar` must not become our project: its settings and plugins would run as us.
fn is_ours(dir: &Path) -> bool {
    let belongs = |path: &Path| {
        fs::metadata(path).is_ok_and(|found| found.uid() == 0 || found.uid() == rustix::process::geteuid().as_raw())
    };
    let marks = [".instar", "CLAUDE.md", ".git"].map(|mark| dir.join(mark));
    marks.iter().all(|mark| !mark.exists() || belongs(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(files: &[&str], start: &str, expected: &str) {
        let root = tempfile::tempdir().unwrap();
        let base = fs::canonicalize(root.path()).unwrap();
        for file in files {
            let path = base.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, "").unwrap();
        }
        let start = base.join(start);
        fs::create_dir_all(&start).unwrap();
        assert_eq!(search(&start), base.join(expected), "{files:?}");
    }

    #[test]
    fn the_nearest_folder_with_the_surest_mark_is_the_project() {
        check(&["p/.instar/config.json"], "p/a/b", "p");
        check(&["p/.instar/config.json", "p/a/CLAUDE.md", "p/a/.git"], "p/a/b", "p");
        check(&["p/.instar/config.json", "p/a/.instar/config.json"], "p/a/b", "p/a");
        check(&["p/.instar/jobs.json", "p/a/CLAUDE.md"], "p/a", "p");
        check(&["p/CLAUDE.md"], "p/a", "p");
        check(&["p/.git", "p/a/CLAUDE.md"], "p/a/b", "p/a");
    }

    #[test]
    fn a_named_folder_is_taken_as_it_is() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("sub")).unwrap();
        fs::write(root.path().join("CLAUDE.md"), "").unwrap();
        let project = Project::find(Some(&root.path().join("sub"))).unwrap();
        assert!(project.dir().ends_with("sub"));
        let error = Project::find(Some(&root.path().join("none"))).unwrap_err();
        assert!(error.to_string().contains("none"), "{error}");
    }
}
