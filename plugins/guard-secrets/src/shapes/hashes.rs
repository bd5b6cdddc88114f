//! Hashes of passwords beside a name, as `htpasswd` and `/etc/shadow` have them. They are to be guessed, not read.

use crate::class::{ALNUM, Class, WORD};
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
    if has_user && end - at >= SHORTEST && !is_placeholder(&text[at..end]) {
        found(Found { kind: PASSWORD_HASH, start: at, end });
    }
}
