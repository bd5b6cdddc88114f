//! The pieces of one word as it is written: text, quotes, expansions. One pass, whatever the word is like.

use crate::close::{Open, ansi_end, close};
use crate::escapes;

/// A piece of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece<'a> {
    pub kind: Kind<'a>,
    /// Inside quotes: it is neither split nor expanded as a pattern.
    pub quoted: bool,
    /// As it is written.
    pub raw: &'a str,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind<'a> {
    Text(String),
    /// `$x` or `${…}`, without the `$` and the braces.
    Parameter(&'a str),
    /// `$(…)` or backticks: the text to run.
    Command(String),
    /// `$((…))` or `$[…]`: the expression.
    Arithmetic(&'a str),
    /// `~name` at the beginning.
    Tilde(&'a str),
    /// A quoted part that is empty: it makes a word of nothing.
    Nothing,
}

/// In which surroundings the text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Word,
    /// Between double quotes, or a here-document: only `$`, backticks and some backslashes count.
    Quoted,
}

/// The pieces of a word; none if a quote or bracket is not closed.
pub(crate) fn pieces(raw: &str, mode: Mode) -> Option<Vec<Piece<'_>>> {
    let mut reader = Reader { raw, at: 0, pieces: Vec::new() };
    match mode {
        Mode::Word => reader.word()?,
        Mode::Quoted => reader.quoted(raw.len(), true)?,
    }
    Some(reader.pieces)
}

struct Reader<'a> {
    raw: &'a str,
    at: usize,
    pieces: Vec<Piece<'a>>,
}

impl<'a> Reader<'a> {
    fn byte(&self, ahead: usize) -> u8 {
        self.raw.as_bytes().get(self.at + ahead).copied().unwrap_or(0)
    }

    fn text(&mut self, start: usize, text: &str, quoted: bool) {
        let raw = &self.raw[start..self.at];
        self.pieces.push(Piece { kind: Kind::Text(text.to_owned()), quoted, raw });
    }

    fn word(&mut self) -> Option<()> {
        self.tilde();
        while self.at < self.raw.len() {
            let start = self.at;
            match self.byte(0) {
                b'\\' => self.escape(),
                b'\'' => {
                    let end = self.find(b'\'', self.at + 1)?;
                    self.at = end + 1;
                    self.text(start, &self.raw[start + 1..end], true);
                }
                b'"' => self.double_quotes()?,
                b'$' if self.byte(1) == b'\'' => {
                    let end = ansi_end(self.raw, self.at + 2)?;
                    self.at = end + 1;
                    self.text(start, &escapes::resolved(&self.raw[start + 2..end]), true);
                }
                b'$' if self.byte(1) == b'"' => {
                    self.at += 1;
                    self.double_quotes()?;
                }
                b'$' | b'`' => self.expansion(false)?,
                _ => {
                    let is_plain = |c: char| !matches!(c, '\\' | '\'' | '"' | '$' | '`');
                    let rest = &self.raw[self.at..];
                    self.at += rest.find(|c| !is_plain(c)).unwrap_or(rest.len());
                    self.text(start, &self.raw[start..self.at], false);
                }
            }
        }
        Some(())
    }

    fn tilde(&mut self) {
        if self.byte(0) != b'~' {
            return;
        }
        let end = self.raw.find('/').unwrap_or(self.raw.len());
        let name = &self.raw[1..end];
        if name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+')) {
            self.at = end;
            self.pieces.push(Piece { kind: Kind::Tilde(name), quoted: false, raw: &self.raw[..end] });
        }
    }

    /// A backslash outside of quotes. One at the end of a line joins it with the next one.
    fn escape(&mut self) {
        let start = self.at;
        let Some(c) = self.raw[self.at + 1..].chars().next() else {
            self.at += 1;
            return self.text(start, "\\", true);
        };
        self.at += 1 + c.len_utf8();
        if c != '\n' {
            self.text(start, c.encode_utf8(&mut [0; 4]), true);
        }
    }

    fn double_quotes(&mut self) -> Option<()> {
        let start = self.at;
        let end = close(self.raw, self.at + 1, Open::Double)?;
        self.at += 1;
        let before = self.pieces.len();
        self.quoted(end, false)?;
        self.at = end + 1;
        if self.pieces.len() == before {
            self.pieces.push(Piece { kind: Kind::Nothing, quoted: true, raw: &self.raw[start..self.at] });
        }
        Some(())
    }

    /// Up to `end`, as between double quotes. In a here-document a `"` is a letter as any.
    fn quoted(&mut self, end: usize, is_document: bool) -> Option<()> {
        while self.at < end {
            let start = self.at;
            match self.byte(0) {
                b'\\' => {
                    let next = self.byte(1);
                    let counts = matches!(next, b'$' | b'`' | b'\\' | b'\n') || (next == b'"' && !is_document);
                    self.at += if counts { 2 } else { 1 };
                    match next {
                        b'\n' => {}
                        _ if counts => self.text(start, &self.raw[start + 1..start + 2], true),
                        _ => self.text(start, "\\", true),
                    }
                }
                b'$' | b'`' => self.expansion(true)?,
                _ => {
                    let rest = &self.raw[self.at..end];
                    self.at += rest.find(['\\', '$', '`']).unwrap_or(rest.len());
                    self.text(start, &self.raw[start..self.at], true);
                }
            }
        }
        Some(())
    }

    fn expansion(&mut self, quoted: bool) -> Option<()> {
        let start = self.at;
        let (kind, end) = self.expansion_at(start)?;
        self.at = end;
        self.pieces.push(Piece { kind, quoted, raw: &self.raw[start..end] });
        Some(())
    }

    fn expansion_at(&self, start: usize) -> Option<(Kind<'a>, usize)> {
        let raw = self.raw;
        let inside = |from: usize, open: Open| close(raw, from, open).map(|end| (&raw[from..end], end + 1));
        match (self.byte(0), self.byte(1)) {
            (b'`', _) => {
                let (text, end) = inside(start + 1, Open::Tick)?;
                Some((Kind::Command(without_ticks(text)), end))
            }
            (_, b'(') => {
                let (text, end) = inside(start + 2, Open::Paren)?;
                let expression = text.strip_prefix('(').and_then(|text| text.strip_suffix(')'));
                let is_one = |text: &&str| close(text, 0, Open::Paren).is_none();
                Some(match expression.filter(is_one) {
                    Some(expression) => (Kind::Arithmetic(expression), end),
                    None => (Kind::Command(text.to_owned()), end),
                })
            }
            (_, b'[') => {
                let length = raw[start..].find(']')?;
                Some((Kind::Arithmetic(&raw[start + 2..start + length]), start + length + 1))
            }
            (_, b'{') => inside(start + 2, Open::Brace).map(|(text, end)| (Kind::Parameter(text), end)),
            _ => Some(self.name_at(start)),
        }
    }

    /// `$name`, `$1`, `$@`; a `$` before anything else is a letter.
    fn name_at(&self, start: usize) -> (Kind<'a>, usize) {
        let rest = &self.raw[start + 1..];
        let length = match rest.chars().next() {
            Some(c) if c.is_ascii_alphabetic() || c == '_' => {
                rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len())
            }
            Some('0'..='9' | '@' | '*' | '#' | '?' | '-' | '$' | '!') => 1,
            Some(_) | None => return (Kind::Text("$".to_owned()), start + 1),
        };
        (Kind::Parameter(&rest[..length]), start + 1 + length)
    }

    fn find(&self, byte: u8, from: usize) -> Option<usize> {
        self.raw.as_bytes()[from..].iter().position(|&each| each == byte).map(|place| from + place)
    }
}

/// In backticks, a backslash before a backtick, a `$` or another backslash goes away once.
fn without_ticks(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match rest.peek() {
            Some(&next) if c == '\\' && matches!(next, '`' | '$' | '\\') => {
                plain.push(next);
                rest.next();
            }
            _ => plain.push(c),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(raw: &str, wanted: &[&str]) {
        let found = pieces(raw, Mode::Word).map(|pieces| {
            pieces.iter().map(|piece| format!("{}{:?}", if piece.quoted { "q" } else { "" }, piece.kind)).collect()
        });
        assert_eq!(found.unwrap_or_else(|| vec!["unclosed".to_owned()]), wanted, "{raw}");
    }

    #[test]
    fn words_fall_into_pieces() {
        check(r"\rm", &[r#"qText("r")"#, r#"Text("m")"#]);
        check("r\"\"m", &[r#"Text("r")"#, "qNothing", r#"Text("m")"#]);
        check("$'\\x72m'", &[r#"qText("rm")"#]);
        check("a\\\nb", &[r#"Text("a")"#, r#"Text("b")"#]);
        check("~u/x", &[r#"Tilde("u")"#, r#"Text("/x")"#]);
        check("$x${y:-\"}\"}$1", &[r#"Parameter("x")"#, r#"Parameter("y:-\"}\"")"#, r#"Parameter("1")"#]);
        check("`echo \\`date\\``", &[r#"Command("echo `date`")"#]);
        check("\"$(echo \")\" ')')\"", &[r#"qCommand("echo \")\" ')'")"#]);
        check("$((1+(2)))$((a); (b))", &[r#"Arithmetic("1+(2)")"#, r#"Command("(a); (b)")"#]);
        check("a$", &[r#"Text("a")"#, r#"Text("$")"#]);
    }

    #[test]
    fn here_documents_in_substitutions_may_have_quotes_and_brackets() {
        let raw = "\"$(cat <<'EOF'\nDon't :)\nEOF\n)\"";
        check(raw, &[r#"qCommand("cat <<'EOF'\nDon't :)\nEOF\n")"#]);
    }

    #[test]
    fn what_is_not_closed_is_said() {
        for raw in ["'a", "\"a", "$(a", "${a", "`a", "$'a\\'", "$[1"] {
            check(raw, &["unclosed"]);
        }
    }
}
