//! The contract is released: components that people have speak it, and no change of this tree may break them.

use std::fs;
use std::path::Path;

/// Of `wit/` without its comments. It changes with a new interface, which is no harm: old components do not know it.
/// A changed record, case or function of one that is there breaks them; it takes an interface or a version of its own
/// beside the old one, and a line in `upgrades/`.
const RELEASED: &str = "7c2baff0954f1e32b8003d48403db5c38f202cc94b3724230d0d58ce2c8304c4";

#[test]
fn released_words_stay_as_they_are() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let text: String = files.iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    let code = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    let words: Vec<&str> = code.flat_map(str::split_whitespace).collect();
    assert_eq!(blake3::hash(words.join(" ").as_bytes()).to_hex().as_str(), RELEASED);
}
