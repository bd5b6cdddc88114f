//! The scripts that a command would run, read from the disk.

use std::fs::OpenOptions;
use std::io::Read as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use instar_shell::{File, Files};

/// What guards are shown of a script.
const LONGEST_TEXT: usize = 64 << 10;
/// A larger file is no script that anybody wrote.
const LARGEST_FILE: u64 = 1 << 20;

/// Files of this machine.
#[derive(Debug, Clone, Copy)]
pub(super) struct ProjectFiles;

impl Files for ProjectFiles {
    fn read(&self, path: &str) -> Option<File> {
        // A pipe must not make the hook wait, so it is opened without waiting and then refused.
        let nonblocking = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).ok()?;
        let file = OpenOptions::new().read(true).custom_flags(nonblocking).open(path).ok()?;
        let is_script = file.metadata().is_ok_and(|found| found.is_file() && found.len() <= LARGEST_FILE);
        if !is_script {
            return None;
        }
        let mut content = Vec::new();
        file.take(LARGEST_FILE).read_to_end(&mut content).ok()?;
        File::of(&content, LONGEST_TEXT)
    }

    fn has_folder(&self, path: &str) -> Option<bool> {
        Some(Path::new(path).is_dir())
    }
}
