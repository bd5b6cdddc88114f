//! Following a file that people, agents and scripts replace, or a folder that they put files into: it is read again
//! when it changed, and not otherwise.

use std::ffi::OsString;
use std::future::Future;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use instar_engine::AskError;
use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::Notify;
use tokio::time::Instant;

/// Editors write in several steps.
const SETTLE: Duration = Duration::from_millis(150);
/// Not even an editor that never rests puts off the reading for longer.
const LONGEST_SETTLE: Duration = Duration::from_millis(1000);
/// While the kernel tells of changes, a look now and then finds what it did not tell.
const SAFETY_LOOK: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_secs(1);

/// Calls `reread` whenever the file may have changed, until the host shuts down.
pub(crate) async fn watch<F: Future<Output = Result<(), AskError>>>(path: &Path, reread: impl Fn() -> F) {
    // Editors replace the file, so its folder is watched.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    follow(path, folder, path.file_name().map(ToOwned::to_owned), reread).await;
}

/// Calls `reread` whenever files may have come into the folder, gone or been replaced, until the host shuts down.
pub(crate) async fn watch_folder<F: Future<Output = Result<(), AskError>>>(folder: &Path, reread: impl Fn() -> F) {
    follow(folder, folder, None, reread).await;
}

/// Calls `reread` whenever somebody may have written into the file that lies there now, until the host shuts down. What
/// else happens in its folder wakes nobody, and of a file that takes its place nothing is told.
pub(crate) async fn watch_writes<F: Future<Output = Result<(), AskError>>>(file: &Path, reread: impl Fn() -> F) {
    follow(file, file, None, reread).await;
}

/// Of the changes in the folder those of this name count, or all.
async fn follow<F: Future<Output = Result<(), AskError>>>(
    path: &Path,
    folder: &Path,
    name: Option<OsString>,
    reread: impl Fn() -> F,
) {
    let changed = Arc::new(Notify::new());
    let watcher = start_watcher(folder, name, changed.clone());
    let is_told = match &watcher {
        // The kernel tells of the link, not of what it points to.
        Ok(_) => !path.is_symlink(),
        Err(error) => {
            tracing::warn!(%error, "{} cannot be watched: it is looked at every second", path.display());
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
        let stamp = stamp(path);
        if !was_told && seen == Some(stamp) {
            continue;
        }
        match reread().await {
            Ok(()) => (seen, next_look) = (Some(stamp), usual_look),
            Err(AskError::ShuttingDown) => return,
            Err(error) => {
                tracing::warn!(%error, "{} is read again in a second", path.display());
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

fn start_watcher(folder: &Path, name: Option<OsString>, changed: Arc<Notify>) -> notify::Result<RecommendedWatcher> {
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let concerns_us = match &event {
            Ok(event) => {
                let is_meant = |path: &PathBuf| name.is_none() || path.file_name() == name.as_deref();
                changes(event.kind) && (event.paths.iter().any(is_meant) || event.need_rescan())
            }
            Err(_) => true,
        };
        if concerns_us {
            changed.notify_one();
        }
    })?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_reading_is_no_change() {
        assert!(!changes(EventKind::Access(AccessKind::Open(AccessMode::Read))));
        assert!(!changes(EventKind::Access(AccessKind::Close(AccessMode::Read))));
        assert!(changes(EventKind::Access(AccessKind::Close(AccessMode::Write))));
        assert!(changes(EventKind::Modify(notify::event::ModifyKind::Any)));
    }

    #[tokio::test]
    async fn an_edit_in_the_folder_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("jobs.json");
        let changed = Arc::new(Notify::new());
        let _watcher = start_watcher(dir.path(), path.file_name().map(ToOwned::to_owned), changed.clone()).unwrap();
        std::fs::write(dir.path().join("other.json"), "[]").unwrap();
        let told = tokio::time::timeout(Duration::from_millis(300), changed.notified()).await;
        assert!(told.is_err(), "another file was taken for the jobs file");
        let temporary = dir.path().join("jobs.json.tmp");
        std::fs::write(&temporary, "[]").unwrap();
        std::fs::rename(&temporary, &path).unwrap();
        tokio::time::timeout(Duration::from_secs(5), changed.notified()).await.expect("the edit was not told");
    }
}
