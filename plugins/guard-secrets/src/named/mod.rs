//! A secret name beside a value: `DB_PASSWORD=…`, `"apiKey": "…"`, `--token …`, a table, a sentence.
//!
//! The name says what may be there, the sign between them in which form, and the value whether it is: a variable, a
//! type, a word of the language or an example is none.

mod between;
mod name;
mod rows;
mod value;
mod vendor;
mod words;

use crate::class::NAME;
use crate::rules::{Found, Kind};
use name::Meaning;

/// The longest name that is read.
const NAME_LENGTH: usize = 64;

/// The anchor is some word within the name.
pub(crate) fn find(text: &[u8], at: usize, found: &mut dyn FnMut(Found)) {
    let start = NAME.run_back(text, at, NAME_LENGTH);
    let end = NAME.run(text, at, NAME_LENGTH);
    let (start, end) = trim(text, start, end);
    if end <= at {
        return;
    }
    let Some(value) = between::value_behind(text, start, end) else { return };
    let name = &text[with_word_before(text, start, end)..end];
    let Some(meaning) = name::meaning(name) else { return };
    let value = value.without_frame(text);
    if value::is_secret(meaning, name, value.form, &text[value.start..value.end], text.get(value.end)) {
        found(Found { kind: kind(meaning, name), start: value.start, end: value.end });
    }
}

/// The kinds that [`find`] names after services.
pub(crate) fn kinds() -> impl Iterator<Item = Kind> {
    vendor::kinds()
}

/// A name of two words in a sentence: `api key is …`.
fn with_word_before(text: &[u8], start: usize, end: usize) -> usize {
    const BEFORE: &[&[u8]] =
        &[b"api ", b"access ", b"secret ", b"private ", b"signing ", b"master ", b"auth ", b"site ", b"public "];
    if !text[start..end].eq_ignore_ascii_case(b"key") {
        return start;
    }
    let is_before =
        |word: &&&[u8]| text[..start].len() >= word.len() && text[start - word.len()..start].eq_ignore_ascii_case(word);
    BEFORE.iter().find(is_before).map_or(start, |word| start - word.len())
}

/// `--password`, `config.password.` and the like, without signs at the ends.
fn trim(text: &[u8], start: usize, end: usize) -> (usize, usize) {
    let is_sign = |place: &usize| matches!(text[*place], b'-' | b'.');
    let first = (start..end).find(|place| !is_sign(place)).unwrap_or(end);
    let last = (first..end).rev().find(|place| !is_sign(place)).map_or(first, |place| place + 1);
    (first, last)
}

fn kind(meaning: Meaning, name: &[u8]) -> Kind {
    use crate::kinds::shaped::{API_KEY, MNEMONIC, PASSWORD, SECRET, TOKEN};
    let own = vendor::kind_of(name);
    match meaning {
        Meaning::Password | Meaning::Passphrase => PASSWORD,
        Meaning::Mnemonic => MNEMONIC,
        Meaning::Secret => own.unwrap_or(SECRET),
        Meaning::Token => own.unwrap_or(TOKEN),
        Meaning::Key | Meaning::WeakKey => own.unwrap_or(API_KEY),
    }
}
