//! Is a value the work of a random generator, or of a writer? Letters that follow each other tell them apart.

use crate::placeholder::is_placeholder;

/// For each small letter the letters that often follow it in English words and in names of programs: the pairs that
/// make up 90 % of those. A random pair is one of them in a third of all cases.
const FOLLOWERS: [&str; 26] = [
    "bcdgiklmnprstuvwy",
    "aeilosu",
    "acehiklorstu",
    "adeilorsu",
    "acdefglmnprstvx",
    "aefiloru",
    "ehinoru",
    "aeior",
    "abcdefglmnoprstvz",
    "",
    "eis",
    "adeilostuy",
    "aeimopsu",
    "acdefginostuv",
    "bcdgiklmnoprstuvw",
    "aeiloprstu",
    "u",
    "acdeikmnorstuy",
    "acehilopstuy",
    "acehilorstuy",
    "abceilmnprst",
    "aei",
    "aeinor",
    "pt",
    "n",
    "e",
];

const PAIRS: [u32; 26] = pairs();

const fn pairs() -> [u32; 26] {
    let mut pairs = [0; 26];
    let mut letter = 0;
    while letter < 26 {
        let mut at = 0;
        while at < FOLLOWERS[letter].len() {
            pairs[letter] |= 1 << (FOLLOWERS[letter].as_bytes()[at] - b'a');
            at += 1;
        }
        letter += 1;
    }
    pairs
}

/// Whether the body of a token, which has the right form, may be a real one.
pub(crate) fn is_credential(body: &[u8]) -> bool {
    entropy(body) >= least_entropy(body.len()) && !is_placeholder(body)
}

/// Below this, nobody generated it: bits for each character, over a length.
fn least_entropy(length: usize) -> f32 {
    match length {
        0..12 => 1.8,
        12..20 => 2.3,
        _ => 2.7,
    }
}

/// How much a character tells, in bits.
pub(crate) fn entropy(text: &[u8]) -> f32 {
    let mut counts = [0_u32; 256];
    for &byte in text {
        counts[usize::from(byte)] += 1;
    }
    let length = text.len() as f32;
    let of = |count: u32| {
        let share = count as f32 / length;
        -share * share.log2()
    };
    counts.into_iter().filter(|&count| count > 0).map(of).sum()
}

/// Whether some part of the value looks like the work of a generator.
pub(crate) fn is_random(value: &[u8]) -> bool {
    let mut parts = value.split(|byte| !byte.is_ascii_alphanumeric());
    parts.any(is_random_part) || is_motley(value)
}

/// A part without signs.
fn is_random_part(part: &[u8]) -> bool {
    if part.len() < 8 {
        return false;
    }
    let digits = part.iter().filter(|byte| byte.is_ascii_digit()).count();
    let letters = part.len() - digits;
    match (digits, letters) {
        (_, 0) => part.len() >= 24,
        (0, _) => part.len() >= 10 && common_pairs(part) < 0.6,
        _ if switches(part) >= 3 => common_pairs(part) < 0.8 || switches(part) * 4 >= part.len(),
        _ => common_pairs(part) < 0.6 && entropy(part) > 2.3,
    }
}

/// Capital letters, small ones and digits in no order, as base64 has them.
fn is_motley(value: &[u8]) -> bool {
    let text: Vec<u8> = value.iter().copied().filter(u8::is_ascii_alphanumeric).collect();
    let has_all = [u8::is_ascii_digit, u8::is_ascii_lowercase, u8::is_ascii_uppercase]
        .into_iter()
        .all(|is_of: fn(&u8) -> bool| text.iter().any(is_of));
    has_all && text.len() >= 16 && (switches(&text) + humps(&text)) * 100 >= text.len() * 38
}

/// How often a digit follows a letter, or the other way round.
fn switches(text: &[u8]) -> usize {
    text.windows(2).filter(|pair| pair[0].is_ascii_digit() != pair[1].is_ascii_digit()).count()
}

/// How often a capital letter follows a small one.
fn humps(text: &[u8]) -> usize {
    text.windows(2).filter(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase()).count()
}

/// Which share of the pairs of letters is common in words; all of them where there are none.
pub(crate) fn common_pairs(text: &[u8]) -> f32 {
    let (mut common, mut all) = (0_u32, 0_u32);
    for pair in text.windows(2) {
        if pair[0].is_ascii_alphabetic() && pair[1].is_ascii_alphabetic() {
            // A hump begins a new word.
            if pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase() {
                continue;
            }
            let (first, second) = (pair[0].to_ascii_lowercase() - b'a', pair[1].to_ascii_lowercase() - b'a');
            all += 1;
            common += PAIRS[usize::from(first)] >> second & 1;
        }
    }
    if all == 0 { 1.0 } else { common as f32 / all as f32 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_from_noise() {
        let words = [
            "authentication",
            "getUserTokenFromRequest",
            "gpt-4-turbo-2024-04-09",
            "us-east-1",
            "application/json",
            "2026-11-22T10:11:12Z",
            "my-service-v2-prod",
            "some_identifier_name",
            "IO.Hystrix.Command",
            "version12",
            "/run/secrets/db_password",
            "MyApp-v2-Prod-3",
        ];
        for word in words {
            assert!(!is_random(word.as_bytes()), "{word}");
        }
        let noise = [
            "a94a8fe5ccb19ba61c4c0873d391e987",
            "qzxvkjwpqhfg",
            "Zk3vQ9+xT1/bR7mW2yLp",
            "hV7kq2Lm9ZtRw4Xc",
            "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
            "xKqWvZtRbNmLpGhJ",
        ];
        for value in noise {
            assert!(is_random(value.as_bytes()), "{value}");
        }
    }

    #[test]
    fn entropy_is_in_bits() {
        assert!(entropy(b"aaaa") < 0.01);
        assert!((entropy(b"abcd") - 2.0).abs() < 0.01);
        assert!(entropy(b"") < 0.01);
    }
}
