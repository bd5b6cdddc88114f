//! Messages on their way to a terminal session: the host puts them down, the wrapper types them in turn.
//!
//! They are files, so that a message that was taken is typed whoever restarts in between.

use std::io;
use std::path::{Path, PathBuf};

use crate::disk;

/// The messages of one session.
#[derive(Debug, Clone)]
pub(crate) struct Inbox {
    dir: PathBuf,
}

impl Inbox {
    /// The messages that lie in this folder.
    pub(crate) fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned() }
    }

    /// Puts a message down, durably and readable for nobody else; one of this number that lies there is left as it is.
    pub(crate) fn put(&self, number: u64, text: &str) -> io::Result<()> {
        match disk::claim(&self.path(number), text.as_bytes()) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            other => other,
        }
    }

    /// The message of this number, if it lies there.
    pub(crate) fn get(&self, number: u64) -> io::Result<Option<String>> {
        match std::fs::read_to_string(self.path(number)) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A message that stays behind costs nothing: its number is over.
    pub(crate) fn discard(&self, number: u64) {
        std::fs::remove_file(self.path(number)).ok();
    }

    fn path(&self, number: u64) -> PathBuf {
        self.dir.join(format!("message-{number:010}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_stands_for_one_message() {
        let dir = tempfile::tempdir().unwrap();
        let inbox = Inbox::new(dir.path());
        assert_eq!(inbox.get(1).unwrap(), None);
        inbox.put(1, "first").unwrap();
        inbox.put(1, "again").unwrap();
        inbox.put(2, "").unwrap();
        assert_eq!(inbox.get(1).unwrap().as_deref(), Some("first"));
        assert_eq!(inbox.get(2).unwrap().as_deref(), Some(""));
        inbox.discard(1);
        inbox.discard(1);
        assert_eq!(inbox.get(1).unwrap(), None);
    }
}
