//! Recording: events and the rows that follow from them, in one transaction.
//!
//! The rows say what `State::apply` makes of the same events; a test compares the two after every record.

mod after;
mod attention;
pub(crate) mod conversations;
mod due;
mod gates;
mod jobs;
mod log;
mod outbox;
mod pace;
mod polls;
mod runs;
mod sessions;
mod talk;
pub(crate) mod threads;
mod waits;

use instar_core::event::{Event, Fact, RunFinished};
use instar_core::id::JobSlug;
use jiff::Timestamp;
use sqlx::{Connection, SqliteConnection};

use crate::error::StoreError;
use crate::open::{Store, begin};

pub(crate) use self::attention::take_over;
pub(crate) use self::log::skip_reason;
pub(crate) use self::pace::level;

/// The one connection that writes.
#[derive(Debug)]
pub(crate) enum Writer {
    /// `next_seq` is the number of the next event.
    Ready {
        connection: SqliteConnection,
        next_seq: i64,
    },
    /// The last transaction failed or was abandoned. How far it came is not known, so its connection is not used again.
    Lost,
    Closed,
}

impl Writer {
    pub(crate) async fn ready(mut connection: SqliteConnection) -> Result<Self, sqlx::Error> {
        let next_seq = log::next_seq(&mut connection).await?;
        Ok(Self::Ready { connection, next_seq })
    }

    pub(crate) async fn close(self) {
        match self {
            Self::Ready { connection, .. } => close(connection).await,
            Self::Lost | Self::Closed => {}
        }
    }
}

/// Why a transaction was given up.
#[derive(Debug)]
enum Failure {
    OccurrenceTaken { slug: JobSlug, due: Timestamp },
    Sql(sqlx::Error),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Sql(error)
    }
}

impl Store {
    /// Records all events in one transaction and returns the number of the first. On an error nothing is recorded.
    ///
    /// The numbers have no gaps: an attempt that failed, or whose future was dropped, uses none up.
    pub async fn record(&self, events: &[Event]) -> Result<i64, StoreError> {
        let mut writer = self.0.writer.lock().await;
        let (mut connection, first_seq) = self.take_connection(&mut writer).await?;
        match write(&mut connection, first_seq, events).await {
            Ok(next_seq) => {
                *writer = Writer::Ready { connection, next_seq };
                Ok(first_seq)
            }
            Err(failure) => {
                close(connection).await;
                Err(match failure {
                    Failure::OccurrenceTaken { slug, due } => StoreError::OccurrenceTaken { slug, due },
                    Failure::Sql(error) => self.error(error),
                })
            }
        }
    }

    /// The connection of the writer, to be put back once what it was taken for has succeeded.
    pub(crate) async fn take_connection(&self, writer: &mut Writer) -> Result<(SqliteConnection, i64), StoreError> {
        match std::mem::replace(writer, Writer::Lost) {
            Writer::Ready { connection, next_seq } => Ok((connection, next_seq)),
            Writer::Lost => self.reconnect().await.map_err(|error| self.error(error)),
            Writer::Closed => {
                *writer = Writer::Closed;
                Err(StoreError::Closed { path: self.0.path.clone() })
            }
        }
    }

    /// A commit that was abandoned may still be under way: only who may write sees where the log ends.
    async fn reconnect(&self) -> Result<(SqliteConnection, i64), sqlx::Error> {
        let mut connection = self.0.connect().await?;
        let mut transaction = begin(&mut connection).await?;
        let next_seq = log::next_seq(&mut transaction).await?;
        transaction.rollback().await?;
        Ok((connection, next_seq))
    }
}

/// What is not committed is rolled back by closing. A failure to close loses nothing that was recorded.
pub(crate) async fn close(connection: SqliteConnection) {
    let _ = connection.close().await;
}

/// Returns the number of the next event.
async fn write(connection: &mut SqliteConnection, first_seq: i64, events: &[Event]) -> Result<i64, Failure> {
    let mut transaction = begin(connection).await?;
    let mut seq = first_seq;
    for event in events {
        log::insert(&mut transaction, event, seq).await?;
        project(&mut transaction, event.at, &event.fact).await?;
        seq += 1;
    }
    transaction.commit().await?;
    Ok(seq)
}

/// Changes the rows that a fact is about.
#[expect(clippy::too_many_lines, reason = "a flat list, one arm for each kind of fact")]
async fn project(connection: &mut SqliteConnection, at: Timestamp, fact: &Fact) -> Result<(), Failure> {
    match fact {
        Fact::HostStarted { .. }
        | Fact::HostStopped
        | Fact::RunQueued { .. }
        | Fact::RunProgressed { .. }
        | Fact::PredecessorImported { .. }
        | Fact::PluginsChanged { .. }
        | Fact::PluginNoted(_)
        | Fact::HousekeepingBegun
        | Fact::HousekeepingDone { .. }
        | Fact::HousekeepingFailed { .. }
        | Fact::QuotaRead { .. }
        | Fact::MemoryPressed { .. }
        | Fact::QuotaStale { .. } => {}
        Fact::JobsRead { file } => jobs::read(connection, file).await?,
        Fact::JobsBegun { .. }
        | Fact::ZoneSet { .. }
        | Fact::Paused { .. }
        | Fact::Resumed { .. }
        | Fact::OccurrencesPassed { .. }
        | Fact::RetryDropped { .. } => due::changed(connection, at, fact).await?,
        Fact::RunRequested { run, slug, trigger, request } => {
            runs::requested(connection, at, *run, slug.as_ref(), trigger, request).await?;
        }
        Fact::RunSkipped { run, reason, .. } => runs::skipped(connection, at, *run, reason).await?,
        Fact::GateBegun { .. } | Fact::GateEnded { .. } | Fact::WorkloadReported { .. } => {
            gates::changed(connection, fact).await?
        }
        Fact::AttentionRaised { .. }
        | Fact::AttentionTurned { .. }
        | Fact::AttentionPruned { .. }
        | Fact::Tuned { .. }
        | Fact::JobRenamed { .. }
        | Fact::QuotaLevelChanged { .. } => follow(connection, at, fact).await?,
        Fact::RunAdmitted { run, slug: _ } => runs::admitted(connection, at, *run).await?,
        Fact::RunPassed { run, slug: _ } => runs::passed(connection, *run).await?,
        Fact::RunStarting { slug, session, launch, plugin_state } => {
            runs::starting(connection, at, slug.as_ref(), session, launch, plugin_state).await?;
        }
        Fact::RunStarted { run, session, deadline, .. } => runs::started(connection, *run, *session, *deadline).await?,
        Fact::RunWaiting { .. } | Fact::RunWoke { .. } => waits::changed(connection, fact).await?,
        Fact::RunUsed { .. } | Fact::RunAnswered { .. } | Fact::MessageAccepted { .. } | Fact::SessionTurned { .. } => {
            talk::changed(connection, at, fact).await?;
        }
        Fact::RunStopping { run, cause, slug: _ } => runs::stopping(connection, *run, cause).await?,
        Fact::HandoffLeft { .. } | Fact::SupervisionAsked { .. } | Fact::RunSupervised { .. } => {
            after::told(connection, fact).await?;
        }
        Fact::SessionEnded { run, session, end, .. } => runs::session_ended(connection, *run, session, end).await?,
        Fact::RunFinished(finished) => finish(connection, at, finished).await?,
        Fact::Conversed(fact) => conversations::changed(connection, at, fact).await?,
        Fact::ClockSetBack { by_ms } => set_back(connection, *by_ms, at).await?,
        Fact::Listening { notifier, listening } => polls::changed(connection, notifier, listening).await?,
        Fact::NoticeRaised { .. }
        | Fact::NoticeTried { .. }
        | Fact::NoticePartDelivered { .. }
        | Fact::NoticeDelivered { .. }
        | Fact::NoticeFailed { .. } => outbox::changed(connection, at, fact).await?,
    }
    Ok(())
}

async fn finish(connection: &mut SqliteConnection, at: Timestamp, finished: &RunFinished) -> Result<(), sqlx::Error> {
    runs::finished(connection, at, finished).await?;
    due::retry_planned(connection, finished).await
}

/// What people should look at, and the pace and the names of jobs.
async fn follow(connection: &mut SqliteConnection, at: Timestamp, fact: &Fact) -> Result<(), sqlx::Error> {
    attention::changed(connection, at, fact).await?;
    if let Fact::JobRenamed { from, to } = fact {
        attention::renamed(connection, from, to).await?;
        threads::renamed(connection, from, to).await?;
    }
    pace::changed(connection, at, fact).await
}

/// All that waits for a time waits for one so much earlier.
async fn set_back(connection: &mut SqliteConnection, by_ms: i64, now: Timestamp) -> Result<(), sqlx::Error> {
    due::set_back(connection, by_ms, now).await?;
    runs::set_back(connection, by_ms).await?;
    outbox::set_back(connection, by_ms).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use instar_core::job::Job;
    use instar_core::jobs_file::JobsFile;
    use serde_json::json;
    use sqlx::Row;
    use std::sync::Arc;

    /// An event whose row needs a page of its own and more.
    fn large_event() -> Event {
        let entry = json!({"slug": "big", "name": "x".repeat(200_000), "schedule": "* * * * *",
                           "execute": {"type": "script", "value": "x"}});
        let jobs = vec![Arc::new(Job::parse(0, &entry).unwrap())];
        Event {
            at: Timestamp::UNIX_EPOCH,
            fact: Fact::JobsRead { file: Arc::new(JobsFile { jobs, ..JobsFile::default() }) },
        }
    }

    fn small_event() -> Event {
        Event { at: Timestamp::UNIX_EPOCH, fact: Fact::HostStopped }
    }

    async fn pragma(store: &Store, pragma: &'static str) -> i64 {
        let mut writer = store.0.writer.lock().await;
        let Writer::Ready { connection, .. } = &mut *writer else { panic!("{writer:?}") };
        sqlx::query(pragma).fetch_one(connection).await.unwrap().get(0)
    }

    #[tokio::test]
    async fn full_disk_records_nothing_and_is_forgotten_once_there_is_space() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("instar.db")).await.unwrap();
        assert_eq!(store.record(&[small_event()]).await.unwrap(), 1);
        // The limit is of the connection: the next one has space again.
        pragma(&store, "PRAGMA max_page_count = 1").await;
        let error = store.record(&[small_event(), large_event()]).await.expect_err("there was space");
        assert!(matches!(error, StoreError::Full { .. }) && error.is_transient(), "{error:?}");
        let snapshot = store.restore().await.unwrap();
        assert_eq!((snapshot.last_seq, snapshot.restored.jobs.jobs.len()), (1, 0), "half of it was recorded");
        assert_eq!(store.record(&[small_event(), large_event()]).await.unwrap(), 2);
        assert_eq!(store.restore().await.unwrap().restored.jobs.jobs.len(), 1);
    }

    #[tokio::test]
    async fn each_transaction_is_on_disk_before_it_is_answered() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("instar.db")).await.unwrap();
        assert_eq!(pragma(&store, "PRAGMA synchronous").await, 2, "not FULL");
        assert_eq!(pragma(&store, "PRAGMA foreign_keys").await, 1);
        assert_eq!(pragma(&store, "PRAGMA busy_timeout").await, 5000);
    }
}
