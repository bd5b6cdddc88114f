//! Which of the watched sessions printed something: the kernel tells of changes in their folders.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use instar_core::id::SessionId;
use notify::event::EventKind;
use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::Notify;
use tokio::time::Instant;

/// However much is printed, it is looked at no more often.
const PAUSE: Duration = Duration::from_millis(100);
/// A session that the kernel does not tell of is looked at so often.
const LOOK: Duration = Duration::from_millis(500);

/// The sessions that one client watches. Nothing is watched, and no file is open, before the first one.
#[derive(Default)]
pub(super) struct OutputWatch {
    told: Arc<Told>,
    watcher: Option<RecommendedWatcher>,
    folders: BTreeMap<SessionId, PathBuf>,
    /// Of these the kernel does not tell, or not yet: the folder of a session comes a moment after its record.
    untold: BTreeSet<SessionId>,
    looked: Option<Instant>,
}

/// Written by the watcher's thread.
#[derive(Debug, Default)]
struct Told {
    printed: Mutex<BTreeSet<SessionId>>,
    again: Notify,
}

impl fmt::Debug for OutputWatch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("OutputWatch").field("folders", &self.folders).finish_non_exhaustive()
    }
}

impl OutputWatch {
    pub(super) fn add(&mut self, id: SessionId, folder: PathBuf) {
        let is_told = self.watch(&folder);
        self.folders.insert(id, folder);
        if !is_told {
            self.untold.insert(id);
        }
    }

    pub(super) fn remove(&mut self, id: SessionId) {
        self.untold.remove(&id);
        if let (Some(folder), Some(watcher)) = (self.folders.remove(&id), &mut self.watcher) {
            // It may be unwatched, or gone.
            let _ = watcher.unwatch(&folder);
        }
    }

    /// Returns once there is something to take. May be dropped at any time without losing anything.
    pub(super) async fn printed(&self) {
        let look = self.looked.map_or_else(Instant::now, |looked| looked + LOOK);
        while self.told.lock().is_empty() {
            if self.untold.is_empty() {
                self.told.again.notified().await;
                continue;
            }
            tokio::select! {
                () = self.told.again.notified() => {}
                () = tokio::time::sleep_until(look) => return,
            }
        }
        if let Some(looked) = self.looked {
            tokio::time::sleep_until(looked + PAUSE).await;
        }
    }

    /// The sessions to look at now.
    pub(super) fn take(&mut self) -> Vec<SessionId> {
        self.looked = Some(Instant::now());
        let mut printed = std::mem::take(&mut *self.told.lock());
        for id in std::mem::take(&mut self.untold) {
            printed.insert(id);
            let is_told = self.folders.get(&id).cloned().is_some_and(|folder| self.watch(&folder));
            if !is_told {
                self.untold.insert(id);
            }
        }
        printed.retain(|id| self.folders.contains_key(id));
        printed.into_iter().collect()
    }

    fn watch(&mut self, folder: &Path) -> bool {
        if self.watcher.is_none() {
            match start(self.told.clone()) {
                Ok(watcher) => self.watcher = Some(watcher),
                Err(error) => {
                    tracing::debug!(%error, "the output of sessions cannot be watched, and is looked at");
                    return false;
                }
            }
        }
        let Some(watcher) = &mut self.watcher else { return false };
        watcher.watch(folder, RecursiveMode::NonRecursive).is_ok()
    }
}

impl Told {
    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeSet<SessionId>> {
        self.printed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn start(told: Arc<Told>) -> notify::Result<RecommendedWatcher> {
    notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let Ok(event) = event else { return };
        // Our own reading is no change.
        if !matches!(event.kind, EventKind::Create(_) | EventKind::Modify(_) | EventKind::Any | EventKind::Other) {
            return;
        }
        let sessions: Vec<SessionId> = event.paths.iter().filter_map(|path| session_of(path)).collect();
        if !sessions.is_empty() {
            told.lock().extend(sessions);
            told.again.notify_one();
        }
    })
}

/// A session's folder has its id as name.
fn session_of(path: &Path) -> Option<SessionId> {
    let name = |path: &Path| path.file_name()?.to_str()?.parse().ok();
    path.parent().and_then(name).or_else(|| name(path))
}
