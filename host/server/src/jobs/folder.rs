//! The jobs file on disk and the lock around its edits.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use instar_core::jobs_file::JobsFile;

use super::edit::{self, Edit, EditError, Edited};
use crate::config::{Config, Project};
use crate::disk::{self, Mode};

/// An edit takes milliseconds, so somebody who holds the lock for longer is stuck.
const LOCK_WAIT: Duration = Duration::from_secs(5);

/// How often an edit begins again because an editor without our lock was faster.
const ATTEMPTS: usize = 5;

/// Why the jobs file was not read or not changed. It is as it was.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChangeError {
    #[error(transparent)]
    Edit(#[from] EditError),
    #[error("failed to {what}: {source}")]
    Io { what: String, source: io::Error },
    #[error("another instar holds {}; try again when it is done", .0.display())]
    Locked(PathBuf),
    #[error("{0} changes all the time; try again when it rests")]
    Restless(String),
    #[error("the edit came to no end: {0}")]
    Broken(String),
}

/// Where the jobs are, and where the lock for them is.
#[derive(Debug, Clone)]
pub(crate) struct JobsFolder {
    pub(crate) file: PathBuf,
    pub(crate) run_dir: PathBuf,
}

impl JobsFolder {
    pub(crate) fn of(config: &Config, project: &Project) -> Self {
        Self { file: config.scheduler.jobs_file.clone(), run_dir: project.run_dir() }
    }

    /// What the file says; a missing one is an empty list.
    pub(crate) fn parsed(&self) -> Result<JobsFile, ChangeError> {
        let text = self.read()?;
        Ok(text.map_or_else(JobsFile::default, |text| {
            JobsFile::parse(&self.name(), text.trim_start_matches(edit::BYTE_ORDER_MARK))
        }))
    }

    /// Edits the file under the lock. A missing file is an empty list.
    pub(crate) fn edit(&self, wanted: &Edit) -> Result<Edited, ChangeError> {
        let _lock = lock(&self.run_dir, "jobs.lock")?;
        for _ in 0..ATTEMPTS {
            let before = self.read()?;
            let text = before.as_deref().unwrap_or("[]\n");
            let edited = edit::apply(&self.name(), text, wanted)?;
            if !edited.changed {
                return Ok(edited);
            }
            // People and agents edit this file without our lock.
            if self.read()? == before {
                self.write(&edited.text)?;
                return Ok(edited);
            }
        }
        Err(ChangeError::Restless(self.name()))
    }

    /// The text of the file; `None` when there is none.
    pub(crate) fn read(&self) -> Result<Option<String>, ChangeError> {
        match std::fs::read_to_string(&self.file) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(ChangeError::Io { what: format!("read {}", self.name()), source }),
        }
    }

    pub(crate) fn name(&self) -> String {
        self.file.display().to_string()
    }

    fn write(&self, text: &str) -> Result<(), ChangeError> {
        disk::write(&self.file, text.as_bytes(), Mode::Usual)
            .map_err(|source| ChangeError::Io { what: format!("write {}; it is as it was", self.name()), source })
    }
}

/// Held until it is dropped, and let go by the system if we die.
pub(crate) fn lock(run_dir: &Path, name: &str) -> Result<File, ChangeError> {
    let path = run_dir.join(name);
    let failed = |source| ChangeError::Io { what: format!("lock {}", path.display()), source };
    disk::create_folder(run_dir, Mode::Private).map_err(failed)?;
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
    let file = file.map_err(failed)?;
    let deadline = Instant::now() + LOCK_WAIT;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(20));
            }
            Err(TryLockError::WouldBlock) => return Err(ChangeError::Locked(path)),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn folder() -> (tempfile::TempDir, JobsFolder) {
        let dir = tempfile::tempdir().unwrap();
        let jobs = JobsFolder { file: dir.path().join("jobs.json"), run_dir: dir.path().join("run") };
        (dir, jobs)
    }

    fn add(slug: &str) -> Edit {
        let job = json!({"slug": slug, "name": "N", "schedule": "@daily", "execute": {"type": "script", "value": "x"}});
        Edit::Add(job.as_object().unwrap().clone())
    }

    #[test]
    fn the_first_job_makes_the_file() {
        let (_dir, jobs) = folder();
        jobs.edit(&add("one")).unwrap();
        assert!(jobs.read().unwrap().unwrap().contains("\"one\""));
    }

    #[test]
    fn a_corrupt_file_stays_as_it_is() {
        let (_dir, jobs) = folder();
        std::fs::write(&jobs.file, "[{").unwrap();
        assert!(matches!(jobs.edit(&add("one")), Err(ChangeError::Edit(EditError::Corrupt { .. }))));
        assert_eq!(jobs.read().unwrap().unwrap(), "[{");
    }

    #[test]
    fn edits_at_the_same_time_are_all_kept() {
        let (_dir, jobs) = folder();
        std::thread::scope(|scope| {
            for number in 0..8 {
                let jobs = &jobs;
                scope.spawn(move || jobs.edit(&add(&format!("job-{number}"))).unwrap());
            }
        });
        let text = jobs.read().unwrap().unwrap();
        assert_eq!(text.matches("\"slug\"").count(), 8, "{text}");
    }
}
