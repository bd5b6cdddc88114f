//! The end of an output made readable: what a message or a list can show.

/// The last bytes of a stream, and nothing else of it.
#[derive(Default)]
pub(crate) struct Tail {
    bytes: Vec<u8>,
    is_cut: bool,
}

impl Tail {
    /// Enough raw bytes that 4 KiB of text are left once colours are gone.
    pub(crate) const KEPT: usize = 16 * 1024;

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        // Cut at twice the size, so that bytes are not moved for every little write.
        if self.bytes.len() > 2 * Self::KEPT {
            self.bytes.drain(..self.bytes.len() - Self::KEPT);
            self.is_cut = true;
        }
    }

    pub(crate) fn readable(&self) -> String {
        let surplus = self.bytes.len().saturating_sub(Self::KEPT);
        readable(&self.bytes[surplus..], self.is_cut || surplus > 0)
    }
}

/// The longest text that a result carries.
const LONGEST: usize = 4 * 1024;

/// The last 4 KiB at most, begun at a line where there is one, without control sequences.
///
/// `is_cut` says that `bytes` begin somewhere in a line.
pub(crate) fn readable(bytes: &[u8], is_cut: bool) -> String {
    let whole = match bytes.iter().position(|byte| *byte == b'\n') {
        Some(at) if is_cut => &bytes[at + 1..],
        _ => bytes,
    };
    let text = plain(&String::from_utf8_lossy(whole));
    if text.len() <= LONGEST {
        return text;
    }
    let cut = text.ceil_char_boundary(text.len() - LONGEST);
    let end = &text[cut..];
    match end.split_once('\n') {
        Some((_, lines)) if !lines.is_empty() => lines.to_owned(),
        _ => end.to_owned(),
    }
}

/// Text as a terminal would show it, roughly: no colours, and a line that was drawn anew only once.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\x1b' => skip_sequence(&mut letters),
            '\r' if letters.peek() == Some(&'\n') => {}
            // A progress bar goes back to the start of its line to overwrite it.
            '\r' => plain.truncate(plain.rfind('\n').map_or(0, |at| at + 1)),
            '\n' | '\t' => plain.push(letter),
            control if control.is_control() => {}
            _ => plain.push(letter),
        }
    }
    plain
}

/// Skips what follows an escape character, by ECMA-48: a control sequence, a string, or one letter.
fn skip_sequence(letters: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match letters.next() {
        Some('[') => {
            letters.find(|letter| ('\x40'..='\x7e').contains(letter));
        }
        Some(']' | 'P' | 'X' | '^' | '_') => {
            while let Some(letter) = letters.next() {
                match letter {
                    '\x07' => return,
                    '\x1b' => {
                        letters.next_if_eq(&'\\');
                        return;
                    }
                    _ => {}
                }
            }
        }
        // Intermediate characters announce one more.
        Some(' '..='/') => {
            letters.next();
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_sequences_are_stripped() {
        let cases = [
            ("\x1b[1;31mred\x1b[0m\n", "red\n"),
            ("\x1b]0;title\x07text", "text"),
            ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
            ("\x1b(Bplain", "plain"),
            ("10%\r50%\r100%\r\ndone\r\n", "100%\ndone\n"),
            ("tab\tbell\x07 nul\0", "tab\tbell nul"),
            ("cut \x1b[", "cut "),
        ];
        for (raw, expected) in cases {
            assert_eq!(readable(raw.as_bytes(), false), expected, "{raw:?}");
        }
    }

    #[test]
    fn long_output_is_cut_at_a_line() {
        let lines: String = (0..2000).map(|line| format!("line {line}\n")).collect();
        let mut tail = Tail::default();
        lines.as_bytes().chunks(7).for_each(|chunk| tail.push(chunk));
        let text = tail.readable();
        assert!(text.starts_with("line ") && text.ends_with("line 1999\n"), "{text}");
        assert!((LONGEST - 20..=LONGEST).contains(&text.len()), "{}", text.len());
    }

    #[test]
    fn one_endless_line_is_cut_at_a_letter() {
        let mut tail = Tail::default();
        tail.push("é".repeat(50_000).as_bytes());
        let text = tail.readable();
        assert_eq!(text.trim_start_matches('\u{fffd}').len(), LONGEST, "{text}");
    }
}
