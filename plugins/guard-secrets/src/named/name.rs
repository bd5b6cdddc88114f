//! What a name says about its value. The last word decides: `token_url` is a URL, `urlToken` a token.

use super::words::{COMPOUND_KEYS, HARMLESS_KEYS, HARMLESS_TOKENS, NEUTRAL, SECRET_KEYS};

/// What a value is, if its name tells the truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    Password,
    /// May have spaces.
    Passphrase,
    /// Twelve words or more.
    Mnemonic,
    Secret,
    Token,
    /// A key of which the name says that it is secret, such as `api_key`.
    Key,
    /// Some key; only a value that cannot be anything else counts.
    WeakKey,
}

const PASSWORDS: &[&str] = &[
    "pwd",
    "pswd",
    "pass",
    "passwords",
    "pw",
    "passwort",
    "kennwort",
    "contrasena",
    "senha",
    "userpass",
    "dbpass",
    "psk",
    "masterauth",
];
/// They end in `pass` and have nothing to do with passwords.
const NO_PASSWORDS: &[&str] =
    &["compass", "bypass", "trespass", "encompass", "surpass", "overpass", "underpass", "byepass"];

pub(super) fn meaning(name: &[u8]) -> Option<Meaning> {
    let mut words = words(name);
    while words.len() > 1 && words.last().is_some_and(|word| is_any(word, NEUTRAL) || is_number(word)) {
        words.pop();
    }
    let last = words.pop()?;
    let before = words.last().copied();
    let is_before = |known: &[&str]| before.is_some_and(|word| is_any(word, known));
    if is_any(last, NO_PASSWORDS) || ends(last, "bypass") {
        None
    } else if ends(last, "passphrase") {
        Some(Meaning::Passphrase)
    } else if ends(last, "password")
        || ends(last, "passwd")
        || ends(last, "pwd")
        || is_any(last, PASSWORDS)
        || ends(last, "pass")
    {
        Some(Meaning::Password)
    } else if ends(last, "mnemonic") || is_any(last, &["phrase"]) && is_before(&["seed", "recovery"]) {
        Some(Meaning::Mnemonic)
    } else if ends(last, "secret") || is_any(last, &["credential", "credentials", "creds", "cred"]) {
        Some(Meaning::Secret)
    } else if ends(last, "token") || is_any(last, &["pat"]) {
        (!words.iter().any(|word| is_any(word, HARMLESS_TOKENS))).then_some(Meaning::Token)
    } else if is_any(last, &["key"]) {
        key(&words)
    } else if is_any(last, COMPOUND_KEYS) || ends(last, "apikey") || ends(last, "secretkey") {
        Some(Meaning::Key)
    } else {
        None
    }
}

/// What a key is by the words before it.
fn key(before: &[&[u8]]) -> Option<Meaning> {
    match before.last() {
        None => Some(Meaning::WeakKey),
        // `NEXT_PUBLIC_…_KEY` goes into every page.
        Some(_) if before.iter().any(|word| is_any(word, &["public", "publishable"])) => None,
        Some(word) if is_any(word, SECRET_KEYS) => Some(Meaning::Key),
        Some(word) if is_any(word, HARMLESS_KEYS) => None,
        Some(_) if super::vendor::kind_of_words(before).is_some() => Some(Meaning::Key),
        Some(_) => Some(Meaning::WeakKey),
    }
}

/// The words of `snake_case`, `kebab-case`, `camelCase` and `dotted.names`.
pub(super) fn words(name: &[u8]) -> Vec<&[u8]> {
    let mut words = Vec::with_capacity(6);
    let mut start = 0;
    for place in 0..name.len() {
        let byte = name[place];
        let is_sign = !byte.is_ascii_alphanumeric();
        let begins_hump = byte.is_ascii_uppercase() && place > start && {
            let after_small = !name[place - 1].is_ascii_uppercase();
            after_small || name.get(place + 1).is_some_and(u8::is_ascii_lowercase)
        };
        if is_sign || begins_hump {
            if place > start {
                words.push(&name[start..place]);
            }
            start = if is_sign { place + 1 } else { place };
        }
    }
    if start < name.len() {
        words.push(&name[start..]);
    }
    words
}

pub(super) fn is_any(word: &[u8], known: &[&str]) -> bool {
    known.iter().any(|known| word.eq_ignore_ascii_case(known.as_bytes()))
}

fn is_number(word: &[u8]) -> bool {
    let digits = word.strip_prefix(b"v").or_else(|| word.strip_prefix(b"V")).unwrap_or(word);
    digits.iter().all(u8::is_ascii_digit)
}

fn ends(word: &[u8], with: &str) -> bool {
    let number = word.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let word = &word[..word.len() - number];
    word.len() >= with.len() && word[word.len() - with.len()..].eq_ignore_ascii_case(with.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(meant: Option<Meaning>, names: &[&str]) {
        for name in names {
            assert_eq!(meaning(name.as_bytes()), meant, "{name}");
        }
    }

    #[test]
    fn the_last_word_decides() {
        check(
            Some(Meaning::Password),
            &["password", "DB_PASSWORD", "spring.datasource.password", "userPwd", "dbpassword2", "PGPASS"],
        );
        check(Some(Meaning::Token), &["token", "GITHUB_TOKEN", "authToken", "access_token", "GH_PAT", "_authToken"]);
        check(Some(Meaning::Secret), &["client_secret", "clientSecret", "AWS_SECRET", "SECRET_1"]);
        check(
            Some(Meaning::Key),
            &["api_key", "APIKey", "x-api-key", "OPENAI_KEY", "secretKey", "AccountKey", "STRIPE_KEY_LIVE"],
        );
        check(None, &["token_url", "max_tokens", "tokenizer", "password_policy", "secretName", "monkey", "public_key"]);
        check(
            None,
            &["next_page_token", "cache_key", "path", "pattern", "bypass", "key_id", "csrf_token", "secretary"],
        );
        check(Some(Meaning::WeakKey), &["key", "some_key"]);
    }

    #[test]
    fn words_are_found_in_all_cases() {
        let found = |name: &str| {
            words(name.as_bytes()).iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect::<Vec<_>>()
        };
        assert_eq!(found("myAPIKey"), ["my", "API", "Key"]);
        assert_eq!(found("db-user.PASS_word2"), ["db", "user", "PASS", "word2"]);
    }
}
