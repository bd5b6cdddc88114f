//! What a command printed: kept with a cap, read from its end.
//!
//! Three files, the oldest first: `output.head.log` holds the first 64 KiB once something had to be
//! dropped, `output.old.log` the last full segment, `output.log` what is being written.
//! The two segments follow each other without a gap; between the head and them lies what was dropped.

mod log;
mod read;
mod shown;
mod tail;

use std::path::Path;

use jiff::Timestamp;

pub(crate) use log::Log;
pub(crate) use read::last_lines;
pub(crate) use shown::{COLUMNS, ROWS, shown_lines, size_mark};
pub(crate) use tail::{Tail, readable};

const HEAD: &str = "output.head.log";
const OLD: &str = "output.old.log";
const NEW: &str = "output.log";

/// The end of a session's output, made readable; empty when there is none.
pub(crate) fn tail_of(dir: &Path) -> String {
    let bytes = read::last_bytes(dir, Tail::KEPT).unwrap_or_default();
    let is_cut = bytes.len() >= Tail::KEPT;
    readable(&bytes, is_cut)
}

pub(crate) fn last_written(dir: &Path) -> Option<Timestamp> {
    Timestamp::try_from(dir.join(NEW).metadata().ok()?.modified().ok()?).ok()
}

/// Gives up the older half of the output.
pub(crate) fn make_room(dir: &Path) {
    std::fs::remove_file(dir.join(OLD)).ok();
}
