//! Private keys over many lines: PEM, OpenSSH, PGP, PuTTY. The whole block is found, not its first line.

use super::{decode64, find_within};
use crate::class::{ALNUM, BASE64, BLANK};
use crate::kinds::shaped::PRIVATE_KEY;
use crate::rarity;
use crate::rules::Found;

/// A key of 16,384 bits has 13 kB.
const LONGEST: usize = 24 << 10;
const LONGEST_LINE: usize = 256;
const LABEL: usize = 80;
/// The body of the smallest key, one of Ed25519 in PKCS 8.
const SHORTEST: usize = 60;

/// From the first line of a block.
pub(crate) fn from_begin(text: &[u8], at: usize, found: &mut dyn FnMut(Found)) {
    let Some(label_end) = label_end(text, at + 10) else { return };
    let end = match find_within(text, label_end, LONGEST, b"----") {
        Some(border) if is_end(&text[border..]) => BLANK.run_back(text, line_end(text, border), 4),
        _ => body_end(text, label_end),
    };
    if is_body(&text[label_end..end]) {
        found(Found { kind: PRIVATE_KEY, start: at, end });
    }
}

/// Up to the last line of a block whose first line was cut off.
pub(crate) fn to_end(text: &[u8], at: usize, found: &mut dyn FnMut(Found)) {
    let Some(end) = label_end(text, at + 9) else { return };
    let mut start = at;
    while let Some(line) = line_before(text, start) {
        let is_body = BASE64.holds(trim(&text[line..start])) && start - line >= 16 && at - line < LONGEST;
        if !is_body {
            break;
        }
        start = line;
    }
    if is_body(&text[start..at]) {
        found(Found { kind: PRIVATE_KEY, start, end });
    }
}

/// PuTTY's own form, which names its parts.
pub(crate) fn putty(text: &[u8], at: usize, found: &mut dyn FnMut(Found)) {
    let Some(start) = find_within(text, at, LONGEST, b"Private-Lines:") else { return };
    let mac = find_within(text, start, LONGEST, b"Private-MAC:");
    let end = mac.map_or_else(|| body_end(text, line_end(text, start)), |mac| line_end(text, mac));
    found(Found { kind: PRIVATE_KEY, start, end });
}

/// A block in base64, as Kubernetes keeps it.
pub(crate) fn in_base64(text: &[u8], at: usize, found: &mut dyn FnMut(Found)) {
    if at.checked_sub(1).is_some_and(|before| ALNUM.has(text[before])) {
        return;
    }
    let end = BASE64.run(text, at, LONGEST * 2);
    let first = decode64(&text[at..at + (end - at).min(64)]).unwrap_or_default();
    if memchr::memmem::find(&first, b"PRIVATE KEY").is_some() {
        found(Found { kind: PRIVATE_KEY, start: at, end });
    }
}

/// `-----END …`
fn is_end(border: &[u8]) -> bool {
    let word = border.iter().position(|&byte| byte != b'-' && byte != b' ').unwrap_or(border.len());
    border[word..].starts_with(b"END ")
}

/// Where the first line ends, if it says that this is a private key.
fn label_end(text: &[u8], label: usize) -> Option<usize> {
    let end = find_within(text, label, LABEL, b"----")?;
    let is_private = memchr::memmem::find(&text[label..end], b"PRIVATE KEY").is_some();
    is_private.then(|| end + text[end..].iter().take_while(|&&byte| byte == b'-').count())
}

/// Enough base64 that somebody generated; documents shorten theirs.
fn is_body(body: &[u8]) -> bool {
    let letters: Vec<u8> = body.iter().copied().filter(|&byte| BASE64.has(byte)).collect();
    let is_cut =
        memchr::memmem::find(body, b"...").is_some() || memchr::memmem::find(body, "\u{2026}".as_bytes()).is_some();
    // A pattern for such blocks, as programs have it that take them away.
    let is_pattern = body.starts_with(b"[") || memchr::memmem::find(&body[..body.len().min(40)], b"[\\s\\S]").is_some();
    letters.len() >= SHORTEST && !is_cut && !is_pattern && rarity::entropy(&letters) > 3.6
}

/// The end of the lines of base64 that follow, where the last line of a block is missing.
fn body_end(text: &[u8], at: usize) -> usize {
    let mut end = at;
    while end < text.len() && end - at < LONGEST {
        let next = line_end(text, end + 1);
        let line = trim(&text[end..next]);
        let is_header = || end - at < 200 && line.len() < 200 && line.contains(&b':');
        if !BASE64.holds(line) && !is_header() {
            break;
        }
        end = next;
    }
    end
}

fn line_end(text: &[u8], at: usize) -> usize {
    let at = at.min(text.len());
    let last = text.len().min(at + LONGEST);
    memchr::memchr(b'\n', &text[at..last]).map_or(last, |place| at + place)
}

/// Where the line before `at` begins; `at` is the beginning of a line or the end of the text.
fn line_before(text: &[u8], at: usize) -> Option<usize> {
    let end = at.checked_sub(1)?;
    let first = end.saturating_sub(LONGEST_LINE);
    Some(memchr::memrchr(b'\n', &text[first..end]).map_or(first, |place| first + place + 1))
}

/// A line without what JSON, YAML or a diff puts around it.
fn trim(line: &[u8]) -> &[u8] {
    let is_frame = |byte: &u8| BLANK.has(*byte) || matches!(byte, b'"' | b'\'' | b',' | b'+' | b'-' | b'|' | b'>');
    let start = line.iter().position(|byte| !is_frame(byte)).unwrap_or(line.len());
    let end = line.iter().rposition(|byte| !is_frame(byte)).map_or(start, |place| place + 1);
    &line[start..end]
}
