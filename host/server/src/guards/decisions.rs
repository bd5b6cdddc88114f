//! The log of decisions: one JSON object a line, for the owner alone, bounded in size.
//!
//! Many hooks write at once and none of them waits: a line is one write at the end of the file.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use instar_api::GuardDecision;

/// A file that has grown beyond this is put aside; one older file is kept.
const LARGEST: u64 = 8 << 20;

#[derive(Debug, Clone)]
pub(crate) struct DecisionLog {
    path: PathBuf,
}

impl DecisionLog {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Makes the file, so that it can be watched.
    pub(crate) fn prepare(&self) -> io::Result<()> {
        self.open().map(drop)
    }

    pub(crate) fn append(&self, decision: &GuardDecision) -> io::Result<()> {
        let mut line = serde_json::to_vec(decision)?;
        line.push(b'\n');
        let mut file = self.open()?;
        if file.metadata()?.len() > LARGEST {
            self.put_aside(&file)?;
            file = self.open()?;
        }
        file.write_all(&line)
    }

    /// The newest so many, the newest first. Lines that are none are left out.
    pub(crate) fn newest(&self, most: usize) -> io::Result<Vec<GuardDecision>> {
        let mut decisions = Vec::new();
        for path in [self.path.clone(), self.older()] {
            let text = match std::fs::read(&path) {
                Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
                Err(error) if is_absent(&error) => continue,
                Err(error) => return Err(error),
            };
            let lines = text.lines().rev().filter_map(|line| serde_json::from_str(line).ok());
            decisions.extend(lines.take(most - decisions.len()));
            if decisions.len() == most {
                break;
            }
        }
        Ok(decisions)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    fn open(&self) -> io::Result<File> {
        let open = || OpenOptions::new().append(true).create(true).mode(0o600).open(&self.path);
        match open() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let folder = self.path.parent().unwrap_or(Path::new("."));
                DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
                open()
            }
            opened => opened,
        }
    }

    /// Only one of many hooks does it: the file must still be the one that was too large.
    fn put_aside(&self, file: &File) -> io::Result<()> {
        file.lock()?;
        let is_still_large = std::fs::metadata(&self.path).is_ok_and(|found| found.len() > LARGEST);
        if is_still_large { std::fs::rename(&self.path, self.older()) } else { Ok(()) }
    }

    fn older(&self) -> PathBuf {
        self.path.with_extension("jsonl.1")
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn decision(subject: &str) -> GuardDecision {
        GuardDecision {
            at: "2026-01-01T00:00:00Z".to_owned(),
            event: "check".to_owned(),
            tool: "Bash".to_owned(),
            subject: subject.to_owned(),
            answer: "pass".to_owned(),
            findings: Vec::new(),
            guards: Vec::new(),
            approval: None,
            session: None,
            unattended: false,
            took_us: 1,
        }
    }

    #[test]
    fn the_newest_come_first_and_broken_lines_do_no_harm() {
        let dir = tempfile::tempdir().unwrap();
        let log = DecisionLog::new(dir.path().join("state/d.jsonl"));
        assert_eq!(log.newest(5).unwrap(), []);
        log.append(&decision("a")).unwrap();
        std::fs::write(log.path(), [std::fs::read(log.path()).unwrap(), b"{half".to_vec(), b"\n".to_vec()].concat())
            .unwrap();
        log.append(&decision("b")).unwrap();
        let newest = log.newest(5).unwrap();
        assert_eq!(newest.iter().map(|decision| decision.subject.as_str()).collect::<Vec<_>>(), ["b", "a"]);
        assert_eq!(log.newest(1).unwrap().len(), 1);
        assert_eq!(std::fs::metadata(log.path()).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_file_that_is_too_large_is_put_aside_and_still_read() {
        let dir = tempfile::tempdir().unwrap();
        let log = DecisionLog::new(dir.path().join("d.jsonl"));
        log.append(&decision("old")).unwrap();
        let mut filler = OpenOptions::new().append(true).open(log.path()).unwrap();
        filler.write_all(&vec![b'\n'; usize::try_from(LARGEST).unwrap()]).unwrap();
        log.append(&decision("new")).unwrap();
        assert!(std::fs::metadata(log.path()).unwrap().len() < 1000);
        assert_eq!(log.newest(5).unwrap().len(), 2);
    }

    #[test]
    fn lines_of_many_writers_stay_whole() {
        let dir = tempfile::tempdir().unwrap();
        let log = DecisionLog::new(dir.path().join("d.jsonl"));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| (0..50).for_each(|_| log.append(&decision(&"x".repeat(3000))).unwrap()));
            }
        });
        assert_eq!(log.newest(1000).unwrap().len(), 400);
    }
}
