//! Effects of conversations: finding the way of what was said, and showing how it went.

use std::fmt;
use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use instar_core::conversation::{Course, Place, Spoken};
use instar_core::decide::What;
use instar_core::id::{PluginId, SessionName};
use instar_core::inbound::Mark;
use instar_core::notice::Address;
use instar_core::session::Session;
use instar_core::state::Pending;
use instar_messaging::{NoteFile, Plan, Scene, plan};
use instar_plugin::{Asker, CallContext};
use instar_session::Key;
use instar_store::{MessageFilter, StoreError};

use crate::act::{World, chain, within};
use crate::clock;
use crate::files::Brought;
use crate::helper::Helper;

/// Lets a guard know what was said to its question, or says why not.
#[derive(Clone)]
pub struct Approver(Arc<Answer>);

type Answer = dyn Fn(&str, &str, bool) -> Result<(), String> + Send + Sync;

impl Approver {
    /// `answer` gets the id and the hash of the question, and whether it was a yes.
    pub fn new(answer: impl Fn(&str, &str, bool) -> Result<(), String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(answer))
    }

    fn answer(&self, id: &str, hash: &str, yes: bool) -> Result<(), String> {
        (self.0)(id, hash, yes)
    }
}

impl fmt::Debug for Approver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Approver(..)")
    }
}

/// What conversations need to know of the host.
#[derive(Debug, Clone)]
pub struct Desk {
    /// Where files for sessions go.
    pub tmp: PathBuf,
    /// The names of sessions that nobody may claim.
    pub protected: Vec<String>,
    pub version: String,
    /// What agents call to answer: the path of this program.
    pub program: String,
    pub approver: Approver,
    /// Is asked with the path of a voice message what is said in it.
    pub transcriber: Option<Helper>,
}

/// What the session of a conversation said and was told before, as far as it matters.
#[derive(Debug, Default)]
struct Past {
    history: Vec<Spoken>,
    last_words: Option<String>,
}

/// How much of a conversation its next session is told.
const REMEMBERED: u32 = 20;
const MARK_DEADLINE: Duration = Duration::from_secs(30);
const INTERRUPT_DEADLINE: Duration = Duration::from_secs(10);

impl World {
    pub(crate) async fn route(&self, place: Place, key: String) -> What {
        let course = match self.find_way(&place, &key).await {
            Ok(Some(course)) => course,
            Ok(None) => return What::Done,
            Err(error) => {
                tracing::error!(error, key, "what was said could not be dealt with");
                Course { answer: Some(format!("This could not be dealt with: {error}")), ..Course::default() }
            }
        };
        What::Routed { place, key, course: Box::new(course) }
    }

    /// `None` when it has been dealt with.
    async fn find_way(&self, place: &Place, key: &str) -> Result<Option<Course>, String> {
        let Some(pending) = self.pending(place, key) else { return Ok(None) };
        let past = self.past(place).await.map_err(|error| chain(&error))?;
        let files = self.bring_files(place, &pending).await;
        let Some(Plan { course, notes }) = self.plan(place, key, &past, &files) else { return Ok(None) };
        let tmp = self.desk.tmp.clone();
        let written = tokio::task::spawn_blocking(move || write(&tmp, &notes)).await;
        match written {
            Ok(Ok(())) => Ok(Some(course)),
            Ok(Err(error)) => Err(format!("a file for the session could not be written: {error}")),
            Err(error) => Err(chain(&error)),
        }
    }

    fn pending(&self, place: &Place, key: &str) -> Option<Pending> {
        let view = self.view.read().unwrap_or_else(PoisonError::into_inner);
        view.state().conversations().find_pending(&place.notifier, key).cloned()
    }

    fn plan(&self, place: &Place, key: &str, past: &Past, files: &Brought) -> Option<Plan> {
        let view = self.view.read().unwrap_or_else(PoisonError::into_inner);
        let pending: &Pending = view.state().conversations().find_pending(&place.notifier, key)?;
        let sessions: Vec<Session> = view.live_sessions().cloned().collect();
        Some(plan(&Scene {
            state: view.state(),
            now: clock::now(),
            pending,
            sessions: &sessions,
            protected: &self.desk.protected,
            started_at: view.started_at(),
            version: &self.desk.version,
            history: &past.history,
            last_words: past.last_words.as_deref(),
            files,
            tmp: &self.desk.tmp,
            program: &self.desk.program,
        }))
    }

    /// Of a conversation whose session has ended.
    async fn past(&self, place: &Place) -> Result<Past, StoreError> {
        let ended = {
            let view = self.view.read().unwrap_or_else(PoisonError::into_inner);
            let name = view.state().conversations().session_of(place);
            name.filter(|name| view.state().run_named(name).is_none()).cloned()
        };
        let Some(name) = ended else { return Ok(Past::default()) };
        let filter = MessageFilter { place: Some(place.clone()), limit: REMEMBERED, ..MessageFilter::default() };
        let store = &self.keeper.store;
        let history = store.messages(&filter).await?.into_iter().map(|logged| logged.spoken).collect();
        let run = match store.session_named(&name).await? {
            Some(session) => store.run(session.run).await?,
            None => None,
        };
        Ok(Past { history, last_words: run.and_then(|run| run.end).map(|end| end.tail) })
    }

    /// What the program of a session is told of the conversation that is its.
    pub(crate) fn conversation_env(&self, name: &SessionName) -> Vec<(String, String)> {
        let view = self.view.read().unwrap_or_else(PoisonError::into_inner);
        let Some(place) = view.state().conversations().place_of(name) else { return Vec::new() };
        let thread = format!("INSTAR_{}_TOPIC", place.channel().to_uppercase().replace(['-', '.'], "_"));
        vec![("INSTAR_CONVERSATION".into(), place.label()), (thread, place.thread().to_owned())]
    }

    /// A sign is worth one try.
    pub(crate) async fn mark(
        &self,
        notifier: &PluginId,
        address: &Address,
        handle: &str,
        mark: Mark,
        note: Option<&str>,
    ) -> What {
        let call = CallContext::new(Asker::Operator, clock::now());
        let plugins = self.plugins.now();
        if plugins.hears(notifier) {
            let marked = plugins.mark(notifier, &call, address, handle, mark, note);
            match within(MARK_DEADLINE, marked).await {
                Some(Ok(())) => {}
                // A mark is a courtesy; many at once are more than the other side wants.
                Some(Err(error)) if error.is_retryable() => tracing::debug!(error = chain(&error), "no mark"),
                Some(Err(error)) => tracing::warn!(error = chain(&error), "a message was not marked"),
                None => tracing::warn!(%notifier, "a message was not marked in {MARK_DEADLINE:?}"),
            }
        }
        What::Done
    }

    pub(crate) async fn carry_out(&self, id: String, hash: String, yes: bool) -> What {
        let approver = self.desk.approver.clone();
        let asked = id.clone();
        let done = tokio::task::spawn_blocking(move || approver.answer(&asked, &hash, yes)).await;
        let error = done.map_err(|error| error.to_string()).and_then(|result| result).err();
        What::CarriedOut { id, error }
    }

    pub(crate) async fn interrupt(&self, session: SessionName) -> What {
        let escape = Key::Named("Escape".to_owned());
        match within(INTERRUPT_DEADLINE, self.sessions.send_key(&session, &escape)).await {
            Some(Ok(())) => {}
            Some(Err(error)) => tracing::warn!(error = chain(&error), %session, "Escape was not pressed"),
            None => tracing::warn!(%session, "Escape was not pressed in {INTERRUPT_DEADLINE:?}"),
        }
        What::Done
    }
}

/// For their owner only, and never through a link that somebody laid. What a try before a crash left is replaced.
fn write(folder: &Path, notes: &[NoteFile]) -> io::Result<()> {
    if notes.is_empty() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    for note in notes {
        match std::fs::remove_file(&note.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&note.path)?;
        file.write_all(note.text.as_bytes())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn files_for_sessions_are_private_and_follow_no_link() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("tmp");
        let victim = dir.path().join("victim");
        std::fs::write(&victim, "untouched").unwrap();
        std::fs::create_dir(&folder).unwrap();
        let path = folder.join("msg-1.txt");
        std::os::unix::fs::symlink(&victim, &path).unwrap();
        let note = NoteFile { path: path.clone(), text: "hello".into() };
        for _ in 0..2 {
            write(&folder, std::slice::from_ref(&note)).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&victim).unwrap(), "untouched");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "hello");
        assert_eq!(std::fs::symlink_metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
