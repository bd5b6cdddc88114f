//! Which commands a manifest names: word by word, in a form that a person reads in one way.
//!
//! A word stands for itself. In a word `*` is one or more characters but `/`, and `**` any; `...` as the last word is
//! any number of further words. None of them makes a word that begins with `-`, so that no pattern lets in an option
//! that it does not show, and none a way out of a folder by `..`.

use std::fmt;

use serde::Deserialize;

/// The last word of a pattern that leaves the rest open.
const REST: &str = "...";
pub(crate) const MOST_WORDS: usize = 64;
pub(crate) const LONGEST_WORD: usize = 200;

/// Programs that run what their words say: which of them, only the whole pattern can tell.
const CARRIERS: [&str; 40] = [
    "sh", "bash", "dash", "zsh", "fish", "ksh", "busybox", "env", "xargs", "sudo", "doas", "su", "nice", "nohup",
    "time", "timeout", "setsid", "stdbuf", "watch", "ssh", "find", "awk", "gawk", "sed", "make", "just", "npm", "npx",
    "node", "deno", "bun", "perl", "ruby", "php", "lua", "docker", "podman", "kubectl", "git", "cargo",
];

/// A program and its words.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(crate) struct CommandPattern(Vec<String>);

impl CommandPattern {
    /// Why nobody should consent to it.
    pub(crate) fn check(&self) -> Result<(), String> {
        let Some((program, words)) = self.0.split_first() else {
            return Err("a command of `capability.process` has no words".to_owned());
        };
        let is_readable = |word: &String| {
            (1..=LONGEST_WORD).contains(&word.len()) && word.bytes().all(|byte| (0x20..=0x7e).contains(&byte))
        };
        if self.0.len() > MOST_WORDS || !self.0.iter().all(is_readable) {
            return Err(format!(
                "a command of `capability.process` has at most {MOST_WORDS} words, each of 1 to {LONGEST_WORD} printable ASCII characters"
            ));
        }
        if !is_program(program) {
            return Err(format!("{program:?} is neither the name of a program nor an absolute path to one"));
        }
        if words.iter().rev().skip(1).any(|word| word == REST) {
            return Err(format!("`{REST}` stands for further words, and only at the end of a command"));
        }
        match words.iter().find(|word| word.contains("***")) {
            Some(word) => Err(format!("{word:?} has more than two `*` in a row")),
            None => Ok(()),
        }
    }

    pub(crate) fn program(&self) -> &str {
        self.0.first().map_or("", String::as_str)
    }

    /// Whether exactly this command is meant.
    pub(crate) fn fits(&self, argv: &[String]) -> bool {
        let (patterns, has_rest) = match self.0.split_last() {
            Some((last, words)) if last == REST => (words, true),
            _ => (self.0.as_slice(), false),
        };
        let (Some(named), Some(program)) = (patterns.first(), argv.first()) else { return false };
        if named != program || argv.len() < patterns.len() || (argv.len() > patterns.len() && !has_rest) {
            return false;
        }
        let words = patterns.iter().zip(argv).skip(1).all(|(pattern, word)| is_word(pattern, word));
        words && argv[patterns.len()..].iter().all(|word| is_word("**", word) && !word.is_empty())
    }

    /// Whether it leaves a word open.
    pub(crate) fn is_open(&self) -> bool {
        self.0.iter().any(|word| word == REST || word.contains('*'))
    }

    /// Whether what is left open, or what it reads where nothing tells it what to run, may be any other command.
    pub(crate) fn carries_others(&self) -> bool {
        let name = self.program().rsplit('/').next().unwrap_or_default();
        let is_python =
            name.strip_prefix("python").is_some_and(|version| version.bytes().all(|it| b".0123456789".contains(&it)));
        let says_what = self.0.iter().skip(1).any(|word| !word.starts_with('-'));
        (self.is_open() || !says_what) && (is_python || CARRIERS.contains(&name))
    }
}

/// As one would type it, so that the words can be told apart.
impl fmt::Display for CommandPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, word) in self.0.iter().enumerate() {
            let gap = if index == 0 { "" } else { " " };
            let is_plain = word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"*-_./=:,@+%".contains(&byte));
            match is_plain {
                true => write!(f, "{gap}{word}")?,
                false => write!(f, "{gap}'{}'", word.replace('\'', "'\\''"))?,
            }
        }
        Ok(())
    }
}

/// A name, or a path that says straight where the program is.
pub(crate) fn is_program(word: &str) -> bool {
    let fine = |part: &str| {
        let byte = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.+".contains(&byte);
        !part.is_empty() && part != "." && part != ".." && part != REST && part.bytes().all(byte)
    };
    match word.strip_prefix('/') {
        Some(path) => path.split('/').all(fine),
        None => !word.starts_with('-') && fine(word),
    }
}

fn is_word(pattern: &str, word: &str) -> bool {
    if !pattern.contains('*') {
        return pattern == word;
    }
    let is_hidden_option = word.starts_with('-') && !pattern.starts_with('-');
    // Whatever a program takes for the beginning of a path, behind an option or a list.
    let climbs = word.split(['/', '=', ':', ',']).any(|part| part == "..");
    !is_hidden_option && !climbs && stars(pattern.as_bytes(), word.as_bytes())
}

/// Byte by byte, all ways at once, so that no pattern takes longer than its length times that of the word.
fn stars(pattern: &[u8], word: &[u8]) -> bool {
    // `ways[n]` tells whether what was read of the pattern fits the first n bytes of the word.
    let mut ways = vec![false; word.len() + 1];
    ways[0] = true;
    let mut rest = pattern;
    while let Some((first, behind)) = rest.split_first() {
        let mut next = vec![false; word.len() + 1];
        match (*first, behind) {
            (b'*', [b'*', behind @ ..]) => {
                let mut reached = false;
                for (place, way) in ways.iter().enumerate() {
                    reached |= *way;
                    next[place] = reached;
                }
                rest = behind;
            }
            (b'*', behind) => {
                for place in 1..=word.len() {
                    next[place] = word[place - 1] != b'/' && (ways[place - 1] || next[place - 1]);
                }
                rest = behind;
            }
            (byte, behind) => {
                for place in 1..=word.len() {
                    next[place] = ways[place - 1] && word[place - 1] == byte;
                }
                rest = behind;
            }
        }
        ways = next;
    }
    ways[word.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(words: &[&str]) -> CommandPattern {
        CommandPattern(words.iter().map(|word| (*word).to_owned()).collect())
    }

    #[track_caller]
    fn check(words: &[&str], fitting: &[&[&str]], others: &[&[&str]]) {
        let pattern = pattern(words);
        assert_eq!(pattern.check(), Ok(()), "{pattern}");
        let fits = |argv: &[&str]| pattern.fits(&argv.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        fitting.iter().for_each(|argv| assert!(fits(argv), "{pattern} does not take {argv:?}"));
        others.iter().for_each(|argv| assert!(!fits(argv), "{pattern} takes {argv:?}"));
    }

    #[test]
    fn a_word_stands_for_itself_and_a_program_is_named_whole() {
        check(
            &["git", "status"],
            &[&["git", "status"]],
            &[
                &["git"],
                &["git", "status", "-v"],
                &["/tmp/git", "status"],
                &["git", "status "],
                &["Git", "status"],
                &[],
            ],
        );
        check(
            &["/usr/bin/git", "log"],
            &[&["/usr/bin/git", "log"]],
            &[&["git", "log"], &["/usr/bin/../bin/git", "log"]],
        );
        check(
            &["x", "a*b", "**"],
            &[&["x", "aab", ""], &["x", "a*b", "c d/e\nf"]],
            &[&["x", "ab", "c"], &["x", "a/b", "c"]],
        );
    }

    #[test]
    fn no_pattern_lets_an_option_in_that_it_does_not_show() {
        check(&["git", "log", "*"], &[&["git", "log", "main"]], &[&["git", "log", "--output=x"], &["git", "log", "-"]]);
        check(&["git", "log", "**"], &[&["git", "log", "a/b"]], &[&["git", "log", "-p"]]);
        check(
            &["git", "log", "..."],
            &[&["git", "log"], &["git", "log", "a", "b/c"]],
            &[&["git", "log", "a", "--output=x"], &["git", "log", "a", ""], &["git", "--exec-path=x", "log"]],
        );
        check(
            &["git", "log", "--max-count=*"],
            &[&["git", "log", "--max-count=5"]],
            &[&["git", "log", "--max-count="]],
        );
        check(&["tail", "-*"], &[&["tail", "-n5"]], &[&["tail", "x"]]);
    }

    #[test]
    fn no_pattern_leads_out_of_a_folder() {
        check(
            &["cat", "notes/**"],
            &[&["cat", "notes/a/b"], &["cat", "notes/a..b"]],
            &[&["cat", "notes/../x"], &["cat", "notes/a/.."], &["cat", "/notes/a"]],
        );
        check(&["tool", "--file=*"], &[&["tool", "--file=a"]], &[&["tool", "--file=.."], &["tool", "--file=a:.."]]);
        check(&["cat", "..."], &[&["cat", "/etc/hosts"]], &[&["cat", "../x"], &["cat", "a", "b/../../c"]]);
        check(&["git", "log", "*"], &[&["git", "log", "a..b"]], &[]);
    }

    #[test]
    fn a_long_word_takes_no_long_time() {
        let word = "a".repeat(20_000);
        check(&["x", "*a*a*a*a*a*a*a*a*b"], &[], &[&["x", &word]]);
    }

    #[test]
    fn what_nobody_could_read_is_refused() {
        let refused = |words: &[&str]| pattern(words).check().unwrap_err();
        for program in ["*", "./a", "a/b", "-x", "/a/../b", "/a//b", "...", "a b", "", "g\u{456}t", "a$b"] {
            refused(&[program]);
        }
        assert!(refused(&["git", "...", "x"]).contains("at the end"));
        assert!(refused(&["git", "a\u{202e}b"]).contains("printable"));
        assert!(refused(&["git", "a\nb"]).contains("printable"));
        assert!(refused(&["git", "***"]).contains("in a row"));
        assert!(refused(&[]).contains("no words"));
    }

    #[test]
    fn it_is_shown_word_by_word() {
        assert_eq!(
            pattern(&["git", "log", "--format=%h %s", "it's", "..."]).to_string(),
            "git log '--format=%h %s' 'it'\\''s' ..."
        );
        assert!(pattern(&["/bin/sh", "-c", "*"]).carries_others() && pattern(&["python3.12", "..."]).carries_others());
        assert!(pattern(&["sh", "-s"]).carries_others() && pattern(&["python3"]).carries_others());
        assert!(!pattern(&["sh", "-c", "true"]).carries_others() && !pattern(&["ls", "..."]).carries_others());
    }
}
