//! `instar logs`: the server's own log, read from its file, so that it needs no server.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;

use super::exit::{Exit, Failure};
use super::output::printable;
use super::{Context, examples};

/// Print the last lines of the server's log
#[derive(Debug, clap::Args)]
#[command(after_help = examples(&["instar logs", "instar logs --lines 500", "instar logs --follow"]))]
pub(crate) struct Logs {
    /// How many lines
    #[arg(short = 'n', long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    lines: u32,
    /// Go on printing what comes, also over a restart of the server
    #[arg(short, long)]
    follow: bool,
}

pub(super) const LOOK: Duration = Duration::from_millis(200);
/// No line of ours is longer; a longer piece without an end is printed as it is.
const LONGEST_LINE: usize = 256 * 1024;

pub(crate) fn run(context: &Context, logs: &Logs) -> Result<Exit, Failure> {
    show_log(context, &context.project()?.log_file(), logs)
}

/// The same for any log of ours.
pub(crate) fn show_log(context: &Context, path: &Path, logs: &Logs) -> Result<Exit, Failure> {
    let mut log = Growing::open(path);
    let mut text = log.new_text().map_err(|error| failed(path, &error))?;
    let lines = usize::try_from(logs.lines).unwrap_or(usize::MAX);
    if text.lines().count() < lines {
        text.insert_str(0, &older(path)?);
    }
    let last = last_lines(&text, lines);
    if !logs.follow {
        if text.is_empty() {
            context.out.note(format!("{} is not there yet, or empty.", path.display()));
        }
        return show_all(context, last);
    }
    show(context, last)?;
    loop {
        std::thread::sleep(LOOK);
        let text = log.new_text().map_err(|error| failed(path, &error))?;
        show(context, &text)?;
    }
}

fn failed(path: &Path, error: &io::Error) -> Failure {
    Failure::io(format_args!("failed to read {}", path.display()), error)
}

/// What the log held before it was full.
fn older(path: &Path) -> Result<String, Failure> {
    let mut aside = path.as_os_str().to_owned();
    aside.push(".1");
    match fs::read(&aside) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(failed(Path::new(&aside), &error)),
    }
}

fn show_all(context: &Context, text: &str) -> Result<Exit, Failure> {
    if context.out.json {
        context.out.value(&json!({ "lines": text.lines().collect::<Vec<_>>() }))?;
    } else if !text.is_empty() {
        context.out.line(printable(text).trim_end())?;
    }
    Ok(Exit::Ok)
}

fn show(context: &Context, text: &str) -> Result<(), Failure> {
    if context.out.json {
        return text.lines().try_for_each(|line| context.out.line(json!({ "line": line }).to_string()));
    }
    if text.is_empty() { Ok(()) } else { context.out.raw(printable(text).as_bytes()) }
}

fn last_lines(text: &str, lines: usize) -> &str {
    let inner = text.strip_suffix('\n').unwrap_or(text);
    let start = inner.rmatch_indices('\n').map(|(at, _)| at + 1).nth(lines.saturating_sub(1));
    &text[start.unwrap_or(0)..]
}

/// A log that is read as it grows, over the moment when it is put aside and begun anew.
#[derive(Debug)]
pub(super) struct Growing {
    path: PathBuf,
    file: Option<File>,
    read: u64,
    /// The beginning of a line whose end has not come yet.
    part: Vec<u8>,
}

impl Growing {
    pub(super) fn open(path: &Path) -> Self {
        Self { path: path.to_owned(), file: None, read: 0, part: Vec::new() }
    }

    /// Whole lines that came since the last look.
    pub(super) fn new_text(&mut self) -> io::Result<String> {
        self.read_on()?;
        if self.is_another()? {
            // What was written to the old one until now was read just above, or is read here.
            self.read_on()?;
            self.file = None;
            self.read_on()?;
        }
        let end = self.part.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let end = if self.part.len() - end > LONGEST_LINE { self.part.len() } else { end };
        let lines: Vec<u8> = self.part.drain(..end).collect();
        Ok(String::from_utf8_lossy(&lines).into_owned())
    }

    fn read_on(&mut self) -> io::Result<()> {
        if self.file.is_none() {
            self.file = match File::open(&self.path) {
                Ok(file) => Some(file),
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
                Err(error) => return Err(error),
            };
            self.read = 0;
        }
        let Some(file) = &mut self.file else { return Ok(()) };
        if file.metadata()?.len() < self.read {
            // Somebody emptied it.
            file.seek(SeekFrom::Start(0))?;
            self.read = 0;
        }
        self.read += file.read_to_end(&mut self.part)? as u64;
        Ok(())
    }

    /// Whether the path names another file than the one that is read.
    fn is_another(&self) -> io::Result<bool> {
        let Some(file) = &self.file else { return Ok(false) };
        let opened = file.metadata()?;
        match fs::metadata(&self.path) {
            Ok(named) => Ok((named.dev(), named.ino()) != (opened.dev(), opened.ino())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn append(path: &Path, text: &str) {
        File::options().append(true).create(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
    }

    #[test]
    fn a_log_is_followed_over_its_rotation() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("server.log");
        let mut log = Growing::open(&path);
        assert_eq!(log.new_text().unwrap(), "");
        append(&path, "one\ntw");
        assert_eq!(log.new_text().unwrap(), "one\n");
        append(&path, "o\nthree\n");
        fs::rename(&path, dir.path().join("server.log.1")).unwrap();
        append(&path, "four\n");
        assert_eq!(log.new_text().unwrap(), "two\nthree\nfour\n");
        append(&path, "five\n");
        assert_eq!(log.new_text().unwrap(), "five\n");
    }

    #[test]
    fn a_log_that_was_emptied_is_read_from_its_beginning() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("server.log");
        append(&path, "one\ntwo\n");
        let mut log = Growing::open(&path);
        log.new_text().unwrap();
        fs::write(&path, "new\n").unwrap();
        assert_eq!(log.new_text().unwrap(), "new\n");
    }

    #[test]
    fn the_last_lines_are_exactly_as_many() {
        assert_eq!(last_lines("a\nb\nc\n", 2), "b\nc\n");
        assert_eq!(last_lines("a\n", 5), "a\n");
        assert_eq!(last_lines("", 5), "");
    }
}
