//! JSON Web Tokens: three parts in base64 of which the first says how the last was signed.

use super::decode64;
use crate::class::{URL64, WORD};
use crate::kinds::shaped::{JWT, SUPABASE_SERVICE};
use crate::placeholder::is_placeholder;
use crate::rules::Found;

const LONGEST: usize = 8192;
const SHORTEST_SIGNATURE: usize = 20;

pub(crate) fn token(text: &[u8], at: usize, found: &mut dyn FnMut(Found)) {
    if at.checked_sub(1).is_some_and(|before| WORD.has(text[before])) {
        return;
    }
    let Some((header, payload_at)) = part(text, at) else { return };
    let Some((payload, mut end)) = part(text, payload_at) else { return };
    let signature_at = end;
    // An encrypted one has two parts more.
    while let Some((_, next)) = part(text, end) {
        end = next;
    }
    end = URL64.run(text, end, LONGEST);
    let signature = &text[signature_at..end];
    let decoded = decode64(header).unwrap_or_default();
    let says_how = memchr::memmem::find(&decoded, b"\"alg\"").is_some();
    if says_how && signature.len() >= SHORTEST_SIGNATURE && !is_placeholder(signature) && !is_public(payload) {
        let kind = if says(payload, b"\"service_role\"") { SUPABASE_SERVICE } else { JWT };
        found(Found { kind, start: at, end });
    }
}

/// A part that a dot follows, and where the next one begins.
fn part(text: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let end = URL64.run(text, at, LONGEST);
    (text.get(end) == Some(&b'.')).then(|| (&text[at..end], end + 1))
}

fn says(payload: &[u8], word: &[u8]) -> bool {
    memchr::memmem::find(&decode64(payload).unwrap_or_default(), word).is_some()
}

/// The example of jwt.io and its many copies, and the keys that Supabase prints into web pages.
fn is_public(payload: &[u8]) -> bool {
    says(payload, b"John Doe") || says(payload, b"\"sub\":\"1234567890\"") || says(payload, b"\"role\":\"anon\"")
}
