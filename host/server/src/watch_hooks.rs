//! Following what guards did in hooks, which are processes of their own: each leaves a line in the log of decisions, and
//! calls before a tool count for the quarantine as if the server had made them.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use instar_api::GuardDecision;
use instar_engine::AskError;
use tokio::sync::Notify;

use crate::guards::DecisionLog;
use crate::live_plugins::LivePlugins;
use crate::watch_file;

/// Looks until the host shuts down. What was written before it began is left out.
pub(crate) async fn watch(log: DecisionLog, plugins: Arc<LivePlugins>) {
    if let Err(error) = log.prepare() {
        tracing::warn!(%error, "{} cannot be made", log.path().display());
    }
    let tail = Arc::new(Mutex::new(Tail::at_end(log.path())));
    let replaced = Notify::new();
    loop {
        tokio::select! {
            () = watch_file::watch_writes(log.path(), || look(tail.clone(), &plugins, &replaced)) => return,
            // From now on the file that lies there now is watched.
            () = replaced.notified() => {}
        }
    }
}

async fn look(tail: Arc<Mutex<Tail>>, plugins: &LivePlugins, replaced: &Notify) -> Result<(), AskError> {
    let read = move || tail.lock().unwrap_or_else(PoisonError::into_inner).news();
    match tokio::task::spawn_blocking(read).await {
        Ok(Ok(news)) => {
            news.lines.iter().for_each(|line| note(line, plugins));
            if news.is_of_another_file {
                replaced.notify_one();
            }
        }
        Ok(Err(error)) => tracing::warn!(%error, "what guards did in hooks cannot be read"),
        // What panics in there is looked at again at the next change.
        Err(_) => {}
    }
    Ok(())
}

/// Hooks after a tool write down only what they found, so that nothing is known of how often guards answered.
fn note(line: &[u8], plugins: &LivePlugins) {
    let Ok(decision) = serde_json::from_slice::<GuardDecision>(line) else { return };
    if decision.event == "pre-tool-use" {
        for guard in &decision.guards {
            plugins.note_hook(&guard.id, guard.took_us, fault_of(&decision, &guard.id));
        }
    }
}

/// The code with which a guard gave no verdict; the host says it as a rule of that guard.
fn fault_of<'a>(decision: &'a GuardDecision, guard: &str) -> Option<&'a str> {
    let denials = decision.findings.iter().filter(|finding| finding.answer == "deny" && finding.severity == "critical");
    let mut codes = denials.filter_map(|finding| finding.rule.strip_prefix(guard)?.strip_prefix('/'));
    codes.find(|code| instar_plugin::is_own_fault(code))
}

/// A file to whose end others write, and that is put aside when it has grown.
#[derive(Debug)]
struct Tail {
    path: PathBuf,
    file: Option<File>,
    /// The beginning of a line that is not whole yet.
    begun: Vec<u8>,
}

#[derive(Debug)]
struct News {
    /// The whole ones, without their ends.
    lines: Vec<Vec<u8>>,
    /// Another file lies at the place now, and was read from its beginning.
    is_of_another_file: bool,
}

impl Tail {
    fn at_end(path: &Path) -> Self {
        let opened = File::open(path).and_then(|mut file| file.seek(SeekFrom::End(0)).map(|_| file));
        Self { path: path.to_owned(), file: opened.ok(), begun: Vec::new() }
    }

    /// What came since the last look, also in a file that was put aside meanwhile.
    fn news(&mut self) -> io::Result<News> {
        let mut news = News { lines: self.rest()?, is_of_another_file: false };
        let current = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(news),
            Err(error) => return Err(error),
        };
        let is_same = match &self.file {
            Some(file) => file.metadata()?.ino() == current.metadata()?.ino(),
            None => false,
        };
        if !is_same {
            self.file = Some(current);
            self.begun.clear();
            news.lines.extend(self.rest()?);
            news.is_of_another_file = true;
        }
        Ok(news)
    }

    fn rest(&mut self) -> io::Result<Vec<Vec<u8>>> {
        let Some(file) = &mut self.file else { return Ok(Vec::new()) };
        if file.stream_position()? > file.metadata()?.len() {
            file.rewind()?;
            self.begun.clear();
        }
        file.read_to_end(&mut self.begun)?;
        let whole = self.begun.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        let text: Vec<u8> = self.begun.drain(..whole).collect();
        Ok(text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(<[u8]>::to_vec).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;
    use std::io::Write as _;

    use super::*;

    fn write(path: &Path, text: &str) {
        OpenOptions::new().append(true).create(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
    }

    #[track_caller]
    fn check(tail: &mut Tail, expected: &[&str]) {
        let lines = tail.news().unwrap().lines;
        assert_eq!(lines.iter().map(|line| std::str::from_utf8(line).unwrap()).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn each_line_is_read_once_also_when_the_file_is_put_aside() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("d.jsonl");
        write(&path, "before\n");
        let mut tail = Tail::at_end(&path);
        check(&mut tail, &[]);
        write(&path, "a\nb\nhal");
        check(&mut tail, &["a", "b"]);
        write(&path, "f\n");
        check(&mut tail, &["half"]);
        write(&path, "old\n");
        std::fs::rename(&path, dir.path().join("d.jsonl.1")).unwrap();
        check(&mut tail, &["old"]);
        write(&path, "new\n");
        check(&mut tail, &["new"]);
        std::fs::write(&path, "").unwrap();
        check(&mut tail, &[]);
        write(&path, "x\n");
        check(&mut tail, &["x"]);
    }

    #[test]
    fn a_file_that_is_not_there_yet_is_read_from_its_beginning() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("d.jsonl");
        let mut tail = Tail::at_end(&path);
        check(&mut tail, &[]);
        write(&path, "first\n");
        check(&mut tail, &["first"]);
    }

    #[test]
    fn what_a_guard_says_itself_is_no_fault() {
        let decision = |rule: &str, severity: &str| {
            let finding = serde_json::json!({ "rule": rule, "answer": "deny", "severity": severity, "detail": "" });
            let line = serde_json::json!({
                "at": "", "event": "pre-tool-use", "tool": "Read", "subject": "", "answer": "deny",
                "findings": [finding], "guards": [], "unattended": false, "tookUs": 1,
            });
            serde_json::from_value::<GuardDecision>(line).unwrap()
        };
        assert_eq!(fault_of(&decision("g/trap", "critical"), "g"), Some("trap"));
        assert_eq!(fault_of(&decision("g/no-rm", "critical"), "g"), None);
        assert_eq!(fault_of(&decision("g/trap", "high"), "g"), None);
        assert_eq!(fault_of(&decision("g/busy", "critical"), "g"), None);
        assert_eq!(fault_of(&decision("other/trap", "critical"), "g"), None);
    }
}
