//! Text that comes from a guest, made fit for a log, a terminal and a database.

/// The longest text of a guest that is kept.
pub(crate) const LONGEST: usize = 4096;

/// Without escape sequences and control characters (line breaks and tabs stay), 4 KiB at most.
pub(crate) fn clean(text: &str) -> String {
    clean_up_to(text, LONGEST)
}

pub(crate) fn clean_up_to(text: &str, longest: usize) -> String {
    let mut cleaned = String::with_capacity(text.len().min(longest));
    let mut rest = text.chars();
    while let Some(next) = rest.next() {
        if next == '\u{1b}' {
            rest = after_escape(rest);
            continue;
        }
        if next.is_control() && next != '\n' && next != '\t' {
            continue;
        }
        if cleaned.len() + next.len_utf8() > longest {
            break;
        }
        cleaned.push(next);
    }
    cleaned
}

/// Bytes that need not be UTF-8, cleaned.
pub(crate) fn clean_bytes(bytes: &[u8]) -> String {
    clean(String::from_utf8_lossy(bytes).trim())
}

/// Skips what belongs to an escape character that was just read: `[…letter`, `]…BEL` or one character.
fn after_escape(mut rest: std::str::Chars<'_>) -> std::str::Chars<'_> {
    let begin = rest.clone();
    match rest.next() {
        Some('[') => {
            for next in rest.by_ref() {
                if ('\u{40}'..='\u{7e}').contains(&next) {
                    break;
                }
            }
            rest
        }
        Some(']') => {
            let mut before = ' ';
            for next in rest.by_ref() {
                if next == '\u{7}' || (before == '\u{1b}' && next == '\\') {
                    break;
                }
                before = next;
            }
            rest
        }
        Some(next) if next.is_ascii_graphic() => rest,
        _ => begin,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(clean(text), expected);
    }

    #[test]
    fn escape_sequences_and_control_characters_are_removed() {
        check("\u{1b}[31mred\u{1b}[0m", "red");
        check("\u{1b}]0;title\u{7}text", "text");
        check("\u{1b}]8;;http://x\u{1b}\\link", "link");
        check("a\u{0}b\rc\u{9b}d\u{1b}", "abcd");
        check("two\nlines\tand a tab, grüße", "two\nlines\tand a tab, grüße");
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        let cleaned = clean(&"é".repeat(LONGEST));
        assert_eq!(cleaned.len(), LONGEST);
        assert_eq!(clean_up_to("aé", 2), "a");
    }
}
