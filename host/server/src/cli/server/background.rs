//! A process of ours that goes on without us: the server or the lifeline, started in the background.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::cli::exit::Failure;
use crate::config::Project;
use crate::disk;

/// More than this nobody says on the way out.
const LONGEST_WORDS: u64 = 1024 * 1024;

/// A process that was started by us and is not ours to own.
#[derive(Debug)]
pub(crate) struct Background {
    child: Child,
    log: File,
    path: PathBuf,
    /// Where in the log its own lines begin.
    log_start: u64,
}

impl Background {
    /// Starts this program with these arguments, to stay in the foreground of no terminal.
    pub(crate) fn spawn(project: &Project, log_file: &Path, arguments: &[&str]) -> Result<Self, Failure> {
        let failed = |error: &std::io::Error| Failure::io("failed to start a process", error);
        let log = open_log(log_file)
            .map_err(|error| Failure::io(format_args!("failed to write {}", log_file.display()), &error))?;
        let log_start = log.metadata().map_or(0, |found| found.len());
        let program = std::env::current_exe().map_err(|error| failed(&error))?;
        let mut command = Command::new(program);
        command.args(arguments).args(["--foreground", "--detached", "--dir"]).arg(project.dir());
        let [out, errors] = [log.try_clone(), log.try_clone()];
        command.current_dir(project.dir()).stdin(Stdio::null());
        command.stdout(out.map_err(|error| failed(&error))?).stderr(errors.map_err(|error| failed(&error))?);
        let child = command.spawn().map_err(|error| failed(&error))?;
        Ok(Self { child, log, path: log_file.to_owned(), log_start })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)))
    }

    /// The sentence with which it ended: its last line in the log.
    pub(crate) fn last_words(&mut self) -> String {
        let mut text = String::new();
        let read = self.log.seek(SeekFrom::Start(self.log_start)).and_then(|_| {
            let mut bytes = Vec::new();
            (&self.log).take(LONGEST_WORDS).read_to_end(&mut bytes)?;
            text = String::from_utf8_lossy(&bytes).into_owned();
            Ok(())
        });
        let words = read.ok().and_then(|()| last_sentence(&text));
        words.unwrap_or_else(|| format!("it ended without a word; see {}", self.path.display()))
    }
}

/// Our own sentence, if there is one, else whatever was said last, as by a panic.
fn last_sentence(log: &str) -> Option<String> {
    let mut lines = log.lines().rev().filter(|line| !line.trim().is_empty());
    let last = lines.next()?;
    let own = std::iter::once(last).chain(lines).find_map(|line| line.strip_prefix("instar: "));
    Some(own.unwrap_or(last).to_owned())
}

fn open_log(path: &Path) -> std::io::Result<File> {
    if let Some(folder) = path.parent() {
        disk::create_folder(folder, disk::Mode::Private)?;
    }
    OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_words_are_our_own_sentence_if_there_is_one() {
        for (log, expected) in [
            ("", None),
            ("a\nb\n\n", Some("b")),
            ("instar: port 4040 is in use\n", Some("port 4040 is in use")),
            ("instar: old\ninstar: new\nnote: a backtrace\n", Some("new")),
        ] {
            assert_eq!(last_sentence(log).as_deref(), expected, "{log:?}");
        }
    }
}
