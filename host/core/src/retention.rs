//! How long the host keeps what has ended, and what follows from that at one moment.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::id::SessionId;

/// The operator's settings. What is open is kept whatever they say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Runs that ended longer ago go, with their sessions.
    pub runs_days: u32,
    pub events_days: u32,
    /// What sessions printed, and the other files of their folders.
    pub output_days: u32,
    pub max_runs: u64,
    pub max_events: u64,
    pub max_output_bytes: u64,
    /// What people and agents said to each other.
    pub messages_days: u32,
}

/// A clock that jumps may bring a due time back; as long as this its run is remembered, so that it is not run twice.
const OCCURRENCES_KEPT: SignedDuration = SignedDuration::from_hours(48);
/// A folder that no known session has may belong to one that is just being made or restored.
const STRAYS_KEPT: SignedDuration = SignedDuration::from_hours(24);

/// What may go from the database at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cutoffs {
    pub runs_before: Timestamp,
    /// Runs of later due times stay, however many there are.
    pub occurrences_before: Timestamp,
    pub events_before: Timestamp,
    pub max_runs: u64,
    pub max_events: u64,
    pub messages_before: Timestamp,
}

/// The folder of a session, as it is found on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionFolder {
    pub id: SessionId,
    pub bytes: u64,
    pub changed_at: Timestamp,
}

/// How much housekeeping took away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cleared {
    pub runs: u64,
    pub sessions: u64,
    pub events: u64,
    /// Deliveries that were settled.
    pub deliveries: u64,
    /// Folders of sessions.
    pub folders: u64,
    /// The bytes in these folders.
    pub output_bytes: u64,
}

impl Retention {
    pub fn cutoffs(&self, now: Timestamp) -> Cutoffs {
        Cutoffs {
            runs_before: days_before(now, self.runs_days),
            occurrences_before: before(now, OCCURRENCES_KEPT),
            events_before: days_before(now, self.events_days),
            max_runs: self.max_runs,
            max_events: self.max_events,
            messages_before: days_before(now, self.messages_days),
        }
    }

    /// The folders that may go, oldest first. `ends` says of each known session when its run ended; `None` is open.
    pub fn folders_to_clear(
        &self,
        folders: &[SessionFolder],
        ends: &BTreeMap<SessionId, Option<Timestamp>>,
        now: Timestamp,
    ) -> Vec<SessionFolder> {
        let total: u64 = folders.iter().map(|folder| folder.bytes).sum();
        let mut excess = total.saturating_sub(self.max_output_bytes);
        let mut closed: Vec<(Timestamp, SessionFolder)> = folders
            .iter()
            .filter_map(|folder| match ends.get(&folder.id) {
                Some(Some(ended_at)) => Some((*ended_at, *folder)),
                Some(None) => None,
                None => (folder.changed_at < before(now, STRAYS_KEPT)).then_some((Timestamp::MIN, *folder)),
            })
            .collect();
        closed.sort_by_key(|(ended_at, folder)| (*ended_at, folder.id));
        let oldest_kept = days_before(now, self.output_days);
        let mut clear = Vec::new();
        for (ended_at, folder) in closed {
            if ended_at >= oldest_kept && excess == 0 {
                break;
            }
            excess = excess.saturating_sub(folder.bytes);
            clear.push(folder);
        }
        clear
    }
}

fn days_before(now: Timestamp, days: u32) -> Timestamp {
    before(now, SignedDuration::from_hours(24 * i64::from(days)))
}

fn before(now: Timestamp, age: SignedDuration) -> Timestamp {
    now.checked_sub(age).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u64) -> SessionId {
        format!("00000000-0000-0000-0000-{number:012}").parse().unwrap()
    }

    fn hours_ago(hours: i64) -> Timestamp {
        before(now(), SignedDuration::from_hours(hours))
    }

    fn now() -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap()
    }

    /// Folders of 10 bytes each, named by number; what is told of each is the end of its run, in hours ago.
    #[track_caller]
    fn check(days: u32, max_bytes: u64, told: &[(u64, Option<Option<i64>>)], cleared: &[u64]) {
        let retention = Retention {
            runs_days: 90,
            events_days: 30,
            output_days: days,
            max_runs: 1,
            max_events: 1,
            max_output_bytes: max_bytes,
            messages_days: 365,
        };
        let folder = |number: u64, hours| SessionFolder { id: id(number), bytes: 10, changed_at: hours_ago(hours) };
        let folders: Vec<_> = told.iter().map(|(number, end)| folder(*number, end.flatten().unwrap_or(48))).collect();
        let ends = told.iter().filter_map(|(number, end)| Some((id(*number), end.as_ref()?.map(hours_ago)))).collect();
        let found = retention.folders_to_clear(&folders, &ends, now());
        assert_eq!(
            found.iter().map(|folder| folder.id).collect::<Vec<_>>(),
            cleared.iter().map(|it| id(*it)).collect::<Vec<_>>()
        );
    }

    #[test]
    fn folders_go_by_age_and_then_by_size_the_oldest_first() {
        let ended = |hours| Some(Some(hours));
        check(14, 1000, &[(1, ended(400)), (2, ended(1)), (3, ended(500))], &[3, 1]);
        check(14, 15, &[(1, ended(3)), (2, ended(1)), (3, ended(2))], &[1, 3]);
        check(0, 1000, &[(1, ended(1))], &[1]);
    }

    #[test]
    fn folders_of_open_runs_stay_whatever_their_size() {
        check(0, 0, &[(1, Some(None)), (2, Some(None))], &[]);
    }

    #[test]
    fn a_folder_that_no_session_knows_goes_when_it_is_older_than_a_day() {
        check(14, 1000, &[(1, None)], &[1]);
        let retention = Retention {
            runs_days: 0,
            events_days: 0,
            output_days: 0,
            max_runs: 0,
            max_events: 0,
            max_output_bytes: 0,
            messages_days: 0,
        };
        let fresh = SessionFolder { id: id(1), bytes: 10, changed_at: hours_ago(23) };
        assert_eq!(retention.folders_to_clear(&[fresh], &BTreeMap::new(), now()), []);
    }
}
