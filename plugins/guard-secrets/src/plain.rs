//! The text as a reader sees it: without terminal colours, escapes of JSON and shells, and percent signs of URLs.
//!
//! Rules look at this form alone, so a token that is coloured, quoted twice or part of a URL needs no rule of its
//! own. Each place leads back to the place in the text as it was given.

use std::borrow::Cow;

use memchr::memchr3;

const ESC: u8 = 0x1b;

/// A text in its plain form.
#[derive(Debug)]
pub(crate) struct Plain<'a> {
    text: Cow<'a, [u8]>,
    jumps: Vec<Jump>,
}

/// From here on, to the next jump, bytes follow each other as they do in the given text.
#[derive(Debug, Clone, Copy)]
struct Jump {
    plain: usize,
    given: usize,
    /// How many given bytes the first plain byte stands for.
    width: usize,
}

impl<'a> Plain<'a> {
    pub(crate) fn of(given: &'a [u8]) -> Self {
        match memchr3(ESC, b'\\', b'%', given) {
            None => Self { text: Cow::Borrowed(given), jumps: Vec::new() },
            Some(first) => unfold(given, first),
        }
    }

    pub(crate) fn text(&self) -> &[u8] {
        &self.text
    }

    /// The given bytes that the plain bytes from `start` to `end` stand for.
    pub(crate) fn given(&self, start: usize, end: usize) -> (usize, usize) {
        let (first, _) = self.place(start);
        let (last, width) = self.place(end - 1);
        (first, last + width)
    }

    /// Where a plain byte stands in the given text, and how wide it is there.
    fn place(&self, plain: usize) -> (usize, usize) {
        let behind = self.jumps.partition_point(|jump| jump.plain <= plain);
        match behind.checked_sub(1).map(|index| self.jumps[index]) {
            None => (plain, 1),
            Some(jump) if jump.plain == plain => (jump.given, jump.width),
            Some(jump) => (jump.given + jump.width + (plain - jump.plain - 1), 1),
        }
    }
}

/// What stands in the place of an escape.
enum Unfolded {
    /// Nothing: the bytes around it belong together.
    Nothing,
    Byte(u8),
}

fn unfold(given: &[u8], first: usize) -> Plain<'_> {
    let mut text = Vec::with_capacity(given.len());
    let mut jumps = Vec::new();
    text.extend_from_slice(&given[..first]);
    let mut at = first;
    while at < given.len() {
        let (unfolded, length) = escape(&given[at..]);
        if let Unfolded::Byte(byte) = unfolded {
            jumps.push(Jump { plain: text.len(), given: at, width: length });
            text.push(byte);
        }
        at += length;
        let rest = &given[at..];
        let run = memchr3(ESC, b'\\', b'%', rest).unwrap_or(rest.len());
        if run > 0 && matches!(unfolded, Unfolded::Nothing) {
            jumps.push(Jump { plain: text.len(), given: at, width: 1 });
        }
        text.extend_from_slice(&rest[..run]);
        at += run;
    }
    Plain { text: Cow::Owned(text), jumps }
}

/// What the text begins with, which is one of the three special bytes, and how long that is.
fn escape(text: &[u8]) -> (Unfolded, usize) {
    match text[0] {
        ESC => control(text, 1),
        b'%' => percent(text),
        _ => backslash(text),
    }
}

fn percent(text: &[u8]) -> (Unfolded, usize) {
    let code = text.get(1..3).and_then(hex);
    match code.and_then(|code| u8::try_from(code).ok()) {
        Some(byte @ (b'=' | b'/' | b'+' | b':' | b'@' | b'"' | b'&' | b'?' | b'{' | b'}')) => (Unfolded::Byte(byte), 3),
        _ => (Unfolded::Byte(b'%'), 1),
    }
}

/// JSON in JSON doubles its backslashes, so any number of them counts as one.
fn backslash(text: &[u8]) -> (Unfolded, usize) {
    let run = text.iter().take_while(|&&byte| byte == b'\\').count();
    let code = |from: usize, to: usize| text.get(run + from..run + to).and_then(hex);
    match text.get(run) {
        Some(b'n' | b'r') => (Unfolded::Byte(b'\n'), run + 1),
        Some(b't') => (Unfolded::Byte(b'\t'), run + 1),
        Some(byte @ (b'"' | b'\'' | b'/' | b'`')) => (Unfolded::Byte(*byte), run + 1),
        // A line that goes on.
        Some(b'\n') => (Unfolded::Byte(b' '), run + 1),
        Some(b'e') if text.get(run + 1) == Some(&b'[') => control(text, run + 1),
        Some(b'0') if text[run..].starts_with(b"033[") => control(text, run + 3),
        Some(b'x') if matches!(code(1, 3), Some(0x1b)) => control(text, run + 3),
        Some(b'u') => match code(1, 5) {
            Some(0x1b) => control(text, run + 5),
            Some(code) => (Unfolded::Byte(u8::try_from(code).ok().filter(u8::is_ascii).unwrap_or(b'?')), run + 5),
            None => (Unfolded::Byte(b'\\'), run),
        },
        _ => (Unfolded::Byte(b'\\'), run),
    }
}

fn hex(digits: &[u8]) -> Option<u32> {
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// A sequence for the terminal, whose introducer ends before `body`. Colours vanish; whatever moves the cursor, and
/// the frame of a link, is a gap. The text within a link's frame stays text, since it may hold a secret.
fn control(text: &[u8], body: usize) -> (Unfolded, usize) {
    match text.get(body) {
        Some(b'[') => {
            let end = (body + 1..text.len()).find(|&at| !matches!(text[at], 0x20..=0x3f));
            match end.map(|end| (end, text[end])) {
                Some((end, b'm' | b'K')) => (Unfolded::Nothing, end + 1),
                Some((end, 0x40..=0x7e)) => (Unfolded::Byte(b' '), end + 1),
                Some((end, _)) => (Unfolded::Nothing, end),
                None => (Unfolded::Nothing, text.len()),
            }
        }
        Some(b']' | b'\\') => (Unfolded::Byte(b' '), body + 1),
        Some(b'(' | b')') => (Unfolded::Nothing, (body + 2).min(text.len())),
        _ => (Unfolded::Nothing, body),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The plain form, and what a word of it is in the given text.
    #[track_caller]
    fn check(given: &str, plain: &str, word: &str, given_word: &str) {
        let found = Plain::of(given.as_bytes());
        assert_eq!(String::from_utf8_lossy(found.text()), plain);
        let start = plain.find(word).expect("the word is there");
        let (first, last) = found.given(start, start + word.len());
        assert_eq!(&given[first..last], given_word);
    }

    #[test]
    fn colours_vanish_and_places_stay_right() {
        check("plain text", "plain text", "text", "text");
        check("a \x1b[1;32mkey\x1b[0m b", "a key b", "key", "key");
        check("to\x1b[31mke\x1b[39mn=\x1b[1mx\x1b[0m\n", "token=x\n", "token", "to\x1b[31mke\x1b[39mn");
        check("\x1b[2Jx\x1b(By", " xy", "xy", "x\x1b(By");
    }

    #[test]
    fn escapes_of_json_are_read_however_deep() {
        check(r#"{\"a\": \"b\"}"#, r#"{"a": "b"}"#, "b", "b");
        check(r#"{\\\"a\\\"}"#, r#"{"a"}"#, "\"a", r#"\\\"a"#);
        check(r"one\ntwo\u003d\/", "one\ntwo=/", "two=/", r"two\u003d\/");
        check(r"\u001b[32mx\033[0my\x1b[1mz\e[0m.", "xyz.", "z.", r"z\e[0m.");
        check(r"C:\dir \", r"C:\dir \", "dir", "dir");
        check("a \\\n b", "a   b", "b", "b");
    }

    #[test]
    fn percent_signs_are_read_where_they_hide_signs() {
        check("sig=ab%2Fcd%3D&x=100%", "sig=ab/cd=&x=100%", "ab/cd=", "ab%2Fcd%3D");
        check("%zz%2", "%zz%2", "zz", "zz");
    }

    #[test]
    fn the_address_of_a_link_is_text() {
        check(
            "\x1b]8;;https://h/x\x1b\\name\x1b]8;;\x07",
            " 8;;https://h/x name 8;;\x07",
            "https://h/x",
            "https://h/x",
        );
    }
}
