//! Writing the output with a cap: two segments that take turns, and the beginning kept apart.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::{HEAD, NEW, OLD};
use crate::disk;

/// How much of the beginning is kept for good.
const HEAD_BYTES: u64 = 64 * 1024;

/// A smaller cap than this is taken as this.
const SMALLEST_CAP: u64 = 4 * 1024;

/// The log of one session; a failure to write (a full disk) is remembered and stops nothing.
pub(crate) struct Log {
    dir: PathBuf,
    file: Option<File>,
    /// Bytes in the segment that is being written.
    written: u64,
    head: u64,
    segment: u64,
    fault: Option<String>,
}

impl Log {
    pub(crate) fn create(dir: &Path, cap: u64) -> Self {
        let cap = cap.max(SMALLEST_CAP);
        let head = HEAD_BYTES.min(cap / 4);
        let segment = (cap - head) / 2;
        let mut log = Self { dir: dir.to_owned(), file: None, written: 0, head, segment, fault: None };
        if let Err(error) = log.open() {
            log.note(&error);
        }
        log
    }

    pub(crate) fn write(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = self.segment - self.written;
            let fits = usize::try_from(room).map_or(bytes.len(), |room| room.min(bytes.len()));
            let (now, later) = bytes.split_at(fits);
            if let Err(error) = self.append(now) {
                self.note(&error);
                return;
            }
            bytes = later;
        }
    }

    /// The first reason why something is missing that should be there.
    pub(crate) fn fault(self) -> Option<String> {
        self.fault
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.file.is_none() {
            self.open()?;
        }
        if let Some(file) = &mut self.file {
            file.write_all(bytes)?;
        }
        self.written += bytes.len() as u64;
        if self.written >= self.segment { self.turn() } else { Ok(()) }
    }

    fn open(&mut self) -> io::Result<()> {
        let file = disk::private_append(&self.dir.join(NEW))?;
        self.written = file.metadata()?.len().min(self.segment);
        self.file = Some(file);
        Ok(())
    }

    /// Makes the full segment the old one; what was old until now is dropped but for the beginning.
    fn turn(&mut self) -> io::Result<()> {
        self.keep_head()?;
        std::fs::rename(self.dir.join(NEW), self.dir.join(OLD))?;
        self.file = None;
        self.written = 0;
        self.open()
    }

    /// The first segment to be dropped holds the beginning.
    fn keep_head(&self) -> io::Result<()> {
        let head = self.dir.join(HEAD);
        if head.exists() {
            return Ok(());
        }
        match File::open(self.dir.join(OLD)) {
            Ok(old) => {
                let temporary = self.dir.join("output.head.tmp");
                io::copy(&mut old.take(self.head), &mut disk::private_append(&temporary)?)?;
                // Not synced: between this and the turn a reader would see the beginning twice.
                std::fs::rename(temporary, head)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn note(&mut self, error: &io::Error) {
        self.fault.get_or_insert_with(|| error.to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAP: u64 = 8 * 1024;

    fn written(lines: usize) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let mut log = Log::create(dir.path(), CAP);
        for line in 0..lines {
            log.write(format!("line {line}\n").as_bytes());
        }
        assert_eq!(log.fault(), None);
        dir
    }

    fn read(dir: &Path, name: &str) -> Option<String> {
        std::fs::read_to_string(dir.join(name)).ok()
    }

    #[test]
    fn little_output_is_kept_whole_in_one_file() {
        let dir = written(100);
        assert_eq!(read(dir.path(), NEW).unwrap().lines().count(), 100);
        assert_eq!((read(dir.path(), OLD), read(dir.path(), HEAD)), (None, None));
    }

    #[test]
    fn the_first_turn_drops_nothing() {
        let dir = written(400);
        let all = read(dir.path(), OLD).unwrap() + &read(dir.path(), NEW).unwrap();
        assert_eq!(all, (0..400).map(|line| format!("line {line}\n")).collect::<String>());
        assert_eq!(read(dir.path(), HEAD), None);
    }

    #[test]
    fn much_output_keeps_its_beginning_and_its_end_under_the_cap() {
        let dir = written(10_000);
        let [head, old, new] = [HEAD, OLD, NEW].map(|name| read(dir.path(), name).unwrap());
        assert!(head.starts_with("line 0\nline 1\n"));
        assert!((old.clone() + &new).ends_with("line 9998\nline 9999\n"));
        assert!((head.len() + old.len() + new.len()) as u64 <= CAP);
        assert!(old.len() as u64 > CAP / 4, "too little was kept");
    }

    #[test]
    fn a_full_disk_is_noted_and_stops_nothing() {
        let dir = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/dev/full", dir.path().join(NEW)).unwrap();
        let mut log = Log::create(dir.path(), CAP);
        log.write(b"one\n");
        log.write(b"two\n");
        assert!(log.fault().unwrap().contains("No space left"));
    }
}
