//! Showing the output in the pane, where a person may be watching.
//!
//! By a thread of its own: a pane that takes nothing (its tmux is stopped) must not hold up the log.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::time::Duration;

use tokio::sync::mpsc;

/// Chunks on their way to the pane.
const QUEUE: usize = 64;

/// How long a pane may take before it is passed over; less than the output is waited for at the end.
const PATIENCE: Duration = Duration::from_millis(200);

pub(super) struct Pane {
    chunks: mpsc::Sender<Vec<u8>>,
    is_stuck: bool,
}

impl Pane {
    pub(super) fn open() -> Self {
        let (chunks, queue) = mpsc::channel(QUEUE);
        // Without the thread the queue is closed, and showing does nothing.
        if let Ok(stdout) = io::stdout().as_fd().try_clone_to_owned() {
            std::thread::Builder::new().name("pane".to_owned()).spawn(|| show(stdout.into(), queue)).ok();
        }
        Self { chunks, is_stuck: false }
    }

    /// Waits for a slow pane, so that its picture stays whole, but not for a stuck one.
    pub(super) async fn show(&mut self, chunk: &[u8]) {
        self.is_stuck = if self.is_stuck {
            matches!(self.chunks.try_send(chunk.to_vec()), Err(mpsc::error::TrySendError::Full(_)))
        } else {
            tokio::time::timeout(PATIENCE, self.chunks.send(chunk.to_vec())).await.is_err()
        };
    }
}

fn show(mut stdout: File, mut queue: mpsc::Receiver<Vec<u8>>) {
    while let Some(chunk) = queue.blocking_recv() {
        if write(&mut stdout, &chunk).is_err() {
            return;
        }
    }
}

/// The command shares the terminal and may have made it non-blocking.
fn write(stdout: &mut File, mut chunk: &[u8]) -> io::Result<()> {
    while !chunk.is_empty() {
        match stdout.write(chunk) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => chunk = &chunk[count..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => std::thread::sleep(Duration::from_millis(10)),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
