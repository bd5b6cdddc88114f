//! A word after all expansions: one argument, as far as it is known.

/// One argument of a command.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Field {
    /// What is known only at run time stands as it is written.
    pub text: String,
    /// Known only at run time, in whole or in part.
    pub dynamic: bool,
    /// Has a pattern that the shell would expand.
    pub pattern: bool,
    /// It names what other commands print: `<(…)`.
    pub feed: Option<Box<Feed>>,
}

/// What other commands print.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Feed {
    pub commands: Vec<u32>,
    /// The text, where it is known.
    pub printed: Option<String>,
}

impl Field {
    pub(crate) fn known(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    pub(crate) fn unknown(text: impl Into<String>) -> Self {
        Self { text: text.into(), dynamic: true, ..Self::default() }
    }

    /// The text, if it is all that the argument will be.
    pub(crate) fn literal(&self) -> Option<&str> {
        (!self.dynamic && !self.pattern && self.feed.is_none()).then_some(self.text.as_str())
    }
}

/// The words in one text, as `eval` or `ssh` put them together.
pub(crate) fn joined(words: &[Field]) -> String {
    words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
}

/// The name of a program without its folder, where it is one of the usual folders.
pub(crate) fn program(text: &str) -> &str {
    const FOLDERS: [&str; 8] = [
        "/bin/",
        "/sbin/",
        "/usr/bin/",
        "/usr/sbin/",
        "/usr/local/bin/",
        "/usr/local/sbin/",
        "/opt/homebrew/bin/",
        "/usr/libexec/",
    ];
    let Some((_, name)) = text.rsplit_once('/') else { return text };
    // `/bin/../bin/rm` and `//bin/rm` are in the usual folders as well.
    let plain = crate::scope::absolute("/", text);
    let is_usual = text.starts_with('/') && FOLDERS.iter().any(|folder| plain == format!("{folder}{name}"));
    if is_usual { name } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_usual_folders_are_left_away() {
        assert_eq!(program("/bin/rm"), "rm");
        assert_eq!(program("//usr/./bin/../bin/rm"), "rm");
        assert_eq!(program("./rm"), "./rm");
        assert_eq!(program("/home/u/bin/rm"), "/home/u/bin/rm");
    }
}
