//! The quota file: read when it changed, and written by those who know better.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use instar_core::quota::{Quota, QuotaReading};
use instar_engine::{AskError, Engine};
use tokio::sync::Mutex;

use crate::disk::{self, Mode};
use crate::watch_file;

/// One reading at a time, so that an older one never overtakes a newer one.
#[derive(Debug)]
pub(crate) struct QuotaFile {
    path: PathBuf,
    turn: Mutex<()>,
}

/// Far more than accounts need: what is larger is another file.
const LARGEST_FILE: u64 = 1024 * 1024;

impl QuotaFile {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, turn: Mutex::new(()) }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What the file says. One that says nothing that can be relied on is a warning, and no data.
    pub(crate) async fn read(&self) -> QuotaReading {
        let path = self.path.clone();
        let read = tokio::task::spawn_blocking(move || read(&path)).await;
        let reading = read.unwrap_or_else(|error| QuotaReading::Broken(error.to_string()));
        if let QuotaReading::Broken(reason) = &reading {
            tracing::warn!("{} is ignored: {reason}", self.path.display());
        }
        reading
    }

    /// Reads the file and hands it over.
    pub(crate) async fn hand_over(&self, engine: &Engine) -> Result<(), AskError> {
        let _turn = self.turn.lock().await;
        engine.read_quota(self.read().await).await
    }

    /// Replaces the file as a whole.
    pub(crate) fn write(&self, quota: &Quota) -> io::Result<()> {
        let mut text = serde_json::to_string_pretty(quota)?;
        text.push('\n');
        disk::write(&self.path, text.as_bytes(), Mode::Private)
    }
}

/// Follows the file until it is dropped or aborted.
pub(crate) async fn watch(file: Arc<QuotaFile>, engine: Engine) {
    watch_file::watch(file.path(), || file.hand_over(&engine)).await;
}

fn read(path: &Path) -> QuotaReading {
    match std::fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return QuotaReading::None,
        Err(error) => return QuotaReading::Broken(format!("it could not be read: {error}")),
        Ok(found) if !found.is_file() => return QuotaReading::Broken("it is not a file".into()),
        Ok(found) if found.len() > LARGEST_FILE => return QuotaReading::Broken("it is larger than 1 MiB".into()),
        Ok(_) => {}
    }
    match std::fs::read_to_string(path) {
        Ok(text) => QuotaReading::parse(text.trim_start_matches('\u{feff}')),
        Err(error) => QuotaReading::Broken(format!("it could not be read: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    #[tokio::test]
    async fn what_was_written_is_read_and_what_is_broken_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let file = QuotaFile::new(dir.path().join("quota-state.json"));
        assert_eq!(file.read().await, QuotaReading::None);
        let quota = Quota {
            usage_percent: 62.5,
            five_hour_percent: None,
            last_updated: Timestamp::UNIX_EPOCH,
            accounts: Vec::new(),
        };
        file.write(&quota).unwrap();
        assert_eq!(file.read().await, QuotaReading::Data(Box::new(quota)));
        for broken in ["", "[]", "\u{0}"] {
            std::fs::write(file.path(), broken).unwrap();
            assert!(matches!(file.read().await, QuotaReading::Broken(_)), "{broken:?}");
        }
        std::fs::File::create(file.path()).unwrap().set_len(LARGEST_FILE + 1).unwrap();
        assert!(matches!(file.read().await, QuotaReading::Broken(reason) if reason.contains("1 MiB")));
    }
}
