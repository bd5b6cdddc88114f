//! Tokens for the programs in sessions: each opens the API for one session, and for as long as that lives.
//! A gate has one as well, for as long as it is asked.
//!
//! A token is the session's id and a keyed hash of it, so that none has to be stored. The key lives in a file of its
//! own, because sessions outlive the host.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use instar_core::id::{RunId, SessionId};

use crate::config::Token;

#[derive(Clone)]
pub(crate) struct SessionTokens([u8; 32]);

const PREFIX: &str = "ists_";
const GATE_PREFIX: &str = "istg_";

impl SessionTokens {
    /// Reads the key, or makes one. A file that holds no key is replaced: the tokens of before are dead then.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let kept = match std::fs::read_to_string(path) {
            Ok(text) => blake3::Hash::from_hex(text.trim()).ok(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        if let Some(key) = kept {
            return Ok(Self(*key.as_bytes()));
        }
        let key = blake3::hash(Token::generate().reveal().as_bytes());
        let fresh = path.with_extension("new");
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
        file.write_all(key.to_hex().as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&fresh, path)?;
        Ok(Self(*key.as_bytes()))
    }

    pub(crate) fn token(&self, session: SessionId) -> String {
        format!("{PREFIX}{session}_{}", self.seal(session).to_hex())
    }

    /// The session that a token was made for; `None` for anything else.
    pub(crate) fn session(&self, token: &[u8]) -> Option<SessionId> {
        let (id, seal) = std::str::from_utf8(token).ok()?.strip_prefix(PREFIX)?.split_once('_')?;
        let id = id.parse().ok()?;
        // The equality of `blake3::Hash` takes constant time.
        (self.seal(id) == blake3::Hash::from_hex(seal).ok()?).then_some(id)
    }

    /// For the gate of a run.
    pub(crate) fn gate_token(&self, run: RunId) -> String {
        format!("{GATE_PREFIX}{run}_{}", self.gate_seal(run).to_hex())
    }

    /// The run for whose gate a token was made.
    pub(crate) fn gate(&self, token: &[u8]) -> Option<RunId> {
        let (id, seal) = std::str::from_utf8(token).ok()?.strip_prefix(GATE_PREFIX)?.split_once('_')?;
        let id = id.parse().ok()?;
        (self.gate_seal(id) == blake3::Hash::from_hex(seal).ok()?).then_some(id)
    }

    fn seal(&self, session: SessionId) -> blake3::Hash {
        blake3::keyed_hash(&self.0, session.to_string().as_bytes())
    }

    /// Another text than that of any session.
    fn gate_seal(&self, run: RunId) -> blake3::Hash {
        blake3::keyed_hash(&self.0, format!("gate {run}").as_bytes())
    }
}

/// It can make every token.
impl std::fmt::Debug for SessionTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionTokens(..)")
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_token_opens_for_its_own_session_also_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("session-tokens.key");
        let tokens = SessionTokens::open(&path).unwrap();
        let id: SessionId = "01890a5d-ac96-774b-bcce-b302099a8057".parse().unwrap();
        let other: SessionId = "01890a5d-ac96-774b-bcce-b302099a8058".parse().unwrap();
        let token = tokens.token(id);
        assert_eq!(SessionTokens::open(&path).unwrap().session(token.as_bytes()), Some(id));
        assert_eq!(tokens.session(token.replace("8057", "8058").as_bytes()), None, "{other}");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        for guess in ["", "ists_", "ists_x_y", &token[..token.len() - 1], "\u{fffd}"] {
            assert_eq!(tokens.session(guess.as_bytes()), None, "{guess:?}");
        }
    }

    #[test]
    fn the_token_of_a_gate_is_none_of_a_session() {
        let dir = tempfile::tempdir().unwrap();
        let tokens = SessionTokens::open(&dir.path().join("session-tokens.key")).unwrap();
        let run: RunId = "01890a5d-ac96-774b-bcce-b302099a8057".parse().unwrap();
        let token = tokens.gate_token(run);
        assert_eq!((tokens.gate(token.as_bytes()), tokens.session(token.as_bytes())), (Some(run), None));
        assert_eq!(tokens.session(token.replace(GATE_PREFIX, PREFIX).as_bytes()), None, "the seals must differ");
    }

    #[test]
    fn a_damaged_key_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("session-tokens.key");
        std::fs::write(&path, "not a key").unwrap();
        let id: SessionId = "01890a5d-ac96-774b-bcce-b302099a8057".parse().unwrap();
        let token = SessionTokens::open(&path).unwrap().token(id);
        assert_eq!(SessionTokens::open(&path).unwrap().session(token.as_bytes()), Some(id));
    }
}
