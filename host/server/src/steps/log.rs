//! The thread that writes steps down.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use instar_core::id::RunId;
use instar_engine::{KeptStep, StepLog};
use jiff::Timestamp;

use super::line::Line;
use crate::disk::{self, Mode};
use crate::guards::GuardDesk;
use crate::secrets_file::SecretsFile;

/// What is kept of one run, in bytes; a run that talks on a terminal has no end of steps.
const LARGEST: u64 = 4 << 20;
/// What is kept of all runs; the oldest go first.
const LARGEST_FOLDER: u64 = 256 << 20;
/// So many steps wait to be written.
const LONGEST_QUEUE: usize = 256;
const TOO_MANY: &str = "too many steps came at once, and it was not kept";
const TOO_LONG: &str = "more than 4 MiB were kept of this run, and nothing of its later steps";

/// `.instar/state/steps`.
#[derive(Debug)]
pub(crate) struct StepFiles {
    folder: PathBuf,
    sender: SyncSender<Order>,
    /// Of these runs steps were left out since the last one was written.
    left_out: Arc<Mutex<Vec<RunId>>>,
}

#[derive(Debug)]
enum Order {
    Keep(RunId, Box<KeptStep>),
    /// Answers when all before it is written.
    Settle(SyncSender<()>),
}

/// What the thread works with.
struct Writer {
    folder: PathBuf,
    desk: GuardDesk,
    secrets: SecretsFile,
    left_out: Arc<Mutex<Vec<RunId>>>,
    /// Runs of which no more is kept.
    full: BTreeSet<RunId>,
}

impl StepFiles {
    pub(crate) fn open(folder: PathBuf, desk: GuardDesk, secrets: SecretsFile) -> io::Result<Self> {
        disk::create_folder(&folder, Mode::Private)?;
        let (sender, orders) = sync_channel(LONGEST_QUEUE);
        let left_out = Arc::<Mutex<Vec<RunId>>>::default();
        let (waiting, full) = (left_out.clone(), BTreeSet::new());
        let mut writer = Writer { folder: folder.clone(), desk, secrets, left_out: waiting, full };
        std::thread::Builder::new().name("step-log".to_owned()).spawn(move || writer.work(&orders))?;
        Ok(Self { folder, sender, left_out })
    }

    /// Where the steps of a run are.
    pub(crate) fn file(folder: &Path, run: RunId) -> PathBuf {
        folder.join(format!("{run}.jsonl"))
    }

    /// Waits until what was handed over is written, or this time is over. Blocks.
    pub(crate) fn settle(&self, patience: Duration) {
        let (done, waits) = sync_channel(1);
        if self.sender.try_send(Order::Settle(done)).is_ok() {
            let _ = waits.recv_timeout(patience);
        }
    }
}

impl StepLog for StepFiles {
    fn keep(&self, run: RunId, step: KeptStep) {
        match self.sender.try_send(Order::Keep(run, Box::new(step))) {
            Ok(()) | Err(TrySendError::Disconnected(_)) => {}
            Err(TrySendError::Full(_)) => self.left_out.lock().unwrap_or_else(PoisonError::into_inner).push(run),
        }
    }

    fn runs(&self) -> io::Result<Vec<RunId>> {
        let files = oldest_first(&self.folder)?;
        let mut total: u64 = files.iter().map(|(_, _, bytes)| bytes).sum();
        let mut runs = Vec::new();
        for (run, path, bytes) in files {
            if total > LARGEST_FOLDER {
                total -= bytes;
                remove(&path);
                continue;
            }
            runs.push(run);
        }
        Ok(runs)
    }

    fn forget(&self, runs: &[RunId]) {
        runs.iter().for_each(|run| remove(&Self::file(&self.folder, *run)));
    }
}

/// Ids begin with their time.
fn oldest_first(folder: &Path) -> io::Result<Vec<(RunId, PathBuf, u64)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let run = path.file_stem().and_then(|name| name.to_str()).and_then(|name| name.parse().ok());
        if let Some(run) = run {
            files.push((run, path, entry.metadata().map_or(0, |found| found.len())));
        }
    }
    files.sort_by_key(|(run, _, _): &(RunId, _, _)| *run);
    Ok(files)
}

fn remove(path: &Path) {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(%error, "{} could not be removed", path.display());
        }
        _ => {}
    }
}

impl Writer {
    /// Until nobody can hand anything over any more.
    fn work(&mut self, orders: &Receiver<Order>) {
        while let Ok(order) = orders.recv() {
            match order {
                Order::Settle(done) => drop(done.try_send(())),
                Order::Keep(run, step) => {
                    let left_out = std::mem::take(&mut *self.left_out.lock().unwrap_or_else(PoisonError::into_inner));
                    left_out.into_iter().for_each(|run| self.write(run, &Line::missing(TOO_MANY)));
                    let line = self.line(&step);
                    self.write(run, &line);
                }
            }
        }
    }

    fn line(&self, step: &KeptStep) -> Line {
        let secrets = self.secrets.known();
        Line::of(step, |value| self.desk.redact(value, &secrets, Timestamp::now()))
    }

    fn write(&mut self, run: RunId, line: &Line) {
        if self.full.contains(&run) {
            return;
        }
        let path = StepFiles::file(&self.folder, run);
        match append(&path, line) {
            Ok(true) => {}
            Ok(false) => drop(self.full.insert(run)),
            Err(error) => tracing::warn!(%error, "a step cannot be kept in {}", path.display()),
        }
    }
}

/// Whether there was room for it.
fn append(path: &Path, line: &Line) -> io::Result<bool> {
    let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
    let (before, text) = (file.metadata()?.len(), line.text());
    let has_room = before + text.len() as u64 <= LARGEST;
    file.write_all(&if has_room { text } else { Line::missing(TOO_LONG).text() })?;
    Ok(has_room)
}
