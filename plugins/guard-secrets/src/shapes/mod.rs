//! Finders for what has no fixed beginning or length. Each is called where its anchor stands and stays within a few
//! kilobytes of it, so that no text makes a scan slow.

pub(crate) mod aws;
pub(crate) mod hashes;
pub(crate) mod header;
pub(crate) mod jwt;
pub(crate) mod placed;
pub(crate) mod private_key;
pub(crate) mod shell;
pub(crate) mod url;

use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const PLAIN64: GeneralPurpose = GeneralPurpose::new(&STANDARD, LENIENT);
const URL_SAFE64: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, LENIENT);

/// What base64 stands for, in either alphabet.
pub(crate) fn decode64(text: &[u8]) -> Option<Vec<u8>> {
    PLAIN64.decode(text).or_else(|_| URL_SAFE64.decode(text)).ok()
}

/// Where the value that begins at `at` ends: at a space, a quote or a bracket.
pub(crate) fn value_end(text: &[u8], at: usize) -> usize {
    const LONGEST: usize = 2048;
    let end = text.len().min(at + LONGEST);
    let ends = |&place: &usize| text[place] <= b' ' || matches!(text[place], b'"' | b'\'' | b'`' | b'<' | b'>' | 0x7f);
    (at..end).find(ends).unwrap_or(end)
}

/// The first place behind `at` at which `what` stands, within `reach` bytes.
pub(crate) fn find_within(text: &[u8], at: usize, reach: usize, what: &[u8]) -> Option<usize> {
    let end = text.len().min(at.saturating_add(reach));
    memchr::memmem::find(text.get(at..end)?, what).map(|place| at + place)
}
