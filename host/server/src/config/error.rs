//! Why the settings could not be read.

use std::io;
use std::path::PathBuf;

/// Each names the file, and the key where there is one. Values are never shown: one of them is the token.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("failed to read {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{} is larger than 4 MiB, which no settings should be", path.display())]
    TooLarge { path: PathBuf },
    #[error("{} is not valid JSON: {reason}", path.display())]
    Json { path: PathBuf, reason: String },
    #[error("`{key}` in {} must be {expected}", path.display())]
    Key { path: PathBuf, key: String, expected: &'static str },
}
