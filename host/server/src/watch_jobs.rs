//! The jobs file, read and watched: an edit is live within two seconds, and a bad one is said by name.
//!
//! What the text means is core's business, and what follows from it the engine's.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;

use instar_core::jobs_file::JobsFile;
use instar_engine::{AskError, Engine};
use tokio::sync::Mutex;

use crate::watch_file;

use crate::jobs::{ChangeError, Edit, Edited, JobsFolder};

/// Reads the jobs file. One reading at a time, so that an older one never overtakes a newer one.
#[derive(Debug)]
pub(crate) struct JobsReader {
    folder: JobsFolder,
    /// What was handed over last.
    last: Mutex<Option<blake3::Hash>>,
}

/// What stands in the file, or why nothing could be read.
type Content = Result<String, String>;

const LARGEST_FILE: u64 = 32 * 1024 * 1024;

impl JobsReader {
    pub(crate) fn new(folder: JobsFolder) -> Self {
        Self { folder, last: Mutex::new(None) }
    }

    /// The first reading, for the start of the engine.
    pub(crate) async fn first(&self) -> JobsFile {
        let mut last = self.last.lock().await;
        let content = self.content().await;
        *last = Some(hash(&content));
        self.report(self.parse(&content))
    }

    /// Reads the file now and hands it over, whether it changed or not.
    pub(crate) async fn reread(&self, engine: &Engine) -> Result<JobsFile, AskError> {
        let mut last = self.last.lock().await;
        let content = self.content().await;
        self.hand_over(&content, &mut last, engine).await
    }

    /// Edits the file. What it says then is live once it was read again.
    pub(crate) async fn edit(&self, edit: Edit) -> Result<Edited, ChangeError> {
        let folder = self.folder.clone();
        let edited = tokio::task::spawn_blocking(move || folder.edit(&edit)).await;
        edited.unwrap_or_else(|error| Err(ChangeError::Broken(error.to_string())))
    }

    /// The same, if it changed.
    async fn reread_changed(&self, engine: &Engine) -> Result<(), AskError> {
        let mut last = self.last.lock().await;
        let content = self.content().await;
        if *last == Some(hash(&content)) {
            return Ok(());
        }
        self.hand_over(&content, &mut last, engine).await.map(|_| ())
    }

    async fn hand_over(
        &self,
        content: &Content,
        last: &mut Option<blake3::Hash>,
        engine: &Engine,
    ) -> Result<JobsFile, AskError> {
        let file = self.report(self.parse(content));
        engine.read_jobs(file.clone()).await?;
        *last = Some(hash(content));
        Ok(file)
    }

    async fn content(&self) -> Content {
        let path = self.folder.file.clone();
        let read = tokio::task::spawn_blocking(move || read(&path)).await;
        read.unwrap_or_else(|error| Err(format!("{} could not be read: {error}", self.folder.file.display())))
    }

    fn parse(&self, content: &Content) -> JobsFile {
        match content {
            Ok(text) => JobsFile::parse(&self.folder.file.display().to_string(), text),
            Err(reason) => JobsFile::unreadable(reason.clone()),
        }
    }

    fn report(&self, file: JobsFile) -> JobsFile {
        for problem in &file.problems {
            tracing::warn!("{}: {problem}", self.folder.file.display());
        }
        // Whether a date comes at all does not depend on the zone.
        for job in file.jobs.iter().filter(|job| job.is_dormant(jiff::Timestamp::now(), &jiff::tz::TimeZone::UTC)) {
            let (slug, schedule) = (&job.slug, &job.schedule);
            tracing::warn!("the schedule `{schedule}` of job `{slug}` has no date in the next five years");
        }
        if file.refused {
            tracing::warn!("{} was not taken: the last good set of jobs stands", self.folder.file.display());
        } else {
            tracing::info!("{}: {} jobs", self.folder.file.display(), file.jobs.len());
        }
        file
    }
}

/// Follows the file until it is dropped or aborted.
pub(crate) async fn watch(reader: Arc<JobsReader>, engine: Engine) {
    watch_file::watch(&reader.folder.file, || reader.reread_changed(&engine)).await;
}

fn hash(content: &Content) -> blake3::Hash {
    let (tag, text) = match content {
        Ok(text) => (b"+", text),
        Err(reason) => (b"-", reason),
    };
    blake3::Hasher::new().update(tag).update(text.as_bytes()).finalize()
}

fn read(path: &Path) -> Content {
    let failed = |error: &io::Error| match error.kind() {
        io::ErrorKind::NotFound => format!("there is no {}; it must contain a JSON array of jobs", path.display()),
        _ => format!("{} could not be read: {error}", path.display()),
    };
    let found = std::fs::metadata(path).map_err(|error| failed(&error))?;
    if !found.is_file() {
        return Err(format!("{} is not a file", path.display()));
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| failed(&error))?;
    file.take(LARGEST_FILE + 1).read_to_end(&mut bytes).map_err(|error| failed(&error))?;
    if bytes.len() as u64 > LARGEST_FILE {
        return Err(format!("{} is larger than 32 MiB, which no list of jobs should be", path.display()));
    }
    let text = String::from_utf8(bytes).map_err(|_| format!("{} is not UTF-8 text", path.display()))?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

#[cfg(test)]
mod tests;
