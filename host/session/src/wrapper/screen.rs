//! What can be seen on the terminal of a command.

use std::num::NonZeroU16;

use rustix::termios::Winsize;
use vt100::Parser;

/// The screen as a person would see it now.
pub(super) struct Screen {
    parser: Parser,
}

impl Screen {
    pub(super) fn new(size: Winsize) -> Self {
        let (rows, columns) = measures(size);
        Self { parser: Parser::new(rows, columns, 0) }
    }

    pub(super) fn show(&mut self, output: &[u8]) {
        self.parser.process(output);
    }

    pub(super) fn resize(&mut self, size: Winsize) {
        let (rows, columns) = measures(size);
        self.parser.set_size(rows, columns);
    }

    /// Line by line, without the blanks at their ends.
    pub(super) fn lines(&self) -> Vec<String> {
        let screen = self.parser.screen();
        screen.rows(0, screen.size().1.get()).map(|line| line.trim_end().to_owned()).collect()
    }

    /// Whether the program wants to be told what was pasted.
    pub(super) fn wants_brackets(&self) -> bool {
        self.parser.screen().bracketed_paste()
    }
}

fn measures(size: Winsize) -> (NonZeroU16, NonZeroU16) {
    let at_least_one = |measure| NonZeroU16::new(measure).unwrap_or(NonZeroU16::MIN);
    (at_least_one(size.ws_row), at_least_one(size.ws_col))
}
