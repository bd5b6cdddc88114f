//! The corpus in `tests/corpus/secrets`: texts with credentials in them, and look-alikes without.
//!
//! Each file is a family. Its `tuned` half may be looked at while rules are made; its `untouched` half may not.
//! `⟦` and `⟧` stand around what must not be seen. `¦` stands within each credential that a scanner of repositories
//! would trip over; none of the three is part of a text.

use std::fs;
use std::path::Path;

use serde::Deserialize;

#[derive(Deserialize)]
struct Family {
    tuned: Half,
    untouched: Half,
}

#[derive(Deserialize)]
struct Half {
    leaks: Vec<String>,
    clean: Vec<String>,
}

/// A text with the bytes that must not be seen.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    pub family: String,
    pub is_untouched: bool,
    pub text: Vec<u8>,
    /// For each byte whether it belongs to a credential. Nothing does in a clean text.
    pub secret: Vec<bool>,
}

/// How a text is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    Plain,
    /// As a terminal gets it, with colours around words, around credentials and within them.
    Coloured,
}

impl Sample {
    pub(super) fn is_leak(&self) -> bool {
        self.secret.contains(&true)
    }

    fn new(family: &str, is_untouched: bool, marked: &str) -> Self {
        let (mut text, mut secret, mut inside) = (Vec::new(), Vec::new(), false);
        for character in marked.chars() {
            match character {
                '⟦' => inside = true,
                '⟧' => inside = false,
                '¦' => {}
                _ => {
                    text.extend(character.encode_utf8(&mut [0; 4]).bytes());
                    secret.resize(text.len(), inside);
                }
            }
        }
        Self { family: family.to_owned(), is_untouched, text, secret }
    }

    pub(super) fn shown(&self, look: Look) -> Self {
        if look == Look::Plain {
            return self.clone();
        }
        let (mut text, mut secret) = (Vec::new(), Vec::new());
        for (place, &byte) in self.text.iter().enumerate() {
            let was_secret = place > 0 && self.secret[place - 1];
            let begins_word = place > 0 && self.text[place - 1] == b' ' && byte.is_ascii_alphabetic();
            let colour: &[u8] = match (was_secret, self.secret[place]) {
                (false, true) => b"\x1b[01;31m\x1b[K",
                (true, false) => b"\x1b[m\x1b[K",
                (true, true) if place % 11 == 0 => b"\x1b[38;5;208m",
                (false, false) if begins_word => b"\x1b[36m",
                _ => b"",
            };
            text.extend_from_slice(colour);
            secret.resize(text.len(), false);
            text.push(byte);
            secret.push(self.secret[place]);
        }
        Self { text, secret, ..self.clone() }
    }
}

/// All samples of all families.
pub(super) fn read() -> Vec<Sample> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/corpus/secrets");
    let mut paths: Vec<_> = fs::read_dir(&folder)
        .expect("the corpus is there")
        .map(|entry| entry.expect("it can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    paths.sort();
    let mut samples = Vec::new();
    for path in paths {
        let name = path.file_stem().expect("a file has a name").to_string_lossy().into_owned();
        let family: Family =
            toml::from_str(&fs::read_to_string(&path).expect("it can be read")).expect("a family is TOML");
        for (is_untouched, half) in [(false, family.tuned), (true, family.untouched)] {
            let texts = half.leaks.iter().chain(&half.clean);
            samples.extend(texts.map(|marked| Sample::new(&name, is_untouched, marked)));
        }
    }
    samples
}
