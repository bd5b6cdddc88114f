//! News that somebody was not told yet: a file each, in `.instar/state/announcements`.

use std::fs;
use std::io;
use std::path::PathBuf;

use instar_core::id::PluginId;
use instar_core::notice::Message;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::config::Project;
use crate::disk::{self, Mode};

#[derive(Debug, Clone)]
pub(super) struct Outbox {
    folder: PathBuf,
}

/// One piece of news. Its name sorts by time, as its id does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Announcement {
    pub(super) message: Message,
    pub(super) at: Timestamp,
    /// The notifiers that have nothing to do with it any more.
    pub(super) told: Vec<PluginId>,
}

impl Outbox {
    pub(super) fn of(project: &Project) -> Self {
        Self { folder: project.state_dir().join("announcements") }
    }

    /// It is durable when this returns.
    pub(super) fn put(&self, message: &Message) -> io::Result<()> {
        self.change(&Announcement { message: message.clone(), at: Timestamp::now(), told: Vec::new() })
    }

    pub(super) fn change(&self, announcement: &Announcement) -> io::Result<()> {
        disk::create_folder(&self.folder, Mode::Private)?;
        disk::write(&self.path(announcement), &serde_json::to_vec(announcement)?, Mode::Private)
    }

    pub(super) fn remove(&self, announcement: &Announcement) -> io::Result<()> {
        fs::remove_file(self.path(announcement))
    }

    /// The oldest first. What cannot be read is removed: it can be told to nobody.
    pub(super) fn all(&self) -> io::Result<Vec<Announcement>> {
        let mut found = Vec::new();
        for path in self.paths()? {
            match serde_json::from_slice(&fs::read(&path)?) {
                Ok(announcement) => found.push(announcement),
                Err(error) => {
                    tracing::error!(%error, "{} is no news, and is removed", path.display());
                    fs::remove_file(&path)?;
                }
            }
        }
        Ok(found)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.paths().is_ok_and(|paths| paths.is_empty())
    }

    fn paths(&self) -> io::Result<Vec<PathBuf>> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let paths: io::Result<Vec<PathBuf>> = entries.map(|entry| Ok(entry?.path())).collect();
        let mut paths = paths?;
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
        paths.sort();
        Ok(paths)
    }

    fn path(&self, announcement: &Announcement) -> PathBuf {
        self.folder.join(format!("{}.json", announcement.message.id))
    }
}

#[cfg(test)]
mod tests {
    use instar_core::verdict::Severity;

    use super::*;
    use crate::notifiers::notice;

    #[test]
    fn news_stays_until_everybody_was_told_and_what_is_none_goes() {
        let dir = tempfile::tempdir().unwrap();
        let outbox = Outbox { folder: dir.path().join("announcements") };
        assert!(outbox.is_empty());
        for title in ["down", "up"] {
            outbox.put(&notice(Severity::High, title.into(), String::new())).unwrap();
            // Ids sort by milliseconds.
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        fs::write(dir.path().join("announcements/0.json"), "{").unwrap();
        let mut all = outbox.all().unwrap();
        assert_eq!(all.iter().map(|it| it.message.title.as_str()).collect::<Vec<_>>(), ["down", "up"]);
        all[0].told.push("mail".parse().unwrap());
        outbox.change(&all[0]).unwrap();
        assert_eq!(outbox.all().unwrap(), all);
        all.iter().for_each(|it| outbox.remove(it).unwrap());
        assert!(outbox.is_empty());
    }
}
