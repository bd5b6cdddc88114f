//! A disk that can be full.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A small disk, taken away with the test.
#[derive(Debug)]
pub(crate) struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None`, said aloud, where this user may not mount: it takes root, or `unshare -rm`.
    pub(crate) fn at(path: &Path) -> Option<Self> {
        fs::create_dir_all(path).expect("a folder can be made");
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", "size=16m,mode=700", "tmpfs"]).arg(path).output();
        let done = done.expect("mount can be run");
        if !done.status.success() {
            say_skipped(&String::from_utf8_lossy(&done.stderr));
            return None;
        }
        Some(Self(path.to_owned()))
    }

    pub(crate) fn fill(&self) {
        let full = Command::new("sh").args(["-c", "cat /dev/zero > filler"]).current_dir(&self.0).output();
        assert!(full.is_ok_and(|full| !full.status.success()), "the disk is full");
    }

    pub(crate) fn free(&self) {
        fs::remove_file(self.0.join("filler")).expect("the filler can be removed");
    }
}

#[expect(clippy::print_stderr, reason = "who runs the tests must see what was not tried")]
fn say_skipped(why: &str) {
    eprintln!("NOT TRIED: a small disk needs the right to mount (root, or `unshare -rm`): {why}");
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily, because what was started in the test may still hold it.
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}
