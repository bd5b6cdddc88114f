//! Identities: one newtype per noun, each with one parsing constructor.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Why a text is not a valid identity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {text:?} {rule}")]
pub struct IdError {
    what: &'static str,
    text: String,
    rule: &'static str,
}

/// Where new identities come from: values handed in, so that a decision can be replayed.
///
/// `nonce` is fresh randomness for each input; `minted` counts what this input has used.
#[derive(Debug)]
pub struct Ids {
    now: Timestamp,
    nonce: u64,
    minted: u16,
}

impl Ids {
    pub fn new(now: Timestamp, nonce: u64) -> Self {
        Self { now, nonce, minted: 0 }
    }

    /// A UUID of version 7: sortable by time, unique by the nonce and the count.
    fn next(&mut self) -> Uuid {
        let mut random = [0; 10];
        random[..2].copy_from_slice(&self.minted.to_be_bytes());
        random[2..].copy_from_slice(&self.nonce.to_be_bytes());
        self.minted = self.minted.wrapping_add(1);
        let millis = u64::try_from(self.now.as_millisecond()).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }

    pub fn run(&mut self) -> RunId {
        RunId(self.next())
    }

    pub fn session(&mut self) -> SessionId {
        SessionId(self.next())
    }

    pub fn notice(&mut self) -> NoticeId {
        NoticeId(self.next())
    }
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                let refused = || IdError { what: $what, text: shortened(text), rule: "is not a UUID" };
                Uuid::try_parse(text).map(Self).map_err(|_| refused())
            }
        }
    };
}

uuid_id!(
    /// One attempt at a job.
    RunId, "run id"
);
impl RunId {
    /// Before all others, as a bound of ranges.
    pub(crate) const MIN: Self = Self(Uuid::nil());

    /// A number that is as good as thrown, and always the same for one run.
    pub(crate) fn chance(self) -> u64 {
        // The lower bits are the nonce of the input that made it; neighbours are pulled apart.
        (self.0.as_u64_pair().1 & (u64::MAX >> 2)).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33
    }
}

uuid_id!(
    /// One tmux session.
    SessionId, "session id"
);
uuid_id!(
    /// One thing that people are told.
    NoticeId, "notice id"
);

macro_rules! name_id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $valid:ident, $rule:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                if $valid(text) {
                    return Ok(Self(text.into()));
                }
                Err(IdError { what: $what, text: shortened(text), rule: $rule })
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0.as_ref().to_owned()
            }
        }
    };
}

name_id!(
    /// The name of a job, unique in its jobs file.
    JobSlug, "slug", is_slug,
    "must be 1 to 100 letters, digits, `-` or `_`, and not a name that JavaScript reserves"
);
name_id!(
    /// The name that addresses a session everywhere: API, CLI, tmux.
    SessionName, "session name", is_session_name,
    "must be 1 to 200 letters, digits, `-` or `_`"
);
name_id!(
    /// The id of a plugin, as its manifest states it.
    PluginId, "plugin id", is_plugin_id,
    "must be 1 to 100 lower-case letters, digits, `-` or `.`, and begin with a letter"
);

fn is_word(text: &str, longest: usize) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=longest).contains(&text.len()) && text.bytes().all(allowed)
}

/// `__proto__` and its kin are refused because scripts and dashboards use slugs as keys of objects.
fn is_slug(text: &str) -> bool {
    is_word(text, 100) && !matches!(text, "__proto__" | "constructor" | "prototype")
}

fn is_session_name(text: &str) -> bool {
    is_word(text, 200)
}

fn is_plugin_id(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'.';
    (1..=100).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(allowed)
}

/// Error messages quote what was given, but never a megabyte of it.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_one_input_differ_and_replay_the_same() {
        let mint = || {
            let mut ids = Ids::new(Timestamp::UNIX_EPOCH, 7);
            [ids.run(), ids.run()]
        };
        assert_ne!(mint()[0], mint()[1]);
        assert_eq!(mint(), mint());
    }

    #[test]
    fn slugs_that_are_no_slugs_are_refused() {
        for text in ["", "a b", "a/b", "../x", "__proto__", "constructor", "é", &"x".repeat(101)] {
            assert!(text.parse::<JobSlug>().is_err(), "{text:?} was taken");
        }
        assert!("check-emails".parse::<JobSlug>().is_ok());
    }
}
