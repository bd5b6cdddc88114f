//! How services write marks, and what they must not take for one.

use super::Mark;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// What Slack calls mrkdwn: one star is bold, links stand in angle brackets.
    Slack,
    /// As Discord, Mattermost, ntfy and Gotify read it.
    Markdown,
}

/// A character without width: what it parts is not taken for one mark.
const GAP: char = '\u{200b}';

impl Dialect {
    pub(super) fn opening(self, mark: &Mark) -> String {
        match (mark, self) {
            (Mark::Link(url), Self::Slack) => format!("<{}|", url.replace('&', "&amp;").replace(['<', '>', '|'], "")),
            (Mark::Link(_), Self::Markdown) => "[".to_owned(),
            _ => self.closing(mark),
        }
    }

    pub(super) fn closing(self, mark: &Mark) -> String {
        let mark = match (mark, self) {
            (Mark::Bold, Self::Slack) => "*",
            (Mark::Bold, Self::Markdown) => "**",
            (Mark::Italic, Self::Slack) => "_",
            (Mark::Italic, Self::Markdown) => "*",
            (Mark::Strike, Self::Slack) => "~",
            (Mark::Strike, Self::Markdown) => "~~",
            (Mark::Code, _) => "`",
            (Mark::Link(_), Self::Slack) => ">",
            (Mark::Link(url), Self::Markdown) => {
                return format!("]({})", url.replace('(', "%28").replace(')', "%29"));
            }
        };
        mark.to_owned()
    }

    pub(super) fn heading(self, level: usize) -> String {
        match self {
            Self::Slack => String::new(),
            Self::Markdown => format!("{} ", "#".repeat(level.clamp(1, 3))),
        }
    }

    pub(super) fn bullet(self) -> &'static str {
        match self {
            Self::Slack => "• ",
            Self::Markdown => "- ",
        }
    }

    pub(super) fn fence(self, language: &str) -> String {
        match self {
            Self::Slack => "```\n".to_owned(),
            Self::Markdown => format!("```{language}\n"),
        }
    }

    /// Text in a fence or between backticks, where nothing is a mark but what ends it.
    pub(super) fn code(self, text: &str, in_fence: bool) -> String {
        let text = if in_fence { text.replace("```", "``\u{200b}`") } else { text.replace('`', "ˋ") };
        match self {
            Self::Slack => without_brackets(&text),
            Self::Markdown => text,
        }
    }

    /// A word or white space, which must not be taken for a mark.
    pub(super) fn word(self, word: &str, begins_line: bool) -> String {
        match self {
            Self::Slack => without_brackets(word),
            Self::Markdown => escaped(word, begins_line),
        }
    }

    /// What stands between a mark and a word that would hide it, or between two marks that would become one.
    pub(super) fn between(self, before: Option<char>, closes: bool, opens: bool, next: Option<char>) -> Option<char> {
        let is_word = |character: Option<char>| character.is_some_and(char::is_alphanumeric);
        let touches = self == Self::Slack && ((opens && is_word(before)) || (closes && is_word(next)));
        ((opens && closes) || touches).then_some(GAP)
    }
}

/// Slack's own way: it makes no marks of these three then.
fn without_brackets(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn escaped(word: &str, begins_line: bool) -> String {
    if word.contains("://") {
        return word.to_owned();
    }
    let is_number = |word: &str| word.strip_suffix('.').is_some_and(|it| it.bytes().all(|byte| byte.is_ascii_digit()));
    if begins_line && is_number(word) {
        return format!("{}\\.", &word[..word.len() - 1]);
    }
    let begins_block = matches!(word, "#" | "##" | "###" | "-" | "+" | "-#") || word.starts_with('>');
    let mut escaped = if begins_line && begins_block { "\\".to_owned() } else { String::new() };
    let last = word.len() - 1;
    for (at, character) in word.char_indices() {
        let is_mark = match character {
            '\\' | '*' | '`' | '<' => true,
            // Within a word it is none, and names of code are full of them.
            '_' => at == 0 || at == last,
            '~' | '|' => word[at..].starts_with([character; 2].as_slice()) || word[..at].ends_with(character),
            '[' => word.contains("]("),
            _ => false,
        };
        if is_mark {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}
