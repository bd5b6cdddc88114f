//! Which process is meant: a number alone is given to another process sooner or later.

use std::io;

use serde::{Deserialize, Serialize};

use super::table;

/// A process as it can be written down and found again, also after a reboot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Identity {
    pub(crate) pid: i32,
    pub(crate) start_time: u64,
    pub(crate) boot_id: String,
}

impl Identity {
    /// The process that asks.
    pub(crate) fn own() -> io::Result<Self> {
        let pid = rustix::process::getpid().as_raw_nonzero().get();
        let entry = table::entry(pid).ok_or(io::ErrorKind::NotFound)?;
        Ok(Self { pid, start_time: entry.start_time, boot_id: table::boot_id()? })
    }

    /// Stands where a process could stand and none does.
    pub(crate) fn nobody() -> Self {
        Self { pid: 0, start_time: 0, boot_id: String::new() }
    }

    /// Whether that very process still runs; one that is only not yet waited for does not.
    pub(crate) fn is_alive(&self) -> bool {
        let same = |entry: table::Entry| entry.start_time == self.start_time && !entry.is_zombie;
        table::entry(self.pid).is_some_and(same) && table::boot_id().is_ok_and(|boot_id| boot_id == self.boot_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_time_or_another_boot_is_another_process() {
        let own = Identity::own().unwrap();
        assert!(own.is_alive());
        assert!(!Identity { start_time: own.start_time + 1, ..own.clone() }.is_alive());
        assert!(!Identity { boot_id: "another".to_owned(), ..own }.is_alive());
        assert!(!Identity::nobody().is_alive());
    }
}
