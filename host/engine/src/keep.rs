//! Keeping house: rows first, then the folders that no row needs any more.

use instar_core::retention::{Cleared, Retention, SessionFolder};
use instar_session::{SessionError, Sessions};
use instar_store::{Store, StoreError};
use jiff::Timestamp;

/// What housekeeping needs beside the sessions.
#[derive(Debug)]
pub(crate) struct Keeper {
    pub(crate) store: Store,
    pub(crate) retention: Retention,
}

/// Why the house was not kept to the end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeepError {
    #[error("old records could not be removed")]
    Store(#[from] StoreError),
    #[error("the folders of old sessions could not be listed")]
    Sessions(#[from] SessionError),
    #[error("the steps of old runs could not be listed")]
    Steps(#[source] std::io::Error),
}

impl Keeper {
    pub(crate) async fn keep(&self, sessions: &Sessions, now: Timestamp) -> Result<Cleared, KeepError> {
        let before = self.store.session_ends().await?;
        let cleared = self.store.clear(&self.retention.cutoffs(now)).await?;
        // The folders are listed before the sessions are asked for: one that is made meanwhile is not among them.
        let folders = sessions.folders().await?;
        let mut ends = self.store.session_ends().await?;
        for (id, ended_at) in before {
            // A session that has just been removed takes its folder along, as one that ended before all others.
            ends.entry(id).or_insert(ended_at.map(|_| Timestamp::MIN));
        }
        let clear = self.retention.folders_to_clear(&folders, &ends, now);
        Ok(clear_folders(sessions, &clear, cleared).await)
    }
}

async fn clear_folders(sessions: &Sessions, folders: &[SessionFolder], cleared: Cleared) -> Cleared {
    let mut cleared = cleared;
    for folder in folders {
        match sessions.remove_folder(folder.id).await {
            Ok(true) => {
                cleared.folders += 1;
                cleared.output_bytes += folder.bytes;
            }
            Ok(false) => {}
            // One that cannot be removed must not keep the others.
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, session = %folder.id, "the folder of an old session could not be removed");
            }
        }
    }
    cleared
}
