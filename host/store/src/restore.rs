//! What a starting host goes on from, after an orderly stop or a crash at any point.

mod conversations;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use instar_core::attention::Item;
use instar_core::event::EventRecord;
use instar_core::id::{JobSlug, NoticeId, PluginId, SessionId};
use instar_core::job::{Job, JobState};
use instar_core::jobs_file::{JobsFile, Reading};
use instar_core::pause::Pause;
use instar_core::quota::level::{QuotaLevels, QuotaWindow};
use instar_core::retry::PlannedRetry;
use instar_core::run::Run;
use instar_core::session::Session;
use instar_core::state::{Delivery, Restored};
use instar_core::supervision::Question;
use instar_core::talk::Message;
use instar_core::tune::Tuning;
use sqlx::{Row as _, SqliteConnection};

use crate::error::StoreError;
use crate::ledger;
use crate::open::Store;
use crate::record;
use crate::rows::{self, session_columns};

/// All that survives a restart.
#[derive(Debug)]
pub struct Snapshot {
    pub restored: Restored,
    /// All live ones and the newest ended ones, oldest first.
    pub sessions: Vec<Session>,
    /// The newest ones, oldest first.
    pub events: Vec<EventRecord>,
    /// The number of the newest event; 0 when nothing was ever recorded.
    pub last_seq: i64,
}

const MOST_ENDED_SESSIONS: i64 = 500;
const MOST_EVENTS: i64 = 2_000;
/// Of each job; as many as make a trend.
const SIGNALS: i64 = 10;

/// Of what there may be very many, so much is held at once.
const ROWS_AT_ONCE: i64 = 1_000;

impl Store {
    /// What a starting host needs, as of one moment.
    pub async fn restore(&self) -> Result<Snapshot, StoreError> {
        self.restore_beside(&JobsFile::default()).await
    }

    /// The same, where this was just read of the jobs file: a job that stands in it as it is recorded is shared with it.
    pub async fn restore_beside(&self, read: &JobsFile) -> Result<Snapshot, StoreError> {
        self.snapshot(read).await.map_err(|error| self.error(error))
    }

    async fn snapshot(&self, read: &JobsFile) -> Result<Snapshot, sqlx::Error> {
        let mut transaction = self.0.readers.begin().await?;
        let events = events(&mut transaction).await?;
        let restored = Restored {
            latest: events.last().map(|event| event.at),
            jobs: jobs(&mut transaction, read).await?,
            job_states: job_states(&mut transaction).await?,
            runs: open_runs(&mut transaction).await?,
            questions: questions(&mut transaction).await?,
            outbox: outbox(&mut transaction).await?,
            poll_cursors: poll_cursors(&mut transaction).await?,
            // How long a day is depends on the zone, so that these are asked for apart.
            begun: Vec::new(),
            pauses: pauses(&mut transaction).await?,
            retries: retries(&mut transaction).await?,
            zone: zone(&mut transaction).await?,
            attention: attention(&mut transaction).await?,
            quota_levels: quota_levels(&mut transaction).await?,
            tunings: tunings(&mut transaction).await?,
            signals: ledger::signals(&mut transaction, SIGNALS).await?,
            conversations: conversations::conversations(&mut transaction).await?,
        };
        let sessions = sessions(&mut transaction).await?;
        transaction.commit().await?;
        let last_seq = events.last().map_or(0, |event| event.seq);
        Ok(Snapshot { restored, sessions, events, last_seq })
    }
}

/// A definition that this version no longer takes is a problem of that job; the others go on.
async fn jobs(connection: &mut SqliteConnection, read: &JobsFile) -> Result<JobsFile, sqlx::Error> {
    const SELECT: &str = "SELECT position, slug, definition FROM jobs WHERE position > $1 ORDER BY position LIMIT $2";
    let read: HashMap<&str, &Arc<Job>> = read.jobs.iter().map(|job| (job.slug.as_str(), job)).collect();
    let (mut restored, mut last) = (Reading::default(), -1);
    loop {
        let rows = sqlx::query(SELECT).bind(last).bind(ROWS_AT_ONCE).fetch_all(&mut *connection).await?;
        for row in &rows {
            last = row.try_get("position")?;
            let (slug, definition): (&str, &str) = (row.try_get("slug")?, row.try_get("definition")?);
            match read.get(slug).filter(|job| job.definition.as_str() == definition) {
                Some(job) => restored.share(job),
                None => restored.take(&rows::from_json(row, "definition")?),
            }
        }
        if rows.is_empty() {
            return Ok(restored.end());
        }
    }
}

async fn job_states(connection: &mut SqliteConnection) -> Result<BTreeMap<JobSlug, JobState>, sqlx::Error> {
    const SELECT: &str = "
        SELECT slug, last_run, last_result, last_error, consecutive_failures, last_scheduled, begun_at, last_handoff
        FROM job_states WHERE slug > $1 ORDER BY slug LIMIT $2";
    let mut states = BTreeMap::new();
    let mut last = String::new();
    loop {
        let rows = sqlx::query(SELECT).bind(&last).bind(ROWS_AT_ONCE).fetch_all(&mut *connection).await?;
        for row in &rows {
            states.insert(rows::parsed(row, "slug")?, rows::job_state(row)?);
        }
        match rows.last() {
            Some(row) => last = row.try_get("slug")?,
            None => return Ok(states),
        }
    }
}

async fn questions(connection: &mut SqliteConnection) -> Result<Vec<Question>, sqlx::Error> {
    let rows = sqlx::query("SELECT question FROM supervisions WHERE opinion IS NULL ORDER BY run_id");
    let rows = rows.fetch_all(connection).await?;
    rows.iter().map(|row| rows::from_json(row, "question")).collect()
}

async fn open_runs(connection: &mut SqliteConnection) -> Result<Vec<Run>, sqlx::Error> {
    const SELECT: &str = concat!(
        "SELECT runs.id, runs.slug, runs.requested_at, runs.admitted_at, runs.trigger, runs.request, runs.status, \
         runs.stopping, \
         runs.plugin_state, runs.end_fact, runs.launch, runs.deadline, runs.wait_until, runs.usage, runs.activity, runs.activity_at, \
         runs.answered, ",
        session_columns!(),
        " FROM runs LEFT JOIN sessions ON sessions.id = runs.session_id \
         WHERE runs.ended_at IS NULL ORDER BY runs.id"
    );
    let rows = sqlx::query(SELECT).fetch_all(&mut *connection).await?;
    let mut runs = Vec::with_capacity(rows.len());
    for row in &rows {
        let mut run = rows::run(row)?;
        if let Some(session) = run.session().filter(|session| session.interactive) {
            let pending = messages(connection, session.id).await?;
            run.talk = Some(Box::new(rows::talk(row, pending)?));
        }
        runs.push(run);
    }
    Ok(runs)
}

async fn messages(connection: &mut SqliteConnection, session: SessionId) -> Result<Vec<Message>, sqlx::Error> {
    const SELECT: &str = "SELECT number, text FROM messages WHERE session_id = $1 ORDER BY number";
    let rows = sqlx::query(SELECT).bind(session.to_string()).fetch_all(connection).await?;
    rows.iter().map(rows::message).collect()
}

async fn poll_cursors(connection: &mut SqliteConnection) -> Result<BTreeMap<PluginId, String>, sqlx::Error> {
    let rows = sqlx::query("SELECT notifier, cursor FROM polls").fetch_all(connection).await?;
    rows.iter().map(|row| Ok((rows::parsed(row, "notifier")?, row.try_get("cursor")?))).collect()
}

async fn outbox(connection: &mut SqliteConnection) -> Result<Vec<((NoticeId, PluginId), Delivery)>, sqlx::Error> {
    const SELECT: &str = "
        SELECT notice_id, notifier, notice, attempt, part, due FROM outbox
        WHERE state = 'pending' ORDER BY rowid";
    let rows = sqlx::query(SELECT).fetch_all(connection).await?;
    let delivery = |row| {
        let key = (rows::parsed(row, "notice_id")?, rows::parsed(row, "notifier")?);
        let notice = Arc::new(rows::from_json(row, "notice")?);
        let (attempt, part) = (rows::count(row, "attempt")?, rows::count(row, "part")?);
        Ok((key, Delivery { notice, attempt, part, due: rows::optional_time(row, "due")? }))
    };
    rows.iter().map(delivery).collect()
}

async fn pauses(connection: &mut SqliteConnection) -> Result<BTreeMap<Option<JobSlug>, Pause>, sqlx::Error> {
    let rows = sqlx::query("SELECT slug, pause FROM pauses").fetch_all(connection).await?;
    rows.iter().map(|row| Ok((rows::slug(row, "slug")?, rows::from_json(row, "pause")?))).collect()
}

async fn zone(connection: &mut SqliteConnection) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar("SELECT value FROM settings WHERE name = 'zone'").fetch_optional(connection).await
}

async fn attention(connection: &mut SqliteConnection) -> Result<Vec<Item>, sqlx::Error> {
    let rows = sqlx::query("SELECT item FROM attention ORDER BY id").fetch_all(connection).await?;
    rows.iter().map(|row| rows::from_json(row, "item")).collect()
}

async fn quota_levels(connection: &mut SqliteConnection) -> Result<QuotaLevels, sqlx::Error> {
    let mut levels = QuotaLevels::default();
    for window in QuotaWindow::ALL {
        levels.set(window, record::level(connection, window).await?);
    }
    Ok(levels)
}

async fn tunings(connection: &mut SqliteConnection) -> Result<BTreeMap<JobSlug, Tuning>, sqlx::Error> {
    let rows = sqlx::query("SELECT slug, tuning FROM tunings").fetch_all(connection).await?;
    rows.iter().map(|row| Ok((rows::parsed(row, "slug")?, rows::from_json(row, "tuning")?))).collect()
}

async fn retries(connection: &mut SqliteConnection) -> Result<Vec<PlannedRetry>, sqlx::Error> {
    let rows = sqlx::query("SELECT after_run, slug, trigger, due FROM retries").fetch_all(connection).await?;
    rows.iter().map(rows::retry).collect()
}

async fn sessions(connection: &mut SqliteConnection) -> Result<Vec<Session>, sqlx::Error> {
    const LIVE: &str = concat!(
        "SELECT ",
        session_columns!(),
        " FROM sessions WHERE sessions.status IN ('starting', 'running', 'idle')"
    );
    const ENDED: &str = concat!(
        "SELECT ",
        session_columns!(),
        " FROM sessions WHERE sessions.status NOT IN ('starting', 'running', 'idle') \
         ORDER BY sessions.id DESC LIMIT $1"
    );
    let live = sqlx::query(LIVE).fetch_all(&mut *connection).await?;
    let ended = sqlx::query(ENDED).bind(MOST_ENDED_SESSIONS).fetch_all(connection).await?;
    let mut sessions: Vec<Session> = live.iter().chain(&ended).map(rows::session).collect::<Result<_, _>>()?;
    sessions.sort_by_key(|session| session.id);
    Ok(sessions)
}

async fn events(connection: &mut SqliteConnection) -> Result<Vec<EventRecord>, sqlx::Error> {
    const SELECT: &str = "
        SELECT seq, at, type, summary, run_id, session_id, metadata FROM events ORDER BY seq DESC LIMIT $1";
    let rows = sqlx::query(SELECT).bind(MOST_EVENTS).fetch_all(connection).await?;
    rows.iter().rev().map(rows::event).collect()
}
