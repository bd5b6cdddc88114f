//! Hashes of passwords beside a name, as `htpasswd` and `/etc/shadow` have them. They are to be guessed, not read.

use crate::class::{ALNUM, Class, QUOTE, SPACE, WORD};
use crate::kinds::shaped::PASSWORD_HASH;
use crate::placeholder::is_placeholder;
use crate::rules::Found;

const HASH: Class = ALNUM.with("$./+=,{}-_");
const SHORTEST: usize = 28;

pub(crate) fn hash(text: &[u8], at: usize, found: &mut dyn FnMut(Found)) {
    let end = HASH.run(text, at, 400);
    let user = at
        .checked_sub(1)
        .filter(|&colon| text[colon] == b':')
        .map(|colon| &text[WORD.run_back(text, colon, 40)..colon]);
    let has_user = user.is_some_and(|user| !user.is_empty());
    if (has_user || is_named_so(text, at)) && end - at >= SHORTEST && !is_placeholder(&text[at..end]) {
        found(Found { kind: PASSWORD_HASH, start: at, end });
    }
}

/// `password_hash: …`, `"passwordHash": "…"`
fn is_named_so(text: &[u8], at: usize) -> bool {
    let is_frame = |byte: u8| SPACE.has(byte) || QUOTE.has(byte);
    let near = at.saturating_sub(60);
    let Some(sign) =
        (near..at).rev().find(|&place| !is_frame(text[place])).filter(|&place| matches!(text[place], b':' | b'='))
    else {
        return false;
    };
    let Some(last) = (near..sign).rev().find(|&place| !is_frame(text[place])) else { return false };
    let name = text[WORD.run_back(text, last + 1, 40)..=last].to_ascii_lowercase();
    [b"hash".as_slice(), b"passw"].iter().any(|part| memchr::memmem::find(&name, part).is_some())
}
