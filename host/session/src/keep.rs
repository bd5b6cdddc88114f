//! The folders of sessions as housekeeping sees them: what is there, how large it is, and taking one away.
//!
//! Which of them may go is decided elsewhere. A folder whose wrapper lives is never removed.

use std::io;
use std::path::Path;

use instar_core::id::SessionId;
use instar_core::retention::SessionFolder;
use jiff::Timestamp;

use crate::crash;
use crate::folder::FolderError;
use crate::sessions::{SessionError, Sessions, blocking};

impl Sessions {
    /// All folders of sessions. Other files and folders beside them are somebody's and not looked at.
    pub async fn folders(&self) -> Result<Vec<SessionFolder>, SessionError> {
        let path = self.folders_path().to_owned();
        let read = {
            let path = path.clone();
            blocking(move || list(&path)).await
        };
        Ok(read.map_err(|source| FolderError::Read { path, source })?)
    }

    /// Removes the folder of a session that has ended; false if something of it still runs.
    pub async fn remove_folder(&self, id: SessionId) -> Result<bool, SessionError> {
        let folder = self.folder(id);
        if crash::is_running(id, &folder)? {
            return Ok(false);
        }
        let path = folder.path().to_owned();
        match blocking(move || std::fs::remove_dir_all(folder.path())).await {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
            Err(source) => Err(FolderError::Write { path, source }.into()),
        }
    }
}

fn list(path: &Path) -> io::Result<Vec<SessionFolder>> {
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        let id = entry.file_name().to_str().and_then(|name| name.parse::<SessionId>().ok());
        if let Some(id) = id.filter(|_| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
            folders.push(measure(id, &entry.path()));
        }
    }
    Ok(folders)
}

/// What cannot be measured counts for nothing; it may be going away just now.
fn measure(id: SessionId, path: &Path) -> SessionFolder {
    let changed =
        path.metadata().and_then(|found| found.modified()).ok().and_then(|time| Timestamp::try_from(time).ok());
    let files = std::fs::read_dir(path).into_iter().flatten().flatten();
    let bytes = files.filter_map(|file| file.metadata().ok()).map(|found| found.len()).sum();
    SessionFolder { id, bytes, changed_at: changed.unwrap_or(Timestamp::MAX) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_folders_with_the_name_of_a_session_are_listed() {
        let dir = tempfile::tempdir().unwrap();
        let id = "0193b0a0-0000-7000-8000-000000000001";
        std::fs::create_dir(dir.path().join(id)).unwrap();
        std::fs::write(dir.path().join(id).join("output.log"), "12345").unwrap();
        std::fs::create_dir(dir.path().join("mine")).unwrap();
        std::fs::write(dir.path().join("0193b0a0-0000-7000-8000-000000000002.json"), "{}").unwrap();
        std::fs::write(dir.path().join("0193b0a0-0000-7000-8000-000000000003"), "").unwrap();
        let found = list(dir.path()).unwrap();
        assert_eq!(
            found.iter().map(|folder| (folder.id.to_string(), folder.bytes)).collect::<Vec<_>>(),
            [(id.into(), 5)]
        );
    }
}
