//! What a notifier heard, kept on disk until the server has recorded it: one file for each answer to a poll.
//!
//! A file holds a line of JSON about the answer, and then the answer as it came. It is whole when it has its name, and
//! the cursor moves after it: who dies in between hears the same once more, and the server knows what it has by its keys.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use instar_core::id::PluginId;
use instar_engine::KeptAnswer;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::config::Project;
use crate::disk::{self, Mode};

/// The answers of one notifier. Who writes here holds its turn to poll.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    folder: PathBuf,
}

/// What is known of an answer without reading it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Head {
    pub(crate) at: Timestamp,
    pub(crate) status: u16,
    /// Keys of events that were dealt with when they were heard.
    pub(crate) done: Vec<String>,
    /// The beginnings of what people said in it.
    pub(crate) said: Vec<String>,
}

const KEPT: &str = "heard";
const ASIDE: &str = "unreadable";
const CURSOR: &str = "cursor";

impl Heard {
    pub(crate) fn of(project: &Project, notifier: &PluginId) -> Self {
        Self { folder: project.heard_dir(notifier) }
    }

    /// Keeps an answer. It is durable when this returns, and its number is larger than those before it.
    pub(crate) fn keep(&self, head: &Head, body: &[u8]) -> io::Result<u64> {
        self.make()?;
        let now = u64::try_from(head.at.as_millisecond()).unwrap_or(0);
        let number = self.numbers()?.last().map_or(now, |last| now.max(last + 1));
        let mut bytes = serde_json::to_vec(head)?;
        bytes.push(b'\n');
        bytes.extend_from_slice(body);
        disk::write(&self.path(number), &bytes, Mode::Private)?;
        Ok(number)
    }

    /// Those that are kept, the oldest first.
    pub(crate) fn numbers(&self) -> io::Result<Vec<u64>> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut numbers = Vec::new();
        for entry in entries {
            let path = entry?.path();
            let is_kept = path.extension().is_some_and(|extension| extension == KEPT);
            let number = path.file_stem().and_then(|stem| stem.to_str()?.parse::<u64>().ok());
            numbers.extend(number.filter(|_| is_kept));
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// The head and the answer; none if nothing is kept under the number.
    pub(crate) fn read(&self, number: u64) -> io::Result<Option<(Head, Vec<u8>)>> {
        let bytes = match fs::read(self.path(number)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            bytes => bytes?,
        };
        let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
        let head =
            serde_json::from_slice(&bytes[..end]).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        Ok(Some((head, bytes.get(end + 1..).unwrap_or_default().to_vec())))
    }

    pub(crate) fn remove(&self, number: u64) -> io::Result<()> {
        match fs::remove_file(self.path(number)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }

    /// Keeps it for a person to look at, and for nobody else.
    pub(crate) fn set_aside(&self, number: u64) -> io::Result<()> {
        let path = self.path(number);
        fs::rename(&path, path.with_extension(ASIDE))
    }

    /// Where polls go on.
    pub(crate) fn cursor(&self) -> io::Result<Option<String>> {
        match fs::read_to_string(self.folder.join(CURSOR)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            read => read.map(Some),
        }
    }

    pub(crate) fn go_on(&self, cursor: &str) -> io::Result<()> {
        if self.cursor()?.as_deref() == Some(cursor) {
            return Ok(());
        }
        self.make()?;
        disk::write(&self.folder.join(CURSOR), cursor.as_bytes(), Mode::Private)
    }

    fn make(&self) -> io::Result<()> {
        for folder in [self.folder.parent().unwrap_or(Path::new(".")), &self.folder] {
            disk::create_folder(folder, Mode::Private)?;
        }
        Ok(())
    }

    fn path(&self, number: u64) -> PathBuf {
        self.folder.join(format!("{number:020}.{KEPT}"))
    }
}

/// An answer as the engine takes it over. What cannot be read at all has nothing in it that a plugin could read.
pub(crate) fn kept_answer(heard: &Heard, number: u64) -> io::Result<Option<KeptAnswer>> {
    match heard.read(number) {
        Ok(found) => Ok(found.map(|(Head { status, done, .. }, body)| KeptAnswer { number, status, body, done })),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            Ok(Some(KeptAnswer { number, status: 200, body: Vec::new(), done: Vec::new() }))
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(said: &str) -> Head {
        Head { at: Timestamp::UNIX_EPOCH, status: 200, done: vec!["k".into()], said: vec![said.into()] }
    }

    fn heard(dir: &Path) -> Heard {
        Heard { folder: dir.join("heard/mail") }
    }

    #[test]
    fn answers_come_back_as_they_came_and_in_their_order() {
        let dir = tempfile::tempdir().unwrap();
        let heard = heard(dir.path());
        assert_eq!(heard.numbers().unwrap(), Vec::<u64>::new());
        // The clock stands still, and yet each has a number of its own.
        let numbers: Vec<u64> =
            ["a", "b", "c"].iter().map(|said| heard.keep(&head(said), b"line\n\xff\n").unwrap()).collect();
        assert_eq!(heard.numbers().unwrap(), numbers);
        assert_eq!(heard.read(numbers[1]).unwrap(), Some((head("b"), b"line\n\xff\n".to_vec())));
        heard.remove(numbers[0]).unwrap();
        heard.remove(numbers[0]).unwrap();
        heard.set_aside(numbers[1]).unwrap();
        assert_eq!(heard.numbers().unwrap(), [numbers[2]]);
        assert_eq!(heard.read(numbers[0]).unwrap(), None);
    }

    #[test]
    fn where_to_go_on_outlives_the_process() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(heard(dir.path()).cursor().unwrap(), None);
        heard(dir.path()).go_on("7:1").unwrap();
        heard(dir.path()).go_on("7:2").unwrap();
        assert_eq!(heard(dir.path()).cursor().unwrap().as_deref(), Some("7:2"));
    }

    #[test]
    fn a_file_that_is_torn_is_an_answer_without_anything_in_it() {
        let dir = tempfile::tempdir().unwrap();
        let heard = heard(dir.path());
        let number = heard.keep(&head("a"), b"x").unwrap();
        fs::write(heard.path(number), "{").unwrap();
        assert_eq!(kept_answer(&heard, number).unwrap().unwrap().body, b"");
        assert_eq!(kept_answer(&heard, number + 1).unwrap(), None);
    }
}
