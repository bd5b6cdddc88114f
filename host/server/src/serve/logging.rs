//! The log of a server or lifeline: a file in `.instar/logs`, bounded, and standard error in the foreground.
//!
//! Neither tokens nor prompts are ever logged; that is kept where the lines are written.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::Context as _;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, fmt};

/// At this size the log becomes `server.log.1`, and a new one begins.
const LARGEST_LOG: u64 = 5 * 1024 * 1024;
/// Statements of the database and steps of the network are nobody's news.
const USUAL_FILTER: &str = "info,sqlx=warn,hyper=warn,notify=warn";

/// Begins to log. `INSTAR_LOG` says what, as in `INSTAR_LOG=debug`.
pub(crate) fn start(path: PathBuf, foreground: bool) -> anyhow::Result<()> {
    let file =
        LogFile::open(path.clone(), LARGEST_LOG).with_context(|| format!("failed to open {}", path.display()))?;
    let to_file = fmt::layer().with_ansi(false).with_target(false).with_writer(Mutex::new(file)).with_filter(filter());
    let to_stderr = foreground.then(|| {
        let is_terminal = io::IsTerminal::is_terminal(&io::stderr());
        fmt::layer().with_ansi(is_terminal).with_target(false).with_writer(io::stderr).with_filter(filter())
    });
    // A second server in one process exists in tests only, and keeps the first one's log.
    let _ = tracing_subscriber::registry().with(to_file).with(to_stderr).try_init();
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "panicked: {}", panic.payload_as_str().unwrap_or("for no stated reason"));
    }));
    Ok(())
}

fn filter() -> EnvFilter {
    EnvFilter::try_from_env("INSTAR_LOG").unwrap_or_else(|_| EnvFilter::new(USUAL_FILTER))
}

/// A file that is put aside when it is full, so that a log takes twice its limit at most.
#[derive(Debug)]
struct LogFile {
    path: PathBuf,
    file: File,
    written: u64,
    limit: u64,
}

impl LogFile {
    fn open(path: PathBuf, limit: u64) -> io::Result<Self> {
        let file = append(&path)?;
        let written = file.metadata()?.len();
        Ok(Self { path, file, written, limit })
    }

    fn rotate(&mut self) -> io::Result<()> {
        let mut aside = self.path.clone().into_os_string();
        aside.push(".1");
        std::fs::rename(&self.path, aside)?;
        self.file = append(&self.path)?;
        self.written = 0;
        Ok(())
    }
}

impl Write for LogFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let would_be = self.written + bytes.len() as u64;
        // A log that cannot be put aside goes on: what is in it now matters more.
        if would_be > self.limit && self.written > 0 && self.rotate().is_err() {
            self.written = 0;
        }
        let count = self.file.write(bytes)?;
        self.written += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// The file of a log, as the one who writes it opens it.
pub(crate) fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    #[test]
    fn a_full_log_is_put_aside_and_both_are_private() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("server.log");
        let mut log = LogFile::open(path.clone(), 10).unwrap();
        for line in ["one\n", "two\n", "three\n", "four\n"] {
            log.write_all(line.as_bytes()).unwrap();
        }
        let read = |name| std::fs::read_to_string(dir.path().join(name)).unwrap();
        assert_eq!((read("server.log.1").as_str(), read("server.log").as_str()), ("three\n", "four\n"));
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_log_that_was_full_before_is_put_aside_at_the_first_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("server.log");
        std::fs::write(&path, "a long line of yesterday\n").unwrap();
        LogFile::open(path.clone(), 10).unwrap().write_all(b"new\n").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "new\n");
    }
}
