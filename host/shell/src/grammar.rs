//! From text to a tree, by `brush-parser`. Texts on which it would take for ever are refused before.

use brush_parser::ast::Program;
use brush_parser::{ParserOptions, SourceSpan, Token, TokenizerOptions};

use crate::LONGEST_TEXT;

/// The text is not understood; the commands in it have to be guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotUnderstood;

const DEEPEST: usize = 64;
const MOST_TOKENS: usize = 16_384;
/// A fault behind `d` open parentheses or `case`s makes the parser read the rest 2^d times.
const MOST_READ_AGAIN: usize = 1 << 18;

/// A parsed text: the tree, and how many words it has.
pub(crate) struct Parsed {
    pub program: Program,
    pub words: usize,
}

pub(crate) fn parse(text: &str) -> Result<Parsed, NotUnderstood> {
    if text.len() > LONGEST_TEXT || text.contains('\0') || nesting(text) > DEEPEST {
        return Err(NotUnderstood);
    }
    let options = ParserOptions::default();
    let tokens = brush_parser::uncached_tokenize_str(text, &TokenizerOptions::default()).map_err(|_| NotUnderstood)?;
    let words = tokens.len();
    let depth = backtracking_depth(&tokens);
    if words > MOST_TOKENS || depth > 18 || words << depth > MOST_READ_AGAIN {
        return Err(NotUnderstood);
    }
    let program = brush_parser::parse_tokens(&in_known_words(tokens), &options).map_err(|_| NotUnderstood)?;
    Ok(Parsed { program, words })
}

/// How deep brackets and compound commands nest at most, quotes not regarded: never less than in fact.
pub(crate) fn nesting(text: &str) -> usize {
    let (mut deepest, mut depth) = (0_usize, 0_usize);
    let mut open = |depth: &mut usize| {
        *depth += 1;
        deepest = deepest.max(*depth);
    };
    let mut ticks = false;
    for word in text.split_inclusive(|c: char| !c.is_ascii_alphanumeric()) {
        let last = word.as_bytes().last().copied().unwrap_or(0);
        match word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric()) {
            "if" | "case" | "do" => open(&mut depth),
            "fi" | "esac" | "done" => depth = depth.saturating_sub(1),
            _ => {}
        }
        match last {
            b'(' | b'{' | b'[' => open(&mut depth),
            b')' | b'}' | b']' => depth = depth.saturating_sub(1),
            b'`' if ticks => (ticks, depth) = (false, depth.saturating_sub(1)),
            b'`' => {
                ticks = true;
                open(&mut depth);
            }
            _ => {}
        }
    }
    deepest
}

/// How many parentheses and `case`s are open at once, at most.
fn backtracking_depth(tokens: &[Token]) -> usize {
    let (mut deepest, mut brackets, mut cases) = (0_usize, 0_usize, 0_usize);
    for token in tokens {
        match token {
            Token::Operator(operator, _) if operator == "(" => brackets += 1,
            // The bracket behind a pattern of a `case` closes nothing.
            Token::Operator(operator, _) if operator == ")" => brackets = brackets.saturating_sub(1),
            Token::Word(word, _) if word == "case" => cases += 1,
            Token::Word(word, _) if word == "esac" => cases = cases.saturating_sub(1),
            Token::Operator(..) | Token::Word(..) => {}
        }
        deepest = deepest.max(brackets + cases);
    }
    deepest
}

/// The parser has no `select`, which is a `for` that asks.
fn in_known_words(mut tokens: Vec<Token>) -> Vec<Token> {
    for index in 0..tokens.len() {
        let begins = index == 0 || matches!(&tokens[index - 1], Token::Operator(..));
        let has_list = matches!(tokens.get(index + 2), Some(Token::Word(word, _)) if word == "in");
        if let Token::Word(word, _) = &mut tokens[index]
            && begins
            && has_list
            && word == "select"
        {
            "for".clone_into(word);
        }
    }
    tokens
}

/// From the parser's positions, which count characters, to bytes.
pub(crate) struct Places {
    /// The byte of each character; empty where both are the same.
    bytes: Vec<u32>,
    length: u32,
}

impl Places {
    pub(crate) fn of(text: &str) -> Self {
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        let bytes = if text.is_ascii() {
            Vec::new()
        } else {
            text.char_indices().map(|(byte, _)| u32::try_from(byte).unwrap_or(u32::MAX)).collect()
        };
        Self { bytes, length }
    }

    pub(crate) fn span(&self, span: &SourceSpan) -> instar_core::command::Span {
        let (start, end) = (self.byte(span.start.index), self.byte(span.end.index));
        instar_core::command::Span { start, end: end.max(start) }
    }

    pub(crate) fn whole(&self) -> instar_core::command::Span {
        instar_core::command::Span { start: 0, end: self.length }
    }

    fn byte(&self, character: usize) -> u32 {
        let same = u32::try_from(character).unwrap_or(u32::MAX);
        let byte = if self.bytes.is_empty() { same } else { self.bytes.get(character).copied().unwrap_or(self.length) };
        byte.min(self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_take_for_ever_is_refused() {
        for open in ["(", "((", "case x in a) ", "{ ", "if x; then ", "$(", "`", "${a:-", "[[ ( ", "x=$((", "a=("] {
            for depth in [1, 5, 13, 40, 500] {
                let _ = parse(&open.repeat(depth));
                let _ = parse(&format!("{}fi {}", open.repeat(depth), ") esac } ".repeat(depth)));
            }
        }
        assert!(parse(&"x;".repeat(LONGEST_TEXT)).is_err());
        assert!(parse("a\0b").is_err());
    }

    #[test]
    fn nested_commands_of_a_sane_depth_are_understood() {
        assert!(parse(&format!("{}x{}", "( ".repeat(10), " )".repeat(10))).is_ok());
        assert!(parse("select x in a b; do break; done").is_ok());
        assert!(parse("git commit -m \"$(cat <<'EOF'\nDon't (do\nEOF\n)\"").is_ok());
    }

    #[test]
    fn places_are_bytes() {
        let text = "é; rm x";
        let tokens = brush_parser::uncached_tokenize_str(text, &TokenizerOptions::default()).unwrap();
        let span = Places::of(text).span(tokens[2].location());
        assert_eq!(&text[span.start as usize..span.end as usize], "rm");
    }
}
