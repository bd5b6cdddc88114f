//! Secrets that stand at a fixed place: as so many words behind a command, as the one argument of a call, behind the
//! words by which a program prints them.

use super::shell::next_word;
use crate::class::{ANY_HEX, BASE64, DIGIT, SPACE, URL64};
use crate::kinds::shaped::{API_KEY, PASSWORD, SECRET};
use crate::placeholder::is_placeholder;
use crate::rarity;
use crate::rules::{Found, Kind};

const LONGEST: usize = 512;

/// A command, and how many words stand before its secret.
const COMMANDS: &[(&str, usize)] = &[
    ("rabbitmqctl add_user", 1),
    ("rabbitmqctl change_password", 1),
    ("net user ", 1),
    ("mc alias set", 3),
    ("mc config host add", 3),
    ("redis-cli auth", 0),
    ("snmp-server community", 0),
];

/// The anchor is the command.
pub(crate) fn word(text: &[u8], at: usize, found: &mut dyn FnMut(Found)) {
    let is_command = |(name, _): &&(&str, usize)| text[at..].starts_with(name.as_bytes());
    let Some((name, before)) = COMMANDS.iter().find(is_command) else { return };
    let mut place = at + name.trim_end().len();
    let mut left = *before;
    while let Some((start, end)) = next_word(text, place, at + LONGEST) {
        place = end;
        match (text[start], left) {
            (b'-' | b'/', _) => {}
            (_, 0) => return told(text, (start, end), PASSWORD, found),
            _ => left -= 1,
        }
    }
}

/// `net use Z: \\host\share /user:name password`; the anchor is the command.
pub(crate) fn share(text: &[u8], at: usize, found: &mut dyn FnMut(Found)) {
    let mut place = at + "net use ".len();
    let mut is_behind_user = false;
    while let Some((start, end)) = next_word(text, place, at + LONGEST) {
        place = end;
        let is_option = text[start] == b'/';
        if is_behind_user && !is_option {
            return told(text, (start, end), PASSWORD, found);
        }
        is_behind_user |= text[start..end].to_ascii_lowercase().starts_with(b"/user:");
    }
}

fn told(text: &[u8], (start, end): (usize, usize), kind: Kind, found: &mut dyn FnMut(Found)) {
    let is_quoted = end - start >= 2 && matches!(text[start], b'"' | b'\'') && text[end - 1] == text[start];
    let (start, end) = if is_quoted { (start + 1, end - 1) } else { (start, end) };
    let word = &text[start..end];
    let is_path = word.contains(&b'/') && !rarity::is_random(word) || word.contains(&b':') && word.len() < 4;
    if word.len() >= 5 && !is_path && word[0] != b'*' && !is_placeholder(word) {
        found(Found { kind, start, end });
    }
}

/// `Unseal Key 1: …` of Vault; the anchor is the first two words.
pub(crate) fn unseal_key(text: &[u8], at: usize, found: &mut dyn FnMut(Found)) {
    let number = SPACE.run(text, at + "unseal key".len(), 4);
    let colon = DIGIT.run(text, number, 3);
    if text.get(colon) != Some(&b':') {
        return;
    }
    let start = SPACE.run(text, colon + 1, 8);
    let end = BASE64.run(text, start, 120);
    if end - start >= 40 && rarity::is_credential(&text[start..end]) {
        found(Found { kind: SECRET, start, end });
    }
}

/// `Client("…")`: a client of some service that takes nothing but its key; the anchor is the name of the class.
pub(crate) fn client(text: &[u8], at: usize, found: &mut dyn FnMut(Found)) {
    let quote = at + "client(".len();
    if !matches!(text.get(quote), Some(b'"' | b'\'')) {
        return;
    }
    let end = URL64.run(text, quote + 1, 200);
    let key = &text[quote + 1..end];
    // `Client("name", "token")`
    let second = SPACE.run(text, end + 2, 4);
    let is_pair = text.get(end + 1) == Some(&b',') && matches!(text.get(second), Some(b'"' | b'\''));
    let hex_end = ANY_HEX.run(text, second + 1, 65);
    let is_hex = matches!(hex_end.saturating_sub(second + 1), 32 | 40 | 64) && text.get(hex_end) == text.get(second);
    if is_pair && is_hex && rarity::is_credential(&text[second + 1..hex_end]) {
        return found(Found { kind: API_KEY, start: second + 1, end: hex_end });
    }
    let is_key = key.len() >= 32 && rarity::is_random(key) && rarity::is_credential(key) && rarity::entropy(key) > 4.2;
    if is_key && text.get(end) == Some(&text[quote]) {
        found(Found { kind: API_KEY, start: quote + 1, end });
    }
}

/// `jwt.sign(payload, "secret")`; the anchor is the call.
pub(crate) fn signed(text: &[u8], at: usize, found: &mut dyn FnMut(Found)) {
    let last = text.len().min(at + 200);
    let line = memchr::memchr(b'\n', &text[at..last]).map_or(last, |place| at + place);
    let Some(comma) = memchr::memmem::find(&text[at..line], b", ").map(|place| at + place + 2) else { return };
    let Some(quote) = text.get(comma).filter(|byte| matches!(byte, b'"' | b'\'' | b'`')) else { return };
    let Some(length) = memchr::memchr(*quote, &text[comma + 1..line]) else { return };
    let (start, end) = (comma + 1, comma + 1 + length);
    if length >= 12 && rarity::is_credential(&text[start..end]) && !is_placeholder(&text[start..end]) {
        found(Found { kind: SECRET, start, end });
    }
}
