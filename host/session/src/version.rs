//! Which versions of tmux will do.

/// The first version with every option and flag that is used here.
const OLDEST: (u32, u32) = (3, 2);

/// Why a tmux will not do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VersionError {
    #[error("tmux {found} is too old: instar needs 3.2 or later, from your package manager or github.com/tmux/tmux")]
    TooOld { found: String },
    #[error("{answer:?} is not what `tmux -V` answers: set `sessions.tmuxPath` to a tmux of 3.2 or later")]
    Unknown { answer: String },
}

/// Judges what `tmux -V` answered; a build from the source tree (`tmux master`) is taken as new.
pub(crate) fn judge(answer: &str) -> Result<(), VersionError> {
    let unknown = || VersionError::Unknown { answer: answer.trim().to_owned() };
    let found = answer.trim().strip_prefix("tmux ").ok_or_else(unknown)?;
    if found == "master" {
        return Ok(());
    }
    // `next-3.6` and `openbsd-7.4` carry a word before the number; OpenBSD counts its own releases.
    if found.starts_with("openbsd-") {
        return Ok(());
    }
    let number = found.strip_prefix("next-").unwrap_or(found);
    let (major, rest) = number.split_once('.').ok_or_else(unknown)?;
    let minor: String = rest.chars().take_while(char::is_ascii_digit).collect();
    let version: (u32, u32) = (major.parse().map_err(|_| unknown())?, minor.parse().map_err(|_| unknown())?);
    if version < OLDEST {
        return Err(VersionError::TooOld { found: found.to_owned() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_tmux_writes_them() {
        for fine in ["tmux 3.2", "tmux 3.3a\n", "tmux 3.10", "tmux next-3.6", "tmux master", "tmux openbsd-7.4"] {
            assert_eq!(judge(fine), Ok(()), "{fine:?}");
        }
        for old in ["tmux 3.1c", "tmux 2.9", "tmux 1.8"] {
            assert!(matches!(judge(old), Err(VersionError::TooOld { .. })), "{old:?}");
        }
        for odd in ["", "screen 4.0", "tmux", "tmux x.y"] {
            assert!(matches!(judge(odd), Err(VersionError::Unknown { .. })), "{odd:?}");
        }
    }
}
