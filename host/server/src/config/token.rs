//! The secret that opens the API on TCP. It can be compared and written to its file, but not printed by accident.

use std::fmt;

/// A bearer token: visible ASCII, because it travels in a header.
#[derive(Clone)]
pub(crate) struct Token(String);

impl Token {
    /// `None` for a text that no header can carry.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let can_travel = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        can_travel.then(|| Self(text.to_owned()))
    }

    /// A fresh one of 256 random bits, for `init`.
    pub(crate) fn generate() -> Self {
        let parts = [uuid::Uuid::new_v4(), uuid::Uuid::new_v4(), uuid::Uuid::new_v4()];
        let mut hasher = blake3::Hasher::new();
        for part in parts {
            hasher.update(part.as_bytes());
        }
        Self(hasher.finalize().to_hex().to_string())
    }

    /// The secret itself: for the settings file and for a client's header.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }

    /// Compares without telling by the time it takes how much of a guess was right.
    pub(crate) fn is(&self, guess: &[u8]) -> bool {
        // The equality of `blake3::Hash` takes constant time.
        blake3::hash(self.0.as_bytes()) == blake3::hash(guess)
    }
}

impl PartialEq for Token {
    fn eq(&self, other: &Self) -> bool {
        self.is(other.0.as_bytes())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_never_printed() {
        let token = Token::new("s3cret").unwrap();
        assert_eq!(format!("{token:?}"), "Token(…)");
    }

    #[test]
    fn only_the_same_token_is_the_token() {
        let token = Token::new("s3cret").unwrap();
        assert!(token.is(b"s3cret"));
        for guess in ["", "s3cre", "s3cret ", "S3CRET", "s3cret0"] {
            assert!(!token.is(guess.as_bytes()), "{guess:?}");
        }
    }

    #[test]
    fn texts_that_no_header_carries_are_no_tokens() {
        for text in ["", "a b", "é", "a\n"] {
            assert!(Token::new(text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn generated_tokens_are_long_and_differ() {
        let (one, other) = (Token::generate(), Token::generate());
        assert_eq!(one.reveal().len(), 64);
        assert_ne!(one, other);
    }
}
