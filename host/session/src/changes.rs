//! Tells those who wait when a file of a folder changed: one watcher for all of them.
//!
//! One, because a user may have few watchers, and many sessions.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use notify::event::EventKind;
use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::watch;

/// How often a folder is looked at of which the kernel cannot tell us.
const LOOK: Duration = Duration::from_secs(1);

/// Whom to tell of which folder. Taken by the thread of the watcher as well: never held while the watcher is asked.
type Routes = Arc<Mutex<HashMap<PathBuf, watch::Sender<()>>>>;

#[derive(Default)]
pub(crate) struct Changes {
    routes: Routes,
    /// Made when somebody waits for the first time.
    watcher: Mutex<Option<RecommendedWatcher>>,
}

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changes").finish_non_exhaustive()
    }
}

impl Changes {
    /// Changes in a folder from now on.
    pub(crate) fn of(&self, folder: &Path) -> FolderChanges<'_> {
        let mut watcher = locked(&self.watcher);
        let told = locked(&self.routes).entry(folder.to_owned()).or_default().subscribe();
        let watched = self.watch(&mut watcher, folder);
        if let Err(error) = &watched {
            tracing::warn!(%error, folder = %folder.display(), "a folder cannot be watched, looking at it instead");
        }
        FolderChanges { changes: self, folder: folder.to_owned(), told, is_watched: watched.is_ok() }
    }

    fn watch(&self, watcher: &mut Option<RecommendedWatcher>, folder: &Path) -> notify::Result<()> {
        let watcher = match watcher {
            Some(watcher) => watcher,
            None => watcher.insert(start(self.routes.clone())?),
        };
        watcher.watch(folder, RecursiveMode::NonRecursive)
    }
}

/// The changes in one folder, for one who waits.
pub(crate) struct FolderChanges<'a> {
    changes: &'a Changes,
    folder: PathBuf,
    told: watch::Receiver<()>,
    is_watched: bool,
}

impl FolderChanges<'_> {
    /// Resolves when something may have changed since the last time.
    pub(crate) async fn next(&mut self) {
        if self.is_watched {
            // Its sender stays for as long as one waits.
            self.told.changed().await.ok();
        } else {
            tokio::time::sleep(LOOK).await;
        }
    }
}

impl Drop for FolderChanges<'_> {
    fn drop(&mut self) {
        let mut watcher = locked(&self.changes.watcher);
        let is_last = {
            let mut routes = locked(&self.changes.routes);
            // Ours is one of them still.
            let is_last = routes.get(&self.folder).is_some_and(|told| told.receiver_count() == 1);
            if is_last {
                routes.remove(&self.folder);
            }
            is_last
        };
        if is_last && let Some(watcher) = watcher.as_mut() {
            // It may be gone with its folder.
            watcher.unwatch(&self.folder).ok();
        }
    }
}

fn start(routes: Routes) -> notify::Result<RecommendedWatcher> {
    notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let Ok(event) = event else { return };
        let routes = locked(&routes);
        if event.need_rescan() {
            routes.values().for_each(|told| told.send_replace(()));
        }
        // Our own reading is no change.
        if matches!(event.kind, EventKind::Create(_) | EventKind::Modify(_) | EventKind::Any | EventKind::Other) {
            let folders = event.paths.iter().filter_map(|path| path.parent());
            folders.filter_map(|folder| routes.get(folder)).for_each(|told| told.send_replace(()));
        }
    })
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk;

    #[tokio::test]
    async fn everyone_who_waits_is_told_and_nothing_is_left_behind() {
        let dir = tempfile::tempdir().unwrap();
        let [one, two] = ["one", "two"].map(|name| dir.path().join(name));
        for path in [&one, &two] {
            disk::private_dir(path).unwrap();
        }
        let changes = Changes::default();
        let (mut first, mut second, other) = (changes.of(&one), changes.of(&one), changes.of(&two));
        disk::replace(&one.join("file"), b"new").unwrap();
        first.next().await;
        second.next().await;
        drop(first);
        disk::replace(&one.join("file"), b"newer").unwrap();
        second.next().await;
        drop((second, other));
        assert!(locked(&changes.routes).is_empty());
    }
}
