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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use instar_plugin::{Asker, CallContext, Question, Said, Spoken};
    use jiff::Timestamp;

    use super::super::queue::queue;
    use super::*;
    use crate::guards::LOG_SOURCE;

    fn asked(question: Question) -> Asked {
        let guard = "guard-a".parse().unwrap();
        let spoken = Spoken { guard, digest: "aa".to_owned(), said: Said::Nothing("trap".to_owned()) };
        Asked { call: CallContext::new(Asker::Agent, Timestamp::UNIX_EPOCH), question, spoken: vec![spoken] }
    }

    fn sent(text: &str) -> Asked {
        asked(Question::Outbound { channel: "mail".to_owned(), text: text.to_owned() })
    }

    fn left(project: &Project, questions: &[Asked]) {
        let overheard = Overheard::default();
        overheard.belongs_to(Some(project));
        questions.iter().cloned().for_each(|asked| overheard.hear(asked));
        overheard.hand_over();
    }

    #[tokio::test]
    async fn questions_reach_a_server_that_listens_and_nobody_waits_for_one_that_does_not() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join(".instar/run")).unwrap();
        let project = Project::at(dir.path()).unwrap();
        left(&project, &[sent("nobody hears it")]);
        std::fs::write(place(&project), "left by a server that died").unwrap();
        let (queue, heard) = queue();
        let (listening, (socket, taken)) = (queue.clone(), bind(&place(&project)).unwrap());
        assert_eq!(std::fs::metadata(place(&project)).unwrap().permissions().mode() & 0o777, 0o600);
        drop((socket, taken));
        assert!(!place(&project).exists());
        let listening = tokio::spawn(listen(project.clone(), listening));
        while !place(&project).exists() {
            tokio::task::yield_now().await;
        }
        let own = Question::Output { source: LOG_SOURCE.to_owned(), offset: 0, chunk: vec![1], last: true };
        let too_long = sent(&"x".repeat(LARGEST * 2));
        left(&project, &[sent("a"), asked(own), too_long]);
        left(&project, &[sent("b")]);
        let both = tokio::task::spawn_blocking(move || {
            let next = || heard.recv_timeout(Duration::from_secs(10));
            (next(), next(), heard.try_recv().is_err())
        });
        let both = both.await.unwrap();
        assert_eq!(both, (Ok(sent("a")), Ok(sent("b")), true));
        listening.abort();
    }
}
