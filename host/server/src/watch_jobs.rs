//! The jobs file, read and watched: an edit is live within two seconds, and a bad one is said by name.
//!
//! What the text means is core's business, and what follows from it the engine's.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use instar_core::jobs_file::JobsFile;
use instar_engine::{AskError, Engine};
use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::{Mutex, Notify};
use tokio::time::Instant;

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
/// Editors write in several steps.
const SETTLE: Duration = Duration::from_millis(150);
/// Not even an editor that never rests puts off the reading for longer.
const LONGEST_SETTLE: Duration = Duration::from_millis(1000);
/// While the kernel tells of changes, a look now and then finds what it did not tell.
const SAFETY_LOOK: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_secs(1);

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
    let changed = Arc::new(Notify::new());
    let watcher = start_watcher(&reader.folder.file, changed.clone());
    let is_told = match &watcher {
        // The kernel tells of the link, not of what it points to.
        Ok(_) => !reader.folder.file.is_symlink(),
        Err(error) => {
            tracing::warn!(%error, "{} cannot be watched: it is looked at every second", reader.folder.file.display());
            false
        }
    };
    let usual_look = if is_told { SAFETY_LOOK } else { LOOK };
    // Edits between the first reading and now are found by the first look.
    let (mut seen, mut next_look) = (None, Duration::ZERO);
    loop {
        let was_told = tokio::select! {
            () = changed.notified() => true,
            () = tokio::time::sleep(next_look) => false,
        };
        if was_told {
            settle(&changed).await;
        }
        let stamp = stamp(&reader.folder.file);
        if !was_told && seen == Some(stamp) {
            continue;
        }
        match reader.reread_changed(&engine).await {
            Ok(()) => (seen, next_look) = (Some(stamp), usual_look),
            Err(AskError::ShuttingDown) => return,
            Err(error) => {
                tracing::warn!(%error, "the jobs file is read again in a second");
                (seen, next_look) = (None, LOOK);
            }
        }
    }
}

/// Waits until the file has been at rest for a moment.
async fn settle(changed: &Notify) {
    let end = Instant::now() + LONGEST_SETTLE;
    while Instant::now() < end && tokio::time::timeout(SETTLE, changed.notified()).await.is_ok() {}
}

/// Watches the folder, because editors replace the file.
fn start_watcher(path: &Path, changed: Arc<Notify>) -> notify::Result<RecommendedWatcher> {
    let name = path.file_name().map(ToOwned::to_owned);
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let concerns_us = match &event {
            Ok(event) => {
                let is_named = event.paths.iter().any(|path| path.file_name() == name.as_deref());
                changes(event.kind) && (is_named || event.need_rescan())
            }
            Err(_) => true,
        };
        if concerns_us {
            changed.notify_one();
        }
    })?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    watcher.watch(folder, RecursiveMode::NonRecursive)?;
    Ok(watcher)
}

/// Our own reading opens and closes the file, and is no reason to read it again.
fn changes(kind: EventKind) -> bool {
    !matches!(kind, EventKind::Access(access) if access != AccessKind::Close(AccessMode::Write))
}

/// What tells one version of a file from the next without reading it.
fn stamp(path: &Path) -> Option<(u64, u64, i64, i64)> {
    let found = std::fs::metadata(path).ok()?;
    Some((found.ino(), found.len(), found.mtime(), found.mtime_nsec()))
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
