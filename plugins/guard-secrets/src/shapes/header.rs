//! HTTP headers, and what programs keep in their form: `Authorization`, `Cookie`, the `auth` of Docker and npm.

use super::{decode64, value_end};
use crate::class::{ALNUM, BASE64, Class, NAME, SPACE, WORD};
use crate::kinds::shaped::{BASIC_AUTH, BEARER, COOKIE};
use crate::placeholder::is_placeholder;
use crate::rarity::is_random;
use crate::rules::Found;

/// Between the name of a header and its value, in a dump, a program or a command line.
const BETWEEN: Class = SPACE.with("\"':=,>[({])");
const SCHEME: Class = ALNUM.with("-_");
const COOKIE_NAME: Class = NAME.with("%");
/// Cookies that count visitors; they open nothing.
const COUNTERS: &[&str] =
    &["_g", "__utm", "_fb", "_hj", "ajs_", "optimizely", "amp_", "_pk_", "mp_", "intercom-id", "cf_", "__cf"];

pub(crate) fn authorization(text: &[u8], at: usize, found: &mut dyn FnMut(Found)) {
    let name_end = at + "authorization".len();
    let scheme_at = BETWEEN.run(text, name_end, 12);
    if scheme_at == name_end || BETWEEN.run(text, name_end, 12) == SPACE.run(text, name_end, 12) {
        return;
    }
    let scheme_end = SCHEME.run(text, scheme_at, 64);
    let value_at = SPACE.with(":=\"'").run(text, scheme_end, 8);
    let scheme = &text[scheme_at..scheme_end];
    let end = trimmed(text, value_at, value_end(text, value_at));
    let whole_end = trimmed(text, scheme_at, value_end(text, scheme_at));
    if scheme.eq_ignore_ascii_case(b"basic") {
        basic(text, value_at, end, found);
    } else if scheme_end < value_at && scheme.len() < 20 && is_token(&text[value_at..end]) {
        found(Found { kind: BEARER, start: value_at, end });
    } else if is_token(&text[scheme_at..whole_end]) {
        found(Found { kind: BEARER, start: scheme_at, end: whole_end });
    }
}

/// `Bearer TOKEN`, wherever it stands.
pub(crate) fn bearer(text: &[u8], at: usize, found: &mut dyn FnMut(Found)) {
    let word_end = at + "bearer".len();
    let start = SPACE.with(":=\"'").run(text, word_end, 4);
    let end = trimmed(text, start, value_end(text, start));
    if start > word_end && is_token(&text[start..end]) {
        found(Found { kind: BEARER, start, end });
    }
}

/// `auth` beside `user:password` in base64: Docker's `config.json`, npm's `_auth`; or `Basic` behind it.
pub(crate) fn basic_auth(text: &[u8], at: usize, found: &mut dyn FnMut(Found)) {
    let start = BETWEEN.run(text, at + 4, 8);
    let start = if text[start..].starts_with(b"Basic ") { start + 6 } else { start };
    let end = BASE64.run(text, start, 512);
    let begins = at.checked_sub(1).is_none_or(|before| !ALNUM.has(text[before]));
    if begins && start > at + 4 {
        basic(text, start, end, found);
    }
}

fn basic(text: &[u8], start: usize, end: usize, found: &mut dyn FnMut(Found)) {
    let value = &text[start..end.max(start)];
    let Some(decoded) = decode64(value).filter(|_| value.len() >= 8) else { return };
    let Some(colon) = decoded.iter().position(|&byte| byte == b':') else { return };
    let (user, password) = (&decoded[..colon], &decoded[colon + 1..]);
    let is_text = decoded.iter().all(|byte| matches!(byte, b' '..=b'~'));
    let is_key_alone = password.is_empty() && user.len() >= 16;
    let is_known = is_placeholder(if is_key_alone { user } else { password });
    if is_text && !is_known && (is_key_alone || password.len() >= 4) {
        found(Found { kind: BASIC_AUTH, start, end });
    }
}

/// `Cookie: a=1; b=2` and `Set-Cookie: a=1; Path=/`.
pub(crate) fn cookie(text: &[u8], at: usize, found: &mut dyn FnMut(Found)) {
    let name_end = at + "cookie".len();
    let mut place = BETWEEN.run(text, name_end, 6);
    if !text[name_end..place].iter().any(|byte| matches!(byte, b':' | b'=')) {
        return;
    }
    for _ in 0..40 {
        let name_start = SPACE.with(";").run(text, place, 8);
        let equals = COOKIE_NAME.run(text, name_start, 64);
        if text.get(equals) != Some(&b'=') {
            return;
        }
        let end = cookie_end(text, equals + 1);
        if is_session(&text[name_start..equals], &text[equals + 1..end]) {
            found(Found { kind: COOKIE, start: equals + 1, end });
        }
        place = end;
    }
}

fn cookie_end(text: &[u8], at: usize) -> usize {
    let end = value_end(text, at);
    text[at..end].iter().position(|&byte| byte == b';').map_or(end, |place| at + place)
}

fn is_session(name: &[u8], value: &[u8]) -> bool {
    let counts = COUNTERS
        .iter()
        .any(|counter| name.get(..counter.len()).is_some_and(|start| start.eq_ignore_ascii_case(counter.as_bytes())));
    !counts && value.len() >= 16 && is_random(value) && !is_placeholder(value)
}

fn is_token(value: &[u8]) -> bool {
    let is_of_token =
        |byte: &u8| WORD.has(*byte) || matches!(byte, b'-' | b'.' | b'~' | b'+' | b'/' | b'=' | b':' | b'|');
    value.len() >= 16 && value.iter().all(is_of_token) && is_random(value) && !is_placeholder(value)
}

/// Without what ends a sentence, a list or a call.
fn trimmed(text: &[u8], start: usize, end: usize) -> usize {
    let is_end = |byte: u8| matches!(byte, b',' | b';' | b')' | b']' | b'}' | b'.');
    let kept = text[start..end.max(start)].iter().rposition(|&byte| !is_end(byte)).map_or(0, |place| place + 1);
    start + kept
}
