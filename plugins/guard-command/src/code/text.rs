//! A text of code, and which parts of it are quoted.

/// One text of code, with where its quoted texts stand.
pub(super) struct Text<'a> {
    pub(super) text: &'a str,
    pub(super) literals: Vec<(usize, usize)>,
    /// It stands in the command itself, so somebody wrote it just now.
    pub(super) is_inline: bool,
}

impl Text<'_> {
    /// Whether this place lies in a quoted text. They are sorted, and there may be many.
    pub(super) fn is_data(&self, at: usize) -> bool {
        let behind = self.literals.partition_point(|(start, _)| *start <= at);
        behind > 0 && at < self.literals[behind - 1].1
    }
}

/// Where quoted texts stand, without their quotes. Comments are stepped over.
pub(super) fn literals(text: &str, language: &str) -> Vec<(usize, usize)> {
    let bytes = text.as_bytes();
    let has_hash_comments = matches!(language, "python" | "perl" | "ruby" | "awk" | "");
    let backtick_is_text = !matches!(language, "awk");
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let quote = bytes[at];
        if has_hash_comments && quote == b'#' && (at == 0 || bytes[at - 1].is_ascii_whitespace()) {
            at += bytes[at..].iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len() - at);
            continue;
        }
        if quote == b'/' && bytes.get(at + 1) == Some(&b'/') && !has_hash_comments {
            at += bytes[at..].iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len() - at);
            continue;
        }
        let is_quote = quote == b'"' || quote == b'\'' || (quote == b'`' && backtick_is_text);
        if !is_quote {
            at += 1;
            continue;
        }
        let is_triple = bytes[at..].starts_with(&[quote; 3]) && language == "python";
        let width = if is_triple { 3 } else { 1 };
        let start = at + width;
        let mut end = start;
        while end < bytes.len() && !bytes[end..].starts_with(&vec![quote; width]) {
            end += if bytes[end] == b'\\' { 2 } else { 1 };
        }
        let end = end.min(bytes.len());
        if text.is_char_boundary(start.min(end)) && text.is_char_boundary(end) {
            found.push((start.min(end), end));
        }
        at = end + width;
    }
    found
}

pub(super) fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            plain.push(letter);
            continue;
        }
        match letters.next() {
            Some('n') => plain.push('\n'),
            Some('t') => plain.push('\t'),
            Some('x') => {
                let digits: String = letters.by_ref().take(2).collect();
                plain.extend(u8::from_str_radix(&digits, 16).ok().map(char::from));
            }
            // `\040` is a space in awk, perl and most others.
            Some(first @ '0'..='7') => {
                let mut value = first.to_digit(8).unwrap_or_default();
                for _ in 0..2 {
                    let Some(digit) = letters.clone().next().and_then(|next| next.to_digit(8)) else { break };
                    letters.next();
                    value = value * 8 + digit;
                }
                plain.extend(char::from_u32(value));
            }
            Some(other) => plain.push(other),
            None => {}
        }
    }
    plain
}
