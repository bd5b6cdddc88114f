//! Commands in a text that is not understood: words between what usually separates commands.
//!
//! It errs on the side of too many, since what it finds is only looked at where the text is doubtful anyway.

use crate::field::Field;

const MOST_COMMANDS: usize = 1024;
const MOST_WORDS: usize = 256;
const LONGEST_WORD: usize = 4096;

/// The words of what may be commands.
pub(crate) fn commands(text: &str) -> Vec<Vec<Field>> {
    let separators = |c: char| matches!(c, ';' | '&' | '|' | '\n' | '(' | ')' | '`' | '\0' | '<' | '>');
    let text = text.replace("\\\n", "");
    let parts = text.split(separators).map(words).filter(|words| !words.is_empty());
    parts.take(MOST_COMMANDS).collect()
}

fn words(part: &str) -> Vec<Field> {
    const KEYWORDS: [&str; 12] =
        ["if", "then", "else", "elif", "do", "while", "until", "{", "}", "!", "time", "function"];
    let plain = part.split_whitespace().map(unquoted).filter(|word| !word.is_empty());
    let mut words: Vec<String> = plain.take(MOST_WORDS).collect();
    while words.first().is_some_and(|word| KEYWORDS.contains(&word.as_str())) {
        words.remove(0);
    }
    words.into_iter().map(field).collect()
}

fn unquoted(word: &str) -> String {
    word.chars().filter(|c| !matches!(c, '\'' | '"' | '\\' | '\0')).take(LONGEST_WORD).collect()
}

fn field(text: String) -> Field {
    let (dynamic, pattern) = (text.contains('$'), text.contains(['*', '?', '[']));
    Field { text, dynamic, pattern, feed: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_look_like_commands_are_found() {
        let found = commands("if (((\"rm\" -rf '/' ; then $(r\\m x");
        let texts: Vec<String> = found.iter().map(|words| crate::field::joined(words)).collect();
        assert_eq!(texts, ["rm -rf /", "$", "rm x"]);
    }
}
