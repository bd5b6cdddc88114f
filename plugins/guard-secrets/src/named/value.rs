//! Whether a value beside a secret name is a secret.

use super::between::Form;
use super::name::Meaning;
use crate::class::{ANY_HEX, NAME, WORD};
use crate::placeholder::{is_placeholder, is_reference};
use crate::rarity::{self, is_random};

/// Types, and other words that programs put behind a colon.
const TYPES: &[&str] = &[
    "string",
    "str",
    "option",
    "bytes",
    "bool",
    "boolean",
    "number",
    "int",
    "integer",
    "object",
    "any",
    "secretstring",
    "secretstr",
    "text",
    "varchar",
    "null",
    "none",
    "true",
    "false",
    "undefined",
    "required",
    "optional",
    "hidden",
];

/// The public halves of pairs, whatever the name beside them says.
const PUBLIC: &[&str] =
    &["pk_live_", "pk_test_", "pk.eyJ", "ssh-rsa", "ssh-ed25519", "age1", "-----BEGIN", "phc_", "z6Mk"];

/// `next` is the byte behind the value.
pub(super) fn is_secret(meaning: Meaning, name: &[u8], form: Form, value: &[u8], next: Option<&u8>) -> bool {
    if meaning == Meaning::Mnemonic {
        return is_mnemonic(value);
    }
    let has_space = value.contains(&b' ');
    let is_same = value.eq_ignore_ascii_case(name);
    if is_same || has_space && meaning != Meaning::Passphrase || !value.iter().all(u8::is_ascii_graphic) && !has_space {
        return false;
    }
    let is_bare = form != Form::Quoted;
    if PUBLIC.iter().any(|start| value.starts_with(start.as_bytes())) {
        return false;
    }
    if is_bare
        && (is_code(name, form, value, next) || TYPES.iter().any(|word| value.eq_ignore_ascii_case(word.as_bytes())))
    {
        return false;
    }
    // What a cluster seals for itself begins so.
    let is_sealed = value.len() >= 160 && value.starts_with(b"Ag");
    if is_sealed || is_name_of_secret(value) {
        return false;
    }
    match meaning {
        Meaning::Password | Meaning::Passphrase => is_password(form, name, value) && !is_placeholder(value),
        Meaning::Secret => value.len() >= 10 && is_key(value),
        Meaning::Token | Meaning::Key => {
            value.len() >= 12 && is_key(value) || form == Form::Quoted && is_of_signs(value)
        }
        Meaning::WeakKey => form != Form::Said && is_certain(value),
        Meaning::Mnemonic => false,
    }
}

/// `sha256_password`: it names a secret itself.
fn is_name_of_secret(value: &[u8]) -> bool {
    WORD.with("-").holds(value)
        && super::name::meaning(value).is_some_and(|meaning| meaning != Meaning::WeakKey)
        && !is_random(value)
}

/// A call, an index, a path of names: something that the program computes.
fn is_code(name: &[u8], form: Form, value: &[u8], next: Option<&u8>) -> bool {
    let has = |part: &[u8]| memchr::memmem::find(value, part).is_some();
    let bracket = value.iter().position(|byte| matches!(byte, b'(' | b'['));
    let is_name = |text: &[u8]| NAME.holds(text) && !text[0].is_ascii_digit();
    let is_in_setting = form == Form::Assigned && is_setting(name) && !matches!(next, Some(b'"' | b'\''));
    let is_call = bracket.is_some_and(|at| at > 0 && is_name(&value[..at])) && !is_in_setting;
    // `!Ref` and its like are tags of YAML; a password may begin with the sign too.
    let is_tag = value.first() == Some(&b'!')
        && value[1..].iter().all(|byte| byte.is_ascii_alphabetic() || b"_/:".contains(byte));
    let is_template = is_tag || matches!(value.first(), Some(b'{' | b'[' | b'(' | b'*' | b'&' | b'#'));
    is_call || is_template || has(b"::") || has(b"->") || has(b"=>") || is_reference(value)
}

fn is_password(form: Form, name: &[u8], value: &[u8]) -> bool {
    let has = |is_of: fn(&u8) -> bool| value.iter().any(is_of);
    let letters = has(u8::is_ascii_alphabetic);
    let digits = has(u8::is_ascii_digit);
    let signs =
        value.iter().any(|byte| byte.is_ascii_punctuation() && !matches!(byte, b'_' | b'-' | b'.' | b'/' | b':'));
    let classes = usize::from(has(u8::is_ascii_lowercase))
        + usize::from(has(u8::is_ascii_uppercase))
        + usize::from(digits)
        + usize::from(signs);
    let least = if form == Form::Said { 8 } else { 6 };
    if value.len() < least {
        return false;
    }
    let is_identifier = WORD.with(".").holds(value) && !value[0].is_ascii_digit();
    let is_numbers = value.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.');
    let has_frame = value.iter().any(|byte| matches!(byte, b'(' | b')' | b'[' | b']' | b'{' | b'}' | b'/'));
    match form {
        _ if is_numbers && value.contains(&b'.') => false,
        Form::Said if has_frame => false,
        // In prose and in programs only what is no name of anything.
        Form::Said | Form::Spaced if is_identifier => {
            is_random(value) || classes >= 3 && digits && !value.contains(&b'.') && !value.contains(&b'_')
        }
        Form::Said => classes >= 3 && (digits || signs) || is_random(value) || signs && digits,
        _ if !letters => value.len() >= 8 || signs,
        _ if digits || signs => !is_path(value),
        _ => is_long_word(form, name, value),
    }
}

/// Letters only: words that somebody chose, where nothing but a value can stand.
fn is_long_word(form: Form, name: &[u8], value: &[u8]) -> bool {
    let parts = value.split(|byte| matches!(byte, b'-' | b'.' | b'_' | b' ' | b'/')).filter(|part| !part.is_empty());
    let is_setting = form == Form::Assigned && is_setting(name);
    match parts.count() {
        1 if is_random(value) || is_mixed(value) => true,
        1 if rarity::common_pairs(value) < 0.5 => value.len() >= 8,
        1 => {
            let is_small = value.iter().all(u8::is_ascii_lowercase);
            is_small && value.len() >= if is_setting { 12 } else { 17 }
        }
        2..=3 => value.split(|byte| !byte.is_ascii_alphabetic()).any(is_mixed),
        _ => !value.contains(&b'/') && !value.contains(&b'_'),
    }
}

/// Capital and small letters in no order, as no name of a program has them.
fn is_mixed(value: &[u8]) -> bool {
    let changes = value.windows(2).filter(|pair| pair[0].is_ascii_lowercase() != pair[1].is_ascii_lowercase()).count();
    value.len() >= 12 && value.iter().all(u8::is_ascii_alphabetic) && changes * 2 >= value.len() - 1
}

/// `NAME_OF_A_SETTING`, whose value is text and no program.
fn is_setting(name: &[u8]) -> bool {
    name.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_')
}

fn is_path(value: &[u8]) -> bool {
    let begins = value.starts_with(b"/") || value.starts_with(b"./") || value.starts_with(b"~/");
    let has_path = value.iter().filter(|&&byte| byte == b'/').count() >= 2;
    (begins || has_path) && !is_random(value)
}

/// A generated value: one alphabet, no word.
fn is_key(value: &[u8]) -> bool {
    let is_of_key =
        |byte: &u8| byte.is_ascii_graphic() && !matches!(byte, b'(' | b')' | b'{' | b'}' | b'<' | b'>' | b'\\');
    value.iter().all(is_of_key) && (is_random(value) || is_uuid(value)) && rarity::is_credential(value)
}

/// Letters, digits and many signs, brackets among them, as frameworks make their keys.
fn is_of_signs(value: &[u8]) -> bool {
    let signs = value.iter().filter(|byte| byte.is_ascii_punctuation()).count();
    let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
    (40..100).contains(&value.len())
        && value.iter().all(u8::is_ascii_graphic)
        && signs >= 6
        && digits >= 3
        && rarity::is_credential(value)
        && rarity::entropy(value) > 4.2
}

/// Five groups of hexadecimal digits; by chance they may have hardly a letter.
fn is_uuid(value: &[u8]) -> bool {
    let groups = value.split(|&byte| byte == b'-').map(|group| ANY_HEX.holds(group).then_some(group.len()));
    groups.eq([8, 4, 4, 4, 12].map(Some))
}

/// A value that can be nothing but a key, although its name does not say which.
fn is_certain(value: &[u8]) -> bool {
    let is_id = ANY_HEX.with("-").holds(value);
    let is_place = value.contains(&b'.') || value.iter().filter(|&&byte| byte == b'/').count() > 1;
    value.len() >= 32 && is_key(value) && !is_id && !is_place && rarity::entropy(value) > 4.0
}

/// Twelve to twenty-four small words.
fn is_mnemonic(value: &[u8]) -> bool {
    let words: Vec<&[u8]> = value.split(|&byte| byte == b' ').collect();
    let is_word = |word: &&[u8]| (3..=8).contains(&word.len()) && word.iter().all(u8::is_ascii_lowercase);
    let mut different = words.clone();
    different.sort_unstable();
    different.dedup();
    matches!(words.len(), 12 | 15 | 18 | 21 | 24) && words.iter().all(is_word) && different.len() + 3 > words.len()
}
