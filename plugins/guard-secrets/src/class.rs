//! Sets of ASCII characters, made at compile time: what a credential is written in.

/// A set of ASCII characters. No other byte is ever in one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Class([u64; 2]);

/// `0-9`
pub(crate) const DIGIT: Class = Class::NONE.range(b'0', b'9');
/// `0-9a-f`
pub(crate) const HEX: Class = DIGIT.range(b'a', b'f');
/// Hexadecimal in either case.
pub(crate) const ANY_HEX: Class = HEX.range(b'A', b'F');
/// `A-Z0-9`
pub(crate) const UPPER: Class = DIGIT.range(b'A', b'Z');
/// `a-z0-9`
pub(crate) const LOWER: Class = DIGIT.range(b'a', b'z');
/// What AWS writes its key ids in.
pub(crate) const BASE32: Class = Class::NONE.range(b'A', b'Z').range(b'2', b'7');
pub(crate) const ALNUM: Class = DIGIT.range(b'A', b'Z').range(b'a', b'z');
/// `\w`
pub(crate) const WORD: Class = ALNUM.with("_");
/// base64 as it is written in URLs.
pub(crate) const URL64: Class = WORD.with("-");
/// base64 as it is written elsewhere.
pub(crate) const BASE64: Class = ALNUM.with("+/=");
/// What a name in a program or a configuration is written in.
pub(crate) const NAME: Class = WORD.with("-.");
pub(crate) const SPACE: Class = Class::NONE.with(" \t");
/// Spaces and ends of lines.
pub(crate) const BLANK: Class = SPACE.with("\r\n");
pub(crate) const QUOTE: Class = Class::NONE.with("\"'`");

impl Class {
    pub(crate) const NONE: Self = Self([0; 2]);

    pub(crate) const fn range(self, first: u8, last: u8) -> Self {
        let mut class = self;
        let mut byte = first;
        while byte <= last {
            class.0[(byte >> 6) as usize] |= 1 << (byte & 63);
            byte += 1;
        }
        class
    }

    pub(crate) const fn with(self, more: &str) -> Self {
        let mut class = self;
        let mut at = 0;
        while at < more.len() {
            let byte = more.as_bytes()[at];
            class = class.range(byte, byte);
            at += 1;
        }
        class
    }

    pub(crate) const fn has(self, byte: u8) -> bool {
        byte < 128 && (self.0[(byte >> 6) as usize] >> (byte & 63)) & 1 == 1
    }

    /// Where the run that begins at `at` ends; no further than `most` bytes behind it.
    pub(crate) fn run(self, text: &[u8], at: usize, most: usize) -> usize {
        let end = text.len().min(at.saturating_add(most));
        (at..end).find(|&place| !self.has(text[place])).unwrap_or(end.max(at))
    }

    /// Where the run that ends before `at` begins; no further than `most` bytes before it.
    pub(crate) fn run_back(self, text: &[u8], at: usize, most: usize) -> usize {
        let first = at.saturating_sub(most);
        (first..at).rev().find(|&place| !self.has(text[place])).map_or(first, |place| place + 1)
    }

    pub(crate) fn holds(self, text: &[u8]) -> bool {
        text.iter().all(|&byte| self.has(byte))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_end_where_the_class_ends() {
        let text = b"--abc123--";
        assert_eq!((ALNUM.run(text, 2, 99), ALNUM.run(text, 2, 3), ALNUM.run(text, 0, 9)), (8, 5, 0));
        assert_eq!((ALNUM.run_back(text, 8, 99), ALNUM.run_back(text, 8, 3), ALNUM.run_back(text, 10, 9)), (2, 5, 10));
        assert_eq!((ALNUM.run(text, 10, 9), ALNUM.run(text, 99, 9)), (10, 99));
        assert!(!ALNUM.has(0xe4) && URL64.has(b'-') && !HEX.has(b'A'));
    }
}
