//! The secret half of an AWS key, which has no mark of its own and stands near its id.

use crate::class::{ALNUM, BASE64, Class};
use crate::kinds::shaped::AWS_SECRET;
use crate::placeholder::is_placeholder;
use crate::rarity;
use crate::rules::Found;

const SECRET: Class = ALNUM.with("+/");
const LENGTH: usize = 40;
const REACH: usize = 400;

/// Looks for 40 characters of base64 on both sides of a key id.
pub(crate) fn beside_id(text: &[u8], at: usize, found: &mut dyn FnMut(Found)) {
    let is_id = ALNUM.run(text, at, 21) == at + 20;
    if !is_id {
        return;
    }
    let mut place = at.saturating_sub(REACH);
    let last = text.len().min(at + REACH);
    while place < last {
        let end = SECRET.run(text, place, REACH);
        let begins = place.checked_sub(1).is_none_or(|before| !BASE64.has(text[before]) || text[before] == b'=');
        if begins && end - place == LENGTH && is_secret(&text[place..end]) {
            found(Found { kind: AWS_SECRET, start: place, end });
        }
        place = end + 1;
    }
}

pub(crate) fn is_secret(value: &[u8]) -> bool {
    let has = |is_of: fn(&u8) -> bool| value.iter().any(is_of);
    let is_mixed = has(u8::is_ascii_digit) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
    value.len() == LENGTH && is_mixed && rarity::entropy(value) > 4.0 && !is_placeholder(value)
}
