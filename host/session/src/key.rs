//! Pressing one key in a session: a few names of tmux, and single characters.

use instar_core::id::SessionName;

use crate::sessions::{SessionError, Sessions};
use crate::tmux::TmuxError;

/// A key that may be pressed. Everything else that tmux has a name for stays out of reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// As tmux names it.
    Named(String),
    /// Typed as it stands.
    Character(char),
}

/// Why a text names no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no key: use {names}, C-a to C-z or a single character", names = NAMES.join(", "))]
pub struct KeyError(String);

const NAMES: [&str; 7] = ["Enter", "Escape", "Tab", "Up", "Down", "Left", "Right"];
/// More of a wrong name is not repeated.
const LONGEST_SHOWN: usize = 40;

impl std::str::FromStr for Key {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let mut letters = text.chars();
        if let (Some(letter), None) = (letters.next(), letters.next())
            && !letter.is_control()
        {
            return Ok(Self::Character(letter));
        }
        let is_control = matches!(text.as_bytes(), [b'C', b'-', b'a'..=b'z']);
        if is_control || NAMES.contains(&text) {
            return Ok(Self::Named(text.to_owned()));
        }
        let shown = text.chars().filter(|letter| !letter.is_control()).take(LONGEST_SHOWN).collect();
        Err(KeyError(shown))
    }
}

impl Sessions {
    /// Presses a key in a session's terminal, and no Enter after it.
    pub async fn send_key(&self, name: &SessionName, key: &Key) -> Result<(), SessionError> {
        let _turn = self.lane(name).lock().await;
        let target = format!("={}:", self.tmux_name(name));
        let character;
        let press = match key {
            Key::Named(named) => ["send-keys", "-t", &target, "--", named].to_vec(),
            Key::Character(letter) => {
                // tmux reads a `;` at the end of an argument as the end of a command.
                character = if *letter == ';' { "\\;".to_owned() } else { letter.to_string() };
                ["send-keys", "-l", "-t", &target, "--", &character].to_vec()
            }
        };
        let told = |error: TmuxError| match error.is_no_session() {
            true => SessionError::NotRunning(name.clone()),
            false => SessionError::Tmux(error),
        };
        self.shared().tmux.call("send-keys", &press, b"").await.map_err(told)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_keys_of_the_list_can_be_pressed() {
        for text in ["Enter", "Escape", "Tab", "Up", "Down", "Left", "Right", "C-a", "C-z"] {
            assert_eq!(text.parse(), Ok(Key::Named(text.to_owned())));
        }
        for text in ["y", ";", "-", "é", " ", "🙂"] {
            assert_eq!(text.parse(), Ok(Key::Character(text.chars().next().unwrap())));
        }
        for text in ["", "C-A", "C-", "C-aa", "M-x", "enter", "F1", "\u{1b}", "\n", "-X", "Enter ", "C-[", "ab"] {
            assert!(text.parse::<Key>().is_err(), "{text:?}");
        }
    }
}
