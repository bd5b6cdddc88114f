//! Files that people keep: written whole or not at all, with the mode they had.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Which mode a written file gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// For the owner alone: secrets.
    Private,
    /// As the umask of the user says.
    Usual,
}

/// Replaces or creates a file: temporary file, fsync, rename, fsync of the folder.
///
/// A file that is there keeps its mode, and a symbolic link to it stays one.
pub(crate) fn write(path: &Path, bytes: &[u8], mode: Mode) -> io::Result<()> {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = path.parent().unwrap_or(Path::new("."));
    let temporary = temporary_beside(&path);
    let written = write_new(&temporary, bytes, mode).and_then(|()| {
        if let Ok(existing) = path.metadata() {
            fs::set_permissions(&temporary, Permissions::from_mode(existing.permissions().mode() & 0o7777))?;
        }
        fs::rename(&temporary, &path)
    });
    if written.is_err() {
        fs::remove_file(&temporary).ok();
        return written;
    }
    File::open(folder)?.sync_all()
}

/// Creates a folder that is not there yet; says whether it did.
pub(crate) fn create_folder(path: &Path, mode: Mode) -> io::Result<bool> {
    let bits = match mode {
        Mode::Private => 0o700,
        Mode::Usual => 0o777,
    };
    match fs::DirBuilder::new().mode(bits).create(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(false),
        Err(error) => Err(error),
    }
}

/// A file for its owner alone that was not there before.
pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

fn write_new(path: &Path, bytes: &[u8], mode: Mode) -> io::Result<()> {
    let bits = match mode {
        Mode::Private => 0o600,
        Mode::Usual => 0o666,
    };
    let mut file = OpenOptions::new().write(true).create_new(true).mode(bits).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// In the same folder, since a rename cannot leave a file system.
fn temporary_beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let unique = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |now| now.subsec_nanos());
    path.with_file_name(format!(".{name}.{}-{unique}.tmp", std::process::id()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode_of(path: &Path) -> u32 {
        path.metadata().unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_new_private_file_is_for_its_owner_alone_and_leaves_no_other_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.json");
        write(&path, b"{}", Mode::Private).unwrap();
        assert_eq!((fs::read(&path).unwrap().as_slice(), mode_of(&path)), (b"{}".as_slice(), 0o600));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_rewritten_file_keeps_its_mode() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("jobs.json");
        fs::write(&path, "[]").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        write(&path, b"[1]", Mode::Private).unwrap();
        assert_eq!(mode_of(&path), 0o640);
    }

    #[test]
    fn a_symbolic_link_stays_one() {
        let dir = tempfile::tempdir().unwrap();
        let [target, link] = ["real.json", "jobs.json"].map(|name| dir.path().join(name));
        fs::write(&target, "[]").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        write(&link, b"[1]", Mode::Usual).unwrap();
        assert!(link.is_symlink());
        assert_eq!(fs::read_to_string(&target).unwrap(), "[1]");
    }
}
