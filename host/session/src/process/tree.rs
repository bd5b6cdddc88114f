//! Ending everything below a process, whatever groups and sessions it has spread over.
//!
//! Signals to a process group are not enough: agents give their children groups of their own.
//! The root must be a subreaper (the wrapper is), so that orphans stay below it.

use std::collections::HashSet;
use std::time::Duration;

use rustix::process::Signal;
use tokio::time::Instant;

use super::handle::Handle;
use super::table::{self, Entry};

/// How soon a process that was asked or forced to end is looked at again.
const PAUSE: Duration = Duration::from_millis(20);

/// A process stuck in the kernel cannot be killed and must not hold us for ever.
const GIVE_UP: Duration = Duration::from_secs(30);

/// Ends all processes below `root`: asks them to, and after `grace` forces them.
pub(crate) async fn clear(root: i32, grace: Duration) {
    let begun = Instant::now();
    let mut asked = HashSet::new();
    let mut empty_looks = 0;
    // One empty look proves nothing: a process may change its parent while the table is read.
    while empty_looks < 2 {
        let living = living_below(root);
        empty_looks = if living.is_empty() { empty_looks + 1 } else { 0 };
        let is_patient = begun.elapsed() < grace;
        for entry in &living {
            if !is_patient {
                signal(entry, &[Signal::KILL]);
            } else if asked.insert((entry.pid, entry.start_time)) {
                // A stopped process has to be continued to see that it was asked.
                signal(entry, &[Signal::TERM, Signal::CONT]);
            }
        }
        if begun.elapsed() > grace + GIVE_UP {
            tracing::error!(root, left = living.len(), "processes cannot be killed");
            return;
        }
        if empty_looks == 0 {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

fn living_below(root: i32) -> Vec<Entry> {
    let mut below = descendants(root, &table::all().unwrap_or_default());
    below.retain(|entry| !entry.is_zombie);
    below
}

/// Everything whose chain of parents leads to `root`.
fn descendants(root: i32, table: &[Entry]) -> Vec<Entry> {
    let mut found = Vec::new();
    let mut parents = vec![root];
    // The table is no snapshot, so what it says of parents might even go in a circle.
    let mut seen = HashSet::from([root]);
    while let Some(parent) = parents.pop() {
        for entry in table.iter().filter(|entry| entry.parent == parent) {
            if seen.insert(entry.pid) {
                found.push(*entry);
                parents.push(entry.pid);
            }
        }
    }
    found
}

fn signal(entry: &Entry, signals: &[Signal]) {
    let Some(handle) = Handle::of_pid(entry.pid).filter(|handle| handle.started_at(entry.start_time)) else { return };
    for signal in signals {
        if let Err(error) = handle.signal(*signal) {
            tracing::warn!(pid = entry.pid, %error, "failed to signal a process");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descendants_are_found_through_every_generation() {
        let entry = |pid, parent| Entry { pid, parent, start_time: 0, is_zombie: false };
        let table = [entry(1, 0), entry(10, 1), entry(13, 12), entry(11, 10), entry(12, 11), entry(20, 1)];
        let mut pids: Vec<_> = descendants(10, &table).into_iter().map(|entry| entry.pid).collect();
        pids.sort_unstable();
        assert_eq!(pids, [11, 12, 13]);
        assert_eq!(descendants(13, &table), []);
    }
}
