//! Where the output of a command goes: the log, the tail of the result, and the pane.

use std::path::Path;

use super::pane::Pane;
use crate::output::{Log, Tail};

pub(super) struct Sink {
    log: Log,
    tail: Tail,
    pane: Pane,
}

impl Sink {
    pub(super) fn open(dir: &Path, cap: u64) -> Self {
        Self { log: Log::create(dir, cap), tail: Tail::default(), pane: Pane::open() }
    }

    pub(super) async fn take(&mut self, chunk: &[u8]) {
        self.log.write(chunk);
        self.tail.push(chunk);
        self.pane.show(chunk).await;
    }

    /// The readable end of the output, and why the log is not complete, if it is not.
    pub(super) fn close(self) -> (String, Option<String>) {
        (self.tail.readable(), self.log.fault())
    }
}
