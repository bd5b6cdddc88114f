//! What people and programs see: JSON, tables, colours, times, and no control characters of others.

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::time::Duration;

use comfy_table::{Cell, Color, ColumnConstraint, ContentArrangement, Table, Width, presets};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::exit::Failure;

/// Where and how to print. Time and zone are values, so that a table can be tested.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    pub(crate) json: bool,
    pub(crate) colour: bool,
    /// The width of the terminal; `None` when nobody looks.
    pub(crate) width: Option<u16>,
    pub(crate) now: Timestamp,
    pub(crate) zone: TimeZone,
}

/// What a cell wants to say beside its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Plain,
    Good,
    Bad,
    Warn,
    Dim,
}

/// A text in one cell of a table.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    text: String,
    tone: Tone,
}

impl Shown {
    pub(crate) fn new(text: impl AsRef<str>, tone: Tone) -> Self {
        Self { text: one_line(text.as_ref()), tone }
    }

    pub(crate) fn plain(text: impl AsRef<str>) -> Self {
        Self::new(text, Tone::Plain)
    }
}

impl Output {
    pub(crate) fn of_process(json: bool) -> Self {
        let width = io::stdout().is_terminal().then(terminal_width);
        Self {
            json,
            colour: wants_colour(width.is_some(), |name| std::env::var(name).ok()),
            width,
            now: Timestamp::now(),
            zone: TimeZone::system(),
        }
    }

    /// Prints one line, or several.
    pub(crate) fn line(&self, text: impl AsRef<str>) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_ref().as_bytes())?;
        out.write_all(b"\n")?;
        Ok(out.flush()?)
    }

    /// Prints bytes as they are.
    pub(crate) fn raw(&self, bytes: &[u8]) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        out.write_all(bytes)?;
        Ok(out.flush()?)
    }

    pub(crate) fn value(&self, value: &Value) -> Result<(), Failure> {
        self.line(format!("{value:#}"))
    }

    /// Advice and progress go beside the output, so that a pipe stays clean; nobody has to read them.
    pub(crate) fn note(&self, text: impl AsRef<str>) {
        if !self.json {
            let _ = writeln!(io::stderr(), "{}", text.as_ref());
        }
    }

    /// Does work that may take a while. On a terminal a person sees that it goes on, and for how long.
    pub(crate) fn during<T>(&self, what: &str, work: impl FnOnce() -> T) -> T {
        if self.json || !io::stderr().is_terminal() {
            return work();
        }
        let style = ProgressStyle::with_template("{spinner} {msg} ({elapsed})");
        let spinner = ProgressBar::new_spinner().with_message(what.to_owned());
        let spinner = spinner.with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        spinner.enable_steady_tick(Duration::from_millis(100));
        let done = work();
        spinner.finish_and_clear();
        done
    }

    /// Says why the command failed: on stdout as JSON, else as a sentence on stderr.
    pub(crate) fn failure(&self, failure: &Failure) {
        let Failure::Said { sentence, body, .. } = failure else { return };
        if self.json {
            let _ = self.value(body);
        } else {
            let _ = writeln!(io::stderr(), "instar: {}", printable(sentence).trim_end());
        }
    }

    pub(crate) fn table(&self, header: &[&str], rows: Vec<Vec<Shown>>) -> Result<(), Failure> {
        self.line(self.render(header, rows))
    }

    pub(crate) fn render(&self, header: &[&str], rows: Vec<Vec<Shown>>) -> String {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        match self.width {
            Some(width) => {
                table.set_content_arrangement(ContentArrangement::Dynamic);
                table.set_width(width);
            }
            None => {
                table.set_content_arrangement(ContentArrangement::Disabled);
            }
        }
        if self.colour {
            table.enforce_styling()
        } else {
            table.force_no_tty()
        };
        table.set_header(header.iter().map(|name| self.cell(&Shown::new(name, Tone::Dim))));
        table.add_rows(rows.iter().map(|row| row.iter().map(|shown| self.cell(shown)).collect::<Vec<_>>()));
        for (column, name) in table.column_iter_mut().zip(header) {
            column.set_padding((0, 2));
            // A narrow terminal breaks texts, but no names of columns.
            let width = u16::try_from(name.len() + 2).unwrap_or(u16::MAX);
            column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(width)));
        }
        table.trim_fmt()
    }

    fn cell(&self, shown: &Shown) -> Cell {
        let cell = Cell::new(&shown.text);
        match (self.colour, shown.tone) {
            (false, _) | (true, Tone::Plain) => cell,
            (true, Tone::Good) => cell.fg(Color::Green),
            (true, Tone::Bad) => cell.fg(Color::Red),
            (true, Tone::Warn) => cell.fg(Color::Yellow),
            (true, Tone::Dim) => cell.fg(Color::DarkGrey),
        }
    }

    /// A time as people here read it, with how far away it is.
    pub(crate) fn time(&self, at: Timestamp) -> String {
        let local = at.to_zoned(self.zone.clone());
        format!("{} ({})", local.strftime("%Y-%m-%d %H:%M:%S"), self.distance(at))
    }

    /// `in 5m` or `2h ago`.
    pub(crate) fn distance(&self, at: Timestamp) -> String {
        let ahead = at.duration_since(self.now);
        let text = duration(ahead.abs());
        if ahead.is_negative() { format!("{text} ago") } else { format!("in {text}") }
    }
}

/// A length of time in its one or two largest units.
pub(crate) fn duration(length: SignedDuration) -> String {
    let seconds = length.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => two(seconds / 60, "m", seconds % 60, "s"),
        3600..86_400 => two(seconds / 3600, "h", seconds % 3600 / 60, "m"),
        _ => two(seconds / 86_400, "d", seconds % 86_400 / 3600, "h"),
    }
}

fn two(large: i64, large_unit: &str, small: i64, small_unit: &str) -> String {
    if small == 0 { format!("{large}{large_unit}") } else { format!("{large}{large_unit} {small}{small_unit}") }
}

/// A text of others without what a terminal would obey; line ends and tabs stay.
///
/// Escape sequences go as a whole, so that no rubble of them is left.
pub(crate) fn printable(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\u{1b}' => skip_sequence(&mut letters),
            '\n' | '\t' => clean.push(letter),
            _ if letter.is_control() || turns_direction(letter) => {}
            _ => clean.push(letter),
        }
    }
    clean
}

/// Called behind an escape character.
fn skip_sequence(letters: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match letters.next() {
        Some('[') => {
            letters.find(|letter| matches!(letter, '\u{40}'..='\u{7e}'));
        }
        Some(']' | 'P' | 'X' | '^' | '_') => {
            while let Some(letter) = letters.next() {
                match letter {
                    '\u{7}' => return,
                    '\u{1b}' => {
                        letters.next();
                        return;
                    }
                    _ => {}
                }
            }
        }
        Some('(' | ')' | '*' | '+' | '#' | ' ' | '%') => {
            letters.next();
        }
        Some(_) | None => {}
    }
}

/// Such letters can make a name look like another one.
fn turns_direction(letter: char) -> bool {
    matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The same for one cell: no line ends and no tabs either.
pub(crate) fn one_line(text: &str) -> String {
    printable(text).split(['\n', '\t']).map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The first letters of a text, with a mark where more was.
pub(crate) fn shortened(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((cut, _)) => format!("{}…", text[..cut].trim_end()),
        None => text.to_owned(),
    }
}

/// A path as a shell takes it.
pub(crate) fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let harmless = |letter: char| letter.is_ascii_alphanumeric() || "/._-+:@%,=".contains(letter);
    if !text.is_empty() && text.chars().all(harmless) { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

/// `NO_COLOR` wins, then `CLICOLOR_FORCE`, then `CLICOLOR=0` and a dumb terminal, then the terminal itself.
fn wants_colour(terminal: bool, variable: impl Fn(&str) -> Option<String>) -> bool {
    let is_set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
    let is = |name: &str, expected: &str| variable(name).is_some_and(|value| value == expected);
    if is_set("NO_COLOR") {
        return false;
    }
    if is_set("CLICOLOR_FORCE") && !is("CLICOLOR_FORCE", "0") {
        return true;
    }
    terminal && !is("CLICOLOR", "0") && !is("TERM", "dumb")
}

fn terminal_width() -> u16 {
    match rustix::termios::tcgetwinsize(io::stdout()) {
        Ok(size) if size.ws_col > 0 => size.ws_col,
        Ok(_) | Err(_) => 80,
    }
}

#[cfg(test)]
pub(crate) fn for_tests(now: &str) -> Output {
    Output {
        json: false,
        colour: false,
        width: None,
        now: now.parse().expect("tests give a valid time"),
        zone: TimeZone::UTC,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piped_table_is_plain_text_without_tabs_or_trailing_blanks() {
        let out = for_tests("2026-01-01T00:00:00Z");
        let rows = vec![
            vec![Shown::plain("check-email"), Shown::new("yes", Tone::Good)],
            vec![Shown::plain("a\tb\u{1b}[31m\nc"), Shown::plain("no")],
        ];
        let text = out.render(&["SLUG", "ENABLED"], rows);
        insta::assert_snapshot!(text, @r"
        SLUG         ENABLED
        check-email  yes
        a b c        no
        ");
        assert!(!text.contains('\t') && text.lines().all(|line| line == line.trim_end()), "{text:?}");
    }

    #[test]
    fn colours_come_only_when_they_are_wanted() {
        let mut out = for_tests("2026-01-01T00:00:00Z");
        out.colour = true;
        let text = out.render(&["A"], vec![vec![Shown::new("bad", Tone::Bad)]]);
        assert!(text.contains("\u{1b}["), "{text:?}");
    }

    #[track_caller]
    fn check_colour(terminal: bool, variables: &[(&str, &str)], expected: bool) {
        let look_up = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        assert_eq!(wants_colour(terminal, look_up), expected, "terminal {terminal}, {variables:?}");
    }

    #[test]
    fn the_environment_decides_about_colours() {
        check_colour(true, &[], true);
        check_colour(false, &[], false);
        check_colour(true, &[("NO_COLOR", "1")], false);
        check_colour(true, &[("NO_COLOR", "")], true);
        check_colour(true, &[("CLICOLOR", "0")], false);
        check_colour(false, &[("CLICOLOR_FORCE", "1")], true);
        check_colour(false, &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false);
        check_colour(true, &[("TERM", "dumb")], false);
    }

    #[test]
    fn what_a_terminal_would_obey_is_taken_out() {
        for (text, clean) in [
            ("\u{1b}[1;31mred\u{1b}[0m", "red"),
            ("\u{1b}]52;c;aGVsbG8=\u{7}after", "after"),
            ("\u{1b}]0;title\u{1b}\\after", "after"),
            ("a\u{9b}31mb\rc\u{8}", "a31mbc"),
            ("abc\u{202e}def", "abcdef"),
            ("line\n\tnext", "line\n\tnext"),
            ("cut \u{1b}[3", "cut "),
            ("größe ✓", "größe ✓"),
        ] {
            assert_eq!(printable(text), clean, "{text:?}");
        }
    }

    #[test]
    fn paths_are_quoted_where_a_shell_would_split_them() {
        for (path, expected) in [("/srv/my.app", "/srv/my.app"), ("/a b", "'/a b'"), ("it's", r"'it'\''s'")] {
            assert_eq!(quoted(Path::new(path)), expected);
        }
    }

    #[test]
    fn times_are_local_and_say_how_far_they_are() {
        let out = for_tests("2026-01-01T12:00:00Z");
        assert_eq!(out.time("2026-01-01T12:05:00Z".parse().unwrap()), "2026-01-01 12:05:00 (in 5m)");
        assert_eq!(out.time("2025-12-30T11:00:00Z".parse().unwrap()), "2025-12-30 11:00:00 (2d 1h ago)");
        assert_eq!(out.distance("2026-01-01T12:00:00Z".parse().unwrap()), "in 0s");
    }
}
