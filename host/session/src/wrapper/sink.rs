//! Where the output of a command goes: the log, the tail of the result, and the pane.

use std::path::Path;

use rustix::termios::Winsize;

use super::object::Object;
use super::pane::Pane;
use crate::output::{self, Log, Tail};

pub(super) struct Sink {
    log: Log,
    tail: Tail,
    pane: Pane,
    /// Standard output is one JSON object, if the command keeps its word.
    object: Option<Object>,
}

/// What is left of the output for the session's result.
#[derive(Debug, Default)]
pub(super) struct Rest {
    pub(super) tail: String,
    pub(super) report: Option<String>,
    /// Why the log is not complete, if it is not.
    pub(super) log_fault: Option<String>,
}

impl Sink {
    /// `shown` is the field that people see of an object on standard output.
    pub(super) fn open(dir: &Path, cap: u64, shown: Option<String>) -> Self {
        let object = shown.map(Object::new);
        Self { log: Log::create(dir, cap), tail: Tail::default(), pane: Pane::open(), object }
    }

    /// Takes what people are to see.
    pub(super) async fn take(&mut self, chunk: &[u8]) {
        self.log.write(chunk);
        self.tail.push(chunk);
        self.pane.show(chunk).await;
    }

    /// Notes a size of the terminal, for who reads the log later.
    pub(super) fn note_size(&mut self, size: Winsize) {
        self.log.write(&output::size_mark(size.ws_row, size.ws_col));
    }

    /// Takes standard output that came by a pipe.
    pub(super) async fn take_stdout(&mut self, chunk: &[u8]) {
        match &mut self.object {
            None => self.take(chunk).await,
            Some(object) => {
                let shown = object.take(chunk);
                self.take(&shown).await;
            }
        }
    }

    pub(super) async fn close(mut self) -> Rest {
        let mut report = None;
        if let Some(object) = self.object.take() {
            let (shown, told) = object.finish();
            self.take(&shown).await;
            report = told;
        }
        Rest { tail: self.tail.readable(), report, log_fault: self.log.fault() }
    }
}
