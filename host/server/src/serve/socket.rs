//! The Unix socket: the same API for programs of this user, without a token, since the file's mode is the key.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use tokio::net::UnixListener;

use crate::config::Project;

/// The kernel takes no longer path for a socket.
const LONGEST: usize = 107;

/// Why there is no socket.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SocketError {
    #[error(
        "{} is too long for a socket ({LONGEST} bytes at most), and $XDG_RUNTIME_DIR names no private folder to put it in: set XDG_RUNTIME_DIR, or move the project to a shorter path",
        path.display()
    )]
    TooLong { path: PathBuf },
    #[error("failed to listen on {}", path.display())]
    Bind { path: PathBuf, source: io::Error },
    #[error("failed to write down where the socket is, in {}", path.display())]
    Record { path: PathBuf, source: io::Error },
}

/// Where a running server of this project has its socket: what clients connect to.
pub(crate) fn recorded(project: &Project) -> PathBuf {
    match fs::read_to_string(record_file(project)) {
        Ok(path) if !path.trim().is_empty() => PathBuf::from(path.trim_end_matches('\n')),
        _ => usual(project),
    }
}

/// The socket and the file that says where it is.
pub(super) fn files(project: &Project) -> [PathBuf; 2] {
    [recorded(project), record_file(project)]
}

/// The place of this server's socket; taken away when it is dropped.
#[derive(Debug)]
pub(super) struct Socket {
    path: PathBuf,
    record: PathBuf,
}

impl Socket {
    /// Only for the holder of the server lock: what a dead server left at that place is taken away.
    pub(super) fn listen(project: &Project) -> Result<(Self, UnixListener), SocketError> {
        let runtime_dir = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
        let path = choose(project, runtime_dir.as_deref())?;
        let failed = |source| SocketError::Bind { path: path.clone(), source };
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        let listener = UnixListener::bind(&path).map_err(failed)?;
        // The folder is private already, so that nobody else got in meanwhile.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).map_err(failed)?;
        let socket = Self { path, record: record_file(project) };
        fs::write(&socket.record, format!("{}\n", socket.path.display()))
            .map_err(|source| SocketError::Record { path: socket.record.clone(), source })?;
        Ok((socket, listener))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        for path in [&self.path, &self.record] {
            if let Err(error) = fs::remove_file(path) {
                tracing::debug!(%error, path = %path.display(), "could not be removed");
            }
        }
    }
}

fn choose(project: &Project, runtime_dir: Option<&Path>) -> Result<PathBuf, SocketError> {
    let usual = usual(project);
    if fits(&usual) {
        return Ok(usual);
    }
    let hash = blake3::hash(project.instar_dir().as_os_str().as_encoded_bytes()).to_hex();
    let fallback =
        runtime_dir.filter(|dir| is_private(dir)).map(|dir| dir.join(format!("instar-{}.sock", &hash[..16])));
    fallback.filter(|path| fits(path)).ok_or(SocketError::TooLong { path: usual })
}

fn usual(project: &Project) -> PathBuf {
    project.run_dir().join("instar.sock")
}

fn record_file(project: &Project) -> PathBuf {
    project.run_dir().join("socket")
}

fn fits(path: &Path) -> bool {
    path.as_os_str().len() <= LONGEST
}

/// Ours, and closed to everybody else.
fn is_private(dir: &Path) -> bool {
    let ours = |found: fs::Metadata| {
        found.is_dir() && found.uid() == rustix::process::geteuid().as_raw() && found.mode() & 0o077 == 0
    };
    dir.is_absolute() && fs::symlink_metadata(dir).is_ok_and(ours)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(below: &Path, name: &str) -> Project {
        let dir = below.join(name);
        fs::create_dir_all(dir.join(".instar/run")).unwrap();
        Project::at(&dir).unwrap()
    }

    fn private(dir: &Path) {
        fs::set_permissions(dir, fs::Permissions::from_mode(0o700)).unwrap();
    }

    #[test]
    fn a_long_path_moves_the_socket_to_a_private_runtime_folder() {
        let (root, runtime) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let deep = project(root.path(), &"deep/".repeat(25));
        private(runtime.path());
        let chosen = choose(&deep, Some(runtime.path())).unwrap();
        assert!(chosen.starts_with(runtime.path()) && fits(&chosen), "{}", chosen.display());
        let other = choose(&project(root.path(), &"deeq/".repeat(25)), Some(runtime.path())).unwrap();
        assert_ne!(chosen, other);
    }

    #[test]
    fn a_long_path_without_a_private_folder_is_an_error_that_says_what_to_do() {
        let (root, runtime) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let deep = project(root.path(), &"deep/".repeat(25));
        fs::set_permissions(runtime.path(), fs::Permissions::from_mode(0o755)).unwrap();
        for dir in [None, Some(runtime.path()), Some(Path::new("relative"))] {
            let error = choose(&deep, dir).unwrap_err().to_string();
            assert!(error.contains("XDG_RUNTIME_DIR"), "{error}");
        }
    }

    #[tokio::test]
    async fn the_socket_is_private_recorded_and_taken_away() {
        let root = tempfile::tempdir().unwrap();
        let project = project(root.path(), "p");
        fs::write(usual(&project), "stale").unwrap();
        let (socket, _listener) = Socket::listen(&project).unwrap();
        let path = socket.path().to_owned();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(recorded(&project), path);
        drop(socket);
        assert!(!path.exists());
        assert_eq!(recorded(&project), usual(&project));
    }
}
