//! What stands where a credential would stand and is none: examples, masks, variables, keys on a keyboard.

use crate::class::{ALNUM, NAME, WORD};
use crate::words::{TELLTALES, WORDS};

/// Credentials that vendors print in their own documents, in two halves so that no scanner trips over this file.
const KNOWN: &[(&str, &str)] = &[
    ("ghp_16C7e42F292c6912E77", "10c838347Ae178B4a"),
    ("sk_test_4eC39HqLyjWD", "arjtT1zdp7dc"),
    ("sk_test_BQokikJOvBiI2", "HlWgH4olfQ2"),
    ("SG.ngeVfQFYQlKU0ufo8x5d1A.TwL2iGABf9DH", "oTf-09kqeF8tAmbihYzrnopKc-1s5cr"),
    ("AIzaSyDaGmWKa4JsXZ-HjGw7", "ISLn_3namBGewQe"),
    ("xoxb-1765367", "2481-19874698323-pdFZKVeTuve3OcEIbhVbOyZp"),
    ("wJalrXUtnFEMI/K7MDENG/bPx", "RfiCYzEXAMPLEKEY"),
    ("dckr_pat_7awgM4jG5SQvxcvmNzhK", "j8PQjxo"),
];

/// How much of a value is looked at.
const LONGEST: usize = 200;
/// The longest text that is taken apart into words.
const LONGEST_WORDS: usize = 48;

/// Whether nobody ever used this value to open anything.
pub(crate) fn is_placeholder(value: &[u8]) -> bool {
    let value = &value[..value.len().min(LONGEST)];
    let lower = value.to_ascii_lowercase();
    let has = |telltale: &&str| memchr::memmem::find(&lower, telltale.as_bytes()).is_some();
    TELLTALES.iter().any(has) || is_monotonous(value) || is_reference(value) || are_words(&lower) || is_known(value)
}

/// Whether the value stands for another one: a variable, a template, a place in a vault.
pub(crate) fn is_reference(value: &[u8]) -> bool {
    const BEGINNINGS: &[&str] = &[
        "${",
        "$(",
        "{{",
        "<%",
        "%(",
        "#{",
        "%{",
        "@@",
        "[[",
        "{%",
        "$env:",
        "env:",
        "env(",
        "env.",
        "file:",
        "vault:",
        "op://",
        "arn:",
        "ssm:",
        "ssm/",
        "secretsmanager",
        "enc[",
        "!vault",
        "!ref",
        "akv:",
        "bws:",
        "doppler:",
        "process.env",
        "os.environ",
        "os.getenv",
        "var.",
        "local.",
        "module.",
        "data.",
        "secrets.",
        "vars.",
        "projects/",
        "self.",
        "this.",
        "keyring:",
        "pass:show",
        "{cipher}",
        "@microsoft.keyvault",
        "sm://",
        "gcp:///",
        "gsm:",
        "aws-sm:",
        "ref+",
        "http://",
        "https://",
        "%env(",
        "@secret",
    ];
    const PARTS: &[&str] = &["${{", "{{", "$(", "${", "<%=", "}}"];
    let starts_with = |beginning: &&str| {
        value.get(..beginning.len()).is_some_and(|start| start.eq_ignore_ascii_case(beginning.as_bytes()))
    };
    let has = |part: &&str| memchr::memmem::find(value, part.as_bytes()).is_some();
    BEGINNINGS.iter().any(starts_with) || is_template(value) || PARTS.iter().any(has) || is_variable(value)
}

/// A name in curly brackets, as programs fill it in.
fn is_template(value: &[u8]) -> bool {
    let Some(open) = memchr::memchr(b'{', value) else { return false };
    let close = NAME.with(":#?!").run(value, open + 1, 64);
    close > open + 1 && value.get(close) == Some(&b'}')
}

/// `$NAME`, `%NAME%`, `%s`, `:name`, `<name>`
fn is_variable(value: &[u8]) -> bool {
    let is_name = |name: &[u8]| name.first().is_some_and(|byte| !byte.is_ascii_digit()) && WORD.holds(name);
    match value {
        [b'<', ..] | [.., b'>'] => true,
        [b'$', name @ ..] => {
            is_name(name) && (!name.iter().any(u8::is_ascii_digit) || !name.iter().any(u8::is_ascii_lowercase))
        }
        [b'%', name @ .., b'%'] => is_name(name),
        [b'%', name @ ..] => name.len() <= 2,
        [b':', name @ ..] => is_name(name) && name.len() < 20,
        _ => false,
    }
}

/// One character over and over, a row of the alphabet, a short text repeated.
fn is_monotonous(value: &[u8]) -> bool {
    let text: Vec<u8> = value.iter().filter(|&&byte| ALNUM.has(byte)).map(u8::to_ascii_lowercase).collect();
    if text.len() < 6 {
        return true;
    }
    let mut seen = [false; 256];
    text.iter().for_each(|&byte| seen[usize::from(byte)] = true);
    let kinds = seen.into_iter().filter(|&seen| seen).count();
    let step_of = |distance: usize| {
        let pairs = text.iter().zip(&text[distance..]);
        let in_row = pairs.filter(|(first, second)| first.abs_diff(**second) <= 1).count();
        in_row * 100 / (text.len() - distance)
    };
    let repeats = |period: usize| period * 2 <= text.len() && text.iter().zip(&text[period..]).all(|(a, b)| a == b);
    kinds * 4 <= text.len().min(16) || step_of(1) >= 60 || step_of(2) >= 75 || (1..=16).any(repeats)
}

/// Whether it is made of [`WORDS`], numbers of few digits and signs only.
fn are_words(lower: &[u8]) -> bool {
    let mut parts = lower.split(|byte| !byte.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
    parts.all(|part| are_joined_words(part, 8))
}

fn are_joined_words(part: &[u8], depth: usize) -> bool {
    if part.is_empty() || part.len() > LONGEST_WORDS {
        return part.is_empty();
    }
    let Some(depth) = depth.checked_sub(1) else { return false };
    let digits = part.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits > 0 {
        return digits <= 4 && are_joined_words(&part[digits..], depth);
    }
    let begins = |word: &&&str| part.starts_with(word.as_bytes());
    WORDS.iter().filter(begins).any(|word| are_joined_words(&part[word.len()..], depth))
}

fn is_known(value: &[u8]) -> bool {
    KNOWN.iter().any(|(start, end)| {
        let known = [start.as_bytes(), end.as_bytes()].concat();
        // The body of a token comes without its beginning.
        known.ends_with(value) && value.len() >= 16 || value == known
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_are_told_from_credentials() {
        let examples = [
            "AKIAIOSFODNN7EXAMPLE",
            "your-api-key-here",
            "xxxxxxxxxxxxxxxx",
            "<token>",
            "${TOKEN}",
            "$(pass show x)",
            "$DB_PASSWORD",
            "changeme",
            "1234567890abcdef1234567890abcdef",
            "a1b2c3d4e5f6g7h8i9j0",
            "my-secret-token",
            "supersecretpassword123",
            "0000000000000000",
            "{{ .Values.password }}",
            "abcabcabcabcabc",
            "s3cr...t",
            "%PASSWORD%",
            "process.env.API_KEY",
            "password",
            "op://vault/item/field",
            "****************",
            "test_key_123",
        ];
        for example in examples {
            assert!(is_placeholder(example.as_bytes()), "{example}");
        }
        let credentials = [
            "hV7kq2Lm9ZtRw4Xc",
            "Tr0ub4dor&3",
            "correct-horse-battery-staple",
            "Sommer2024!",
            "a94a8fe5ccb19ba61c4c0873",
            "kX9#mP2$vL",
            "$2b$12$abcd",
            "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
        ];
        for credential in credentials {
            assert!(!is_placeholder(credential.as_bytes()), "{credential}");
        }
    }
}
