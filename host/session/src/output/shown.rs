//! The output of a terminal session as people saw it: what scrolled off its screen, then the screen.
//!
//! A program on a terminal draws over what it drew before; its bytes in a row are no text. So the end of them is
//! shown once more, to a terminal that only remembers.

use std::io;
use std::num::NonZeroU16;
use std::path::Path;

use vt100::capture::{BasicFormattedCaptureRange, BasicFormattedCaptureState, RowContents, basic_formatted_to_plain};
use vt100::{Callbacks, Parser, Screen};

use super::read;

/// The size of our panes. A session says in its output when it gets another one.
pub(crate) const ROWS: u16 = 50;
pub(crate) const COLUMNS: u16 = 200;

/// How much of the end is shown again; programs draw a screen of some kilobytes many times.
const SHOWN_AGAIN: usize = 4 << 20;

/// The last `lines` lines that can be read on the terminal, without blanks and empty lines at their ends.
pub(crate) fn shown_lines(dir: &Path, lines: usize) -> io::Result<Vec<u8>> {
    Ok(shown(&read::last_bytes(dir, SHOWN_AGAIN)?, lines).into_bytes())
}

/// For the output: from here on the terminal is of this size. Terminals know it as a wish for a size.
pub(crate) fn size_mark(rows: u16, columns: u16) -> Vec<u8> {
    format!("\x1b[8;{rows};{columns}t").into_bytes()
}

fn shown(bytes: &[u8], lines: usize) -> String {
    let size = |measure| NonZeroU16::new(measure).unwrap_or(NonZeroU16::MIN);
    let mut parser = Parser::new_with_callbacks(size(ROWS), size(COLUMNS), 0, Memory::default());
    parser.process(bytes);
    let (screen, memory) = parser.screen_and_callbacks_mut();
    let all = BasicFormattedCaptureRange::Full(&mut memory.state);
    // A String takes all that is written.
    screen.write_contents_formatted_basic(&mut memory.text, all).ok();
    let plain: String = basic_formatted_to_plain(&memory.text).collect();
    let shown: Vec<&str> = plain.trim_end().lines().map(str::trim_end).collect();
    let last = &shown[shown.len().saturating_sub(lines)..];
    last.iter().flat_map(|line| [line, "\n"]).collect()
}

/// What left the screen at its top, with its colours.
#[derive(Default)]
struct Memory {
    text: String,
    state: BasicFormattedCaptureState,
}

impl Callbacks for Memory {
    fn resize(&mut self, screen: &mut Screen, (rows, columns): (u16, u16)) {
        if let (Some(rows), Some(columns)) = (NonZeroU16::new(rows), NonZeroU16::new(columns)) {
            screen.set_size(rows, columns);
        }
    }

    fn on_scroll(&mut self, line: RowContents<'_>, is_alternate: bool) {
        if !is_alternate {
            // A String takes all that is written.
            line.write_formatted_basic(&mut self.text, &mut self.state).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(output: &str, lines: usize, expected: &str) {
        assert_eq!(shown(output.as_bytes(), lines), expected);
    }

    #[test]
    fn what_was_drawn_over_is_gone_and_colours_too() {
        check("Thinking |\rThinking /\rDone      \r\n\x1b[31mred\x1b[0m", 10, "Done\nred\n");
        check("one\r\ntwo\r\n\x1b[2A\x1b[Jthree", 10, "three\n");
        check("", 10, "");
    }

    #[test]
    fn what_scrolled_off_is_there_and_the_last_lines_are_exactly_as_many() {
        let text: String = (0..500).map(|number| format!("line {number}\r\n")).collect();
        check(&text, 2, "line 498\nline 499\n");
        assert_eq!(shown(text.as_bytes(), 1000).lines().count(), 500);
        check(&text, 0, "");
    }

    #[test]
    fn a_mark_changes_the_size() {
        let marked = [size_mark(2, 4), b"abcdef\r\n1\r\n2".to_vec()].concat();
        assert_eq!(shown(&marked, 10), "abcdef\n1\n2\n");
    }
}
