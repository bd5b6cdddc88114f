//! Reads behind the view: what is older than it holds, and what it does not keep.

use std::collections::BTreeSet;

use instar_core::event::EventRecord;
use instar_core::id::{JobSlug, RunId, SessionId, SessionName};
use instar_core::run::RunRecord;
use instar_core::session::Session;
use jiff::Timestamp;
use sqlx::{QueryBuilder, Sqlite};

use crate::error::StoreError;
use crate::open::Store;
use crate::rows::{self, millis, run_record_columns, session_columns};

/// Which events are asked for. All conditions have to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventFilter {
    /// Exactly this type.
    pub kind: Option<String>,
    /// Not older than this.
    pub since: Option<Timestamp>,
    /// Recorded after the event of this number.
    pub after_seq: Option<i64>,
    /// The newest so many.
    pub limit: u32,
}

impl Store {
    pub async fn run(&self, id: RunId) -> Result<Option<RunRecord>, StoreError> {
        const SELECT: &str = concat!(
            "SELECT ",
            run_record_columns!(),
            " FROM runs LEFT JOIN sessions ON sessions.id = runs.session_id WHERE runs.id = $1"
        );
        let row = sqlx::query(SELECT).bind(id.to_string()).fetch_optional(&self.0.readers).await;
        let read = row.and_then(|row| row.as_ref().map(rows::run_record).transpose());
        read.map_err(|error| self.error(error))
    }

    /// All runs that are kept.
    pub async fn run_ids(&self) -> Result<BTreeSet<RunId>, StoreError> {
        let rows = sqlx::query("SELECT id FROM runs").fetch_all(&self.0.readers).await;
        let ids = rows.and_then(|rows| rows.iter().map(|row| rows::parsed(row, "id")).collect());
        ids.map_err(|error| self.error(error))
    }

    /// The newest runs of a job, newest first.
    pub async fn runs_of(&self, slug: &JobSlug, limit: u32) -> Result<Vec<RunRecord>, StoreError> {
        const SELECT: &str = concat!(
            "SELECT ",
            run_record_columns!(),
            " FROM runs LEFT JOIN sessions ON sessions.id = runs.session_id WHERE runs.slug = $1 \
             ORDER BY runs.id DESC LIMIT $2"
        );
        let query = sqlx::query(SELECT).bind(slug.as_str()).bind(i64::from(limit));
        let read = query.fetch_all(&self.0.readers).await;
        let runs = read.and_then(|rows| rows.iter().map(rows::run_record).collect());
        runs.map_err(|error| self.error(error))
    }

    /// The newest runs of all jobs, newest first.
    pub async fn recent_runs(&self, limit: u32) -> Result<Vec<RunRecord>, StoreError> {
        const SELECT: &str = concat!(
            "SELECT ",
            run_record_columns!(),
            " FROM runs LEFT JOIN sessions ON sessions.id = runs.session_id ORDER BY runs.id DESC LIMIT $1"
        );
        let read = sqlx::query(SELECT).bind(i64::from(limit)).fetch_all(&self.0.readers).await;
        let runs = read.and_then(|rows| rows.iter().map(rows::run_record).collect());
        runs.map_err(|error| self.error(error))
    }

    /// Newest first: by time, events of one moment by their number; with `after_seq` by number alone.
    pub async fn events(&self, filter: &EventFilter) -> Result<Vec<EventRecord>, StoreError> {
        let read = select_events(filter).build().fetch_all(&self.0.readers).await;
        let events = read.and_then(|rows| rows.iter().map(rows::event).collect());
        events.map_err(|error| self.error(error))
    }

    /// The events that follow the one of this number, oldest first: how a reader with a cursor goes on.
    pub async fn events_after(&self, seq: i64, limit: u32) -> Result<Vec<EventRecord>, StoreError> {
        const SELECT: &str = "
            SELECT seq, at, type, summary, run_id, session_id, metadata FROM events
            WHERE seq > $1 ORDER BY seq LIMIT $2";
        let read = sqlx::query(SELECT).bind(seq).bind(i64::from(limit)).fetch_all(&self.0.readers).await;
        let events = read.and_then(|rows| rows.iter().map(rows::event).collect());
        events.map_err(|error| self.error(error))
    }

    pub async fn session(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        const SELECT: &str = concat!("SELECT ", session_columns!(), " FROM sessions WHERE sessions.id = $1");
        let row = sqlx::query(SELECT).bind(id.to_string()).fetch_optional(&self.0.readers).await;
        let read = row.and_then(|row| row.as_ref().map(rows::session).transpose());
        read.map_err(|error| self.error(error))
    }

    /// The newest session of that name.
    pub async fn session_named(&self, name: &SessionName) -> Result<Option<Session>, StoreError> {
        const SELECT: &str = concat!(
            "SELECT ",
            session_columns!(),
            " FROM sessions WHERE sessions.name = $1 ORDER BY sessions.id DESC LIMIT 1"
        );
        let row = sqlx::query(SELECT).bind(name.as_str()).fetch_optional(&self.0.readers).await;
        let read = row.and_then(|row| row.as_ref().map(rows::session).transpose());
        read.map_err(|error| self.error(error))
    }
}

/// Ordered as an index is, so that only what is asked for is looked at.
///
/// With a cursor that is the order of the log: readers with one are near its end. It differs from the order of time
/// only where the clock went back.
fn select_events(filter: &EventFilter) -> QueryBuilder<Sqlite> {
    let mut query =
        QueryBuilder::new("SELECT seq, at, type, summary, run_id, session_id, metadata FROM events WHERE 1 = 1");
    if let Some(seq) = filter.after_seq {
        query.push(" AND seq > ").push_bind(seq);
    }
    if let Some(kind) = &filter.kind {
        query.push(" AND type = ").push_bind(kind.clone());
    }
    if let Some(since) = filter.since {
        query.push(" AND at >= ").push_bind(millis(since));
    }
    query.push(if filter.after_seq.is_some() { " ORDER BY seq DESC" } else { " ORDER BY at DESC, seq DESC" });
    query.push(" LIMIT ").push_bind(i64::from(filter.limit));
    query
}

#[cfg(test)]
mod tests {
    use super::*;
    use sqlx::Row;

    /// How SQLite answers the filter, asked of an empty database as of one that was never analysed.
    async fn plan(filter: &EventFilter) -> String {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("instar.db")).await.unwrap();
        let mut query = QueryBuilder::<Sqlite>::new("EXPLAIN QUERY PLAN ");
        query.push(select_events(filter).sql().as_str());
        let rows = query.build().fetch_all(&store.0.readers).await.unwrap();
        rows.iter().map(|row| row.get::<String, _>("detail")).collect::<Vec<_>>().join("; ")
    }

    #[track_caller]
    fn check(plan: &str, index: &str) {
        assert!(plan.contains(index) && !plan.contains("TEMP B-TREE"), "not by {index} alone: {plan}");
    }

    #[tokio::test]
    async fn events_are_found_by_an_index_that_has_their_order() {
        let all = EventFilter { kind: None, since: None, after_seq: None, limit: 10 };
        let kind = Some("job_completed".to_owned());
        let since = Some(Timestamp::UNIX_EPOCH);
        check(&plan(&all).await, "events_by_time");
        check(&plan(&EventFilter { since, ..all.clone() }).await, "events_by_time (at>?)");
        check(&plan(&EventFilter { kind: kind.clone(), ..all.clone() }).await, "events_by_type (type=?)");
        check(&plan(&EventFilter { kind, since, ..all.clone() }).await, "events_by_type (type=? AND at>?)");
    }

    #[tokio::test]
    async fn only_what_follows_a_cursor_is_looked_at() {
        let cursor = EventFilter { kind: None, since: None, after_seq: Some(7), limit: 10 };
        let kind = Some("job_completed".to_owned());
        let since = Some(Timestamp::UNIX_EPOCH);
        check(&plan(&cursor).await, "PRIMARY KEY (rowid>?)");
        check(&plan(&EventFilter { since, ..cursor.clone() }).await, "PRIMARY KEY (rowid>?)");
        let by_type = "events_by_type_in_order (type=? AND seq>?)";
        check(&plan(&EventFilter { kind: kind.clone(), ..cursor.clone() }).await, by_type);
        check(&plan(&EventFilter { kind, since, ..cursor }).await, by_type);
    }
}
