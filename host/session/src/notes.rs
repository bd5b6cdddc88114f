//! Notes that the program of a session leaves for the next run of its job, in a file.
//!
//! They are as long as a program likes, and anything: what is taken of them is bounded and is text.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use instar_core::id::{JobSlug, SessionId};
use jiff::Timestamp;

use crate::folder::NOTES;
use crate::sessions::{Sessions, blocking};

/// More of a file is not read.
const MOST_BYTES: u64 = 16 << 10;

impl Sessions {
    /// Where the program of this session leaves its notes.
    pub fn notes_path(&self, id: SessionId) -> PathBuf {
        self.folder(id).path().join(NOTES)
    }

    /// The notes that were left. A predecessor had one file for each job: what was written there since `since` counts,
    /// where the session's own file is not there.
    pub async fn notes(&self, id: SessionId, job: &JobSlug, since: Timestamp) -> Option<String> {
        let own = self.notes_path(id);
        let of_job = self.shared().settings.instar_dir.join("state").join(format!("job-handoff-{job}.md"));
        let read = blocking(move || match read(&own) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => read_newer(&of_job, since),
            Err(error) => Err(error),
        });
        let text = read.await.unwrap_or_else(|error| {
            tracing::warn!(%error, session = %id, "notes for the next run could not be read");
            None
        });
        text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }
}

fn read_newer(path: &Path, since: Timestamp) -> io::Result<Option<String>> {
    match path.symlink_metadata().and_then(|found| found.modified()) {
        Ok(written) if Timestamp::try_from(written).is_ok_and(|written| written >= since) => read(path).map(Some),
        Ok(_) => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// A link could lead to what is nobody's notes, and a pipe would never end.
fn read(path: &Path) -> io::Result<String> {
    if !path.symlink_metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(MOST_BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
