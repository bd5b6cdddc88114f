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
    // The second part of one begins like the first.
    if at >= 2 && text[at - 1] == b'.' && URL64.has(text[at - 2]) {
        return;
    }
    let Some((header, payload_at)) = part(text, at) else { return };
    let Some((payload, mut end)) = part(text, payload_at) else { return };
    let signature_at = end;
    // An encrypted one has two parts more.
    for _ in 0..2 {
        let Some((_, next)) = part(text, end) else { break };
        end = next;
    }
    end = URL64.run(text, end, LONGEST);
    let signature = &text[signature_at..end];
    if signature.len() < SHORTEST_SIGNATURE || !says(&decode64(header).unwrap_or_default(), "\"alg\"") {
        return;
    }
    let payload = decode64(payload).unwrap_or_default();
    if !is_public(&payload) && !is_placeholder(signature) {
        let kind = if says(&payload, "\"service_role\"") { SUPABASE_SERVICE } else { JWT };
        found(Found { kind, start: at, end });
    }
}

/// A part that a dot follows, and where the next one begins.
fn part(text: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let end = URL64.run(text, at, LONGEST);
    (text.get(end) == Some(&b'.')).then(|| (&text[at..end], end + 1))
}

fn says(decoded: &[u8], word: &str) -> bool {
    memchr::memmem::find(decoded, word.as_bytes()).is_some()
}

/// The example of jwt.io and its many copies, and the keys that Supabase prints into web pages.
fn is_public(payload: &[u8]) -> bool {
    ["John Doe", "\"sub\":\"1234567890\"", "\"role\":\"anon\""].iter().any(|word| says(payload, word))
}
