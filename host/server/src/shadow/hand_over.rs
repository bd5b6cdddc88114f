//! From hooks to the server: a hook that has answered leaves its questions in a datagram, and ends.
//!
//! Nothing of it stands on the disk, and nobody waits: where no server listens, or it is busy, nothing is compared. One
//! datagram holds about 200 KB, so that longer questions are left out.

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use instar_plugin::{Asked, Ear};

use super::queue::{Queue, is_compared};
use crate::config::Project;
use crate::serve::recorded_socket;

/// More than the kernel takes in one datagram.
const LARGEST: usize = 256 << 10;

/// What the guards of a hook were asked, until it has answered.
#[derive(Debug, Default)]
pub(crate) struct Overheard {
    asked: Mutex<Vec<Asked>>,
    project: Mutex<Option<Project>>,
}

impl Overheard {
    /// Whose server is to hear of it.
    pub(crate) fn belongs_to(&self, project: Option<&Project>) {
        *self.project.lock().unwrap_or_else(PoisonError::into_inner) = project.cloned();
    }

    /// To be called when the answer was given.
    pub(crate) fn hand_over(&self) {
        let asked = std::mem::take(&mut *self.asked.lock().unwrap_or_else(PoisonError::into_inner));
        let project = self.project.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (Some(project), false) = (project, asked.is_empty()) else { return };
        // Nobody is told: the answer was given, and a comparison is no part of it.
        let _ = send(&place(&project), &asked);
    }
}

impl Ear for Overheard {
    fn hear(&self, asked: Asked) {
        if is_compared(&asked) {
            self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(asked);
        }
    }
}

fn send(place: &Path, asked: &[Asked]) -> io::Result<()> {
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    socket.connect(place)?;
    asked.iter().try_for_each(|asked| socket.send(&serde_json::to_vec(asked)?).map(drop))
}

/// Beside the server's socket, under a name as long as its own.
fn place(project: &Project) -> PathBuf {
    recorded_socket(project).with_extension("hook")
}

/// Hears what hooks leave, until the server ends. For the holder of the server's lock.
pub(crate) async fn listen(project: Project, queue: Arc<Queue>) {
    let place = place(&project);
    let (socket, _place) = match bind(&place) {
        Ok(bound) => bound,
        Err(error) => {
            tracing::warn!(%error, "{} cannot be made, so that guards in shadow hear nothing of hooks", place.display());
            return;
        }
    };
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        buffer.reserve(LARGEST);
        match socket.recv_buf(&mut buffer).await {
            Ok(_) => match serde_json::from_slice::<Asked>(&buffer) {
                Ok(asked) => queue.hear(asked),
                Err(error) => tracing::debug!(%error, "a question of a hook is not understood"),
            },
            Err(error) => tracing::warn!(%error, "a question of a hook cannot be read"),
        }
    }
}

/// Taken away when nobody listens any more.
struct Taken(PathBuf);

impl Drop for Taken {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn bind(place: &Path) -> io::Result<(tokio::net::UnixDatagram, Taken)> {
    match std::fs::remove_file(place) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let socket = tokio::net::UnixDatagram::bind(place)?;
    // The folder is private already, so that nobody else got in meanwhile.
    std::fs::set_permissions(place, std::fs::Permissions::from_mode(0o600))?;
    Ok((socket, Taken(place.to_owned())))
}
