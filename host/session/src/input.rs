//! Typing into a session: exactly the text that was given, then Enter.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use instar_core::id::{SessionId, SessionName};

use crate::crash::Found;
use crate::folder::FolderError;
use crate::process::Process;
use crate::sessions::{SessionError, Sessions, blocking};
use crate::tmux::TmuxError;
use crate::wrapper::LOOK;

/// Why a text cannot be typed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    #[error("the text holds the control character {letter:?} at position {position}: only tab and newline can be sent")]
    ControlCharacter { letter: char, position: usize },
}

/// Programs that read raw take an Enter that comes with the paste for a part of it.
pub(crate) const BEFORE_ENTER: Duration = Duration::from_millis(100);

impl Sessions {
    /// Types a text into a session's terminal, bracketed where the program asked for it, and Enter.
    ///
    /// A program that reads line by line gets at most 4095 bytes of a line: the kernel's limit, not ours.
    pub async fn send_text(&self, name: &SessionName, text: &str) -> Result<(), SessionError> {
        check_text(text)?;
        let (sessions, name, text) = (self.clone(), name.clone(), text.to_owned());
        // On its own, because a caller that goes away in between would leave half a message behind.
        let sending = tokio::spawn(async move { sessions.send(&name, &text).await });
        match sending.await {
            Ok(sent) => sent,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }

    /// Leaves a message that is typed when the program of a terminal session waits, behind those of smaller numbers.
    ///
    /// The first number is 1, and none may be left out. A number stands for one message: told again it changes
    /// nothing, so that whoever cannot know whether a message was taken may repeat it.
    pub async fn tell(&self, id: SessionId, number: u64, text: &str) -> Result<(), SessionError> {
        check_text(text)?;
        let folder = self.terminal_folder(id)?;
        let Found::Running(Process { handle: Some(wrapper), .. }) = self.survey(id).await else {
            return Err(SessionError::NotLive(id));
        };
        let is_over = folder.activity()?.is_some_and(|activity| activity.typed >= number);
        if is_over {
            return Ok(());
        }
        let (path, text) = (folder.path().to_owned(), text.to_owned());
        let put = blocking(move || folder.inbox().put(number, &text)).await;
        put.map_err(|source| FolderError::Write { path, source })?;
        wrapper.signal(LOOK).map_err(|source| SessionError::Signal { id, source })
    }

    async fn send(&self, name: &SessionName, text: &str) -> Result<(), SessionError> {
        let _turn = self.lane(name).lock().await;
        let target = format!("={}:", self.tmux_name(name));
        let told = |error: TmuxError| match error.is_no_session() {
            true => SessionError::NotRunning(name.clone()),
            false => SessionError::Tmux(error),
        };
        if !text.is_empty() {
            self.paste(&target, text).await.map_err(told)?;
            tokio::time::sleep(BEFORE_ENTER).await;
        }
        self.shared().tmux.call("send-keys", &["send-keys", "-t", &target, "Enter"], b"").await.map_err(told)?;
        Ok(())
    }

    /// By a buffer and by standard input, because an argument has a limit and a syntax.
    async fn paste(&self, target: &str, text: &str) -> Result<(), TmuxError> {
        let tmux = &self.shared().tmux;
        let buffer = unique_buffer();
        tmux.call("load-buffer", &["load-buffer", "-b", &buffer, "-"], text.as_bytes()).await?;
        let pasted =
            tmux.call("paste-buffer", &["paste-buffer", "-p", "-r", "-d", "-b", &buffer, "-t", target], b"").await;
        if pasted.is_err() {
            tmux.call("delete-buffer", &["delete-buffer", "-b", &buffer], b"").await.ok();
        }
        pasted.map(|_| ())
    }
}

/// Two hosts may feed one server, when one takes over from the other.
fn unique_buffer() -> String {
    static SENDS: AtomicU32 = AtomicU32::new(0);
    format!("instar-{}-{}", std::process::id(), SENDS.fetch_add(1, Ordering::Relaxed))
}

/// Whether a text can be typed as it is: a control character could end the bracket, or press a key that nobody meant.
pub fn check_text(text: &str) -> Result<(), InputError> {
    let is_refused = |letter: char| letter.is_control() && !matches!(letter, '\t' | '\n');
    match text.chars().enumerate().find(|(_, letter)| is_refused(*letter)) {
        Some((position, letter)) => Err(InputError::ControlCharacter { letter, position }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_refused_with_their_place() {
        let place = |text| check_text(text).map_err(|InputError::ControlCharacter { position, .. }| position);
        assert_eq!(place("é\x1b[201~"), Err(1));
        assert_eq!(place("\x03"), Err(0));
        assert_eq!(place("a\rb"), Err(1));
        assert_eq!(place("del\x7f"), Err(3));
        assert_eq!(place("c1\u{9b}"), Err(2));
        assert_eq!(place("a\tb\nc é 漢 🙂"), Ok(()));
    }
}
