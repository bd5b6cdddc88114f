//! Questions that nobody was there to answer. A person may say yes to one of them later, once.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Neither a question nor a yes is good for longer.
const GOOD_FOR: SignedDuration = SignedDuration::from_hours(24);

/// One question, bound to exactly what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Approval {
    /// The beginning of the hash.
    pub(crate) id: String,
    /// BLAKE3 of the tool, its folder, its input and the scripts it would run.
    pub(crate) hash: String,
    pub(crate) tool: String,
    /// Cut, and without secrets.
    pub(crate) subject: String,
    pub(crate) cwd: String,
    pub(crate) rules: Vec<String>,
    /// The job whose run it is a part of.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) job: Option<String>,
    /// The session of the host that it happens in.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) within: Option<String>,
    pub(crate) asked_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) approved_at: Option<Timestamp>,
}

#[derive(Debug, Clone)]
pub(crate) struct Approvals {
    dir: PathBuf,
}

impl Approvals {
    pub(crate) fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Makes the folder, closed to other users.
    pub(crate) fn prepare(&self) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.dir)
    }

    /// Notes the question, unless it stands there already.
    pub(crate) fn ask(&self, approval: &Approval) -> io::Result<()> {
        self.prepare()?;
        match self.get(&approval.id) {
            Ok(known) if known.hash == approval.hash && known.is_good(approval.asked_at) => Ok(()),
            Ok(_) | Err(_) => self.write(approval),
        }
    }

    /// Uses up a yes to exactly this; false if there is none.
    pub(crate) fn use_up(&self, id: &str, hash: &str, now: Timestamp) -> bool {
        let Ok(approval) = self.get(id) else { return false };
        let is_meant = approval.hash == hash && approval.approved_at.is_some() && approval.is_good(now);
        // Of two hooks at once only one removes the file.
        is_meant && fs::remove_file(self.path(id)).is_ok()
    }

    /// Says yes; gives what it was said to.
    pub(crate) fn approve(&self, id: &str, now: Timestamp) -> io::Result<Approval> {
        let known = self.get(id)?;
        if !known.is_good(now) {
            return Err(io::Error::new(io::ErrorKind::NotFound, "it was asked more than a day ago"));
        }
        let approval = Approval { approved_at: Some(now), ..known };
        self.write(&approval)?;
        Ok(approval)
    }

    /// Says yes or no to exactly what was asked. A question that was answered no is gone.
    pub(crate) fn answer(&self, id: &str, hash: &str, yes: bool, now: Timestamp) -> io::Result<()> {
        let known = self.get(id)?;
        if known.hash != hash {
            return Err(io::Error::new(io::ErrorKind::NotFound, "something else is asked now"));
        }
        if yes { self.approve(id, now).map(drop) } else { fs::remove_file(self.path(id)) }
    }

    /// All that stand, the newest first.
    pub(crate) fn list(&self) -> Vec<Approval> {
        let Ok(entries) = fs::read_dir(&self.dir) else { return Vec::new() };
        let names =
            entries.flatten().filter_map(|entry| entry.file_name().to_str()?.strip_suffix(".json").map(str::to_owned));
        let mut all: Vec<Approval> = names.filter_map(|id| self.get(&id).ok()).collect();
        all.sort_by_key(|approval| std::cmp::Reverse(approval.asked_at));
        all
    }

    fn get(&self, id: &str) -> io::Result<Approval> {
        let is_id = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !is_id {
            return Err(io::Error::new(io::ErrorKind::NotFound, "it is no id of a question"));
        }
        Ok(serde_json::from_slice(&fs::read(self.path(id))?)?)
    }

    fn write(&self, approval: &Approval) -> io::Result<()> {
        let path = self.path(&approval.id);
        let temporary = path.with_extension(format!("{}.tmp", uuid::Uuid::new_v4()));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
        let written = file.write_all(&serde_json::to_vec(approval)?).and_then(|()| fs::rename(&temporary, &path));
        written.inspect_err(|_| {
            // Half of a question is of no use.
            let _ = fs::remove_file(&temporary);
        })
    }

    fn path(&self, id: &str) -> PathBuf {
        self.dir.join(format!("{id}.json"))
    }
}

impl Approval {
    /// Until when a yes to it can be said.
    pub(crate) fn until(&self) -> Timestamp {
        self.asked_at.checked_add(GOOD_FOR).unwrap_or(self.asked_at)
    }

    fn is_good(&self, now: Timestamp) -> bool {
        now.duration_since(self.approved_at.unwrap_or(self.asked_at)) < GOOD_FOR
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn approval(hash: &str) -> Approval {
        Approval {
            id: "ab12".to_owned(),
            hash: hash.to_owned(),
            tool: "Bash".to_owned(),
            subject: "x".to_owned(),
            cwd: "/".to_owned(),
            rules: vec!["g/x".to_owned()],
            job: None,
            within: None,
            asked_at: "2026-01-01T00:00:00Z".parse().unwrap(),
            approved_at: None,
        }
    }

    #[test]
    fn a_yes_is_good_once_for_exactly_what_was_asked() {
        let dir = tempfile::tempdir().unwrap();
        let approvals = Approvals::new(dir.path().join("approvals"));
        let now = "2026-01-01T01:00:00Z".parse().unwrap();
        approvals.ask(&approval("h")).unwrap();
        assert!(!approvals.use_up("ab12", "h", now), "nobody said yes");
        approvals.approve("ab12", now).unwrap();
        assert!(!approvals.use_up("ab12", "other", now));
        assert!(approvals.use_up("ab12", "h", now));
        assert!(!approvals.use_up("ab12", "h", now), "it is used up");
    }

    #[test]
    fn an_answer_is_to_exactly_what_was_asked() {
        let dir = tempfile::tempdir().unwrap();
        let approvals = Approvals::new(dir.path().to_owned());
        let now = "2026-01-01T01:00:00Z".parse().unwrap();
        approvals.ask(&approval("h")).unwrap();
        assert!(approvals.answer("ab12", "other", true, now).is_err());
        approvals.answer("ab12", "h", true, now).unwrap();
        assert!(approvals.use_up("ab12", "h", now));
        approvals.ask(&approval("h")).unwrap();
        approvals.answer("ab12", "h", false, now).unwrap();
        assert!(approvals.list().is_empty() && approvals.answer("ab12", "h", true, now).is_err());
    }

    #[test]
    fn asking_again_does_not_take_back_the_yes() {
        let dir = tempfile::tempdir().unwrap();
        let approvals = Approvals::new(dir.path().to_owned());
        approvals.ask(&approval("h")).unwrap();
        approvals.approve("ab12", "2026-01-01T01:00:00Z".parse().unwrap()).unwrap();
        approvals.ask(&approval("h")).unwrap();
        assert!(approvals.list()[0].approved_at.is_some());
    }

    #[test]
    fn what_is_old_or_unknown_is_not_approved() {
        let dir = tempfile::tempdir().unwrap();
        let approvals = Approvals::new(dir.path().to_owned());
        approvals.ask(&approval("h")).unwrap();
        let later = "2026-01-03T00:00:00Z".parse().unwrap();
        assert!(approvals.approve("ab12", later).is_err());
        for id in ["", "../x", "nope"] {
            assert!(approvals.approve(id, later).is_err(), "{id}");
        }
    }
}
