-- The first schema.
-- Times are integer milliseconds since 1970 in UTC, ids are UUIDs as text, and what only the host's own types read is
-- JSON as text. A released migration is never edited: the next change is the next file.

-- The log: facts in the order in which they were recorded, without gaps.
CREATE TABLE events (
    seq INTEGER NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    type TEXT NOT NULL,
    summary TEXT NOT NULL,
    run_id TEXT,
    session_id TEXT,
    slug TEXT,
    metadata TEXT NOT NULL
);
CREATE INDEX events_by_time ON events (at, seq);
CREATE INDEX events_by_type ON events (type, at, seq);
CREATE INDEX events_by_type_in_order ON events (type, seq);

-- Attempts at jobs, open and ended. Ids sort by time.
CREATE TABLE runs (
    id TEXT NOT NULL PRIMARY KEY,
    slug TEXT NOT NULL,
    -- The due time of a run that the schedule asked for. With the slug it is unique: one due time has one run.
    scheduled_at BIGINT,
    requested_at BIGINT NOT NULL,
    trigger TEXT NOT NULL,
    request TEXT NOT NULL,
    status TEXT NOT NULL,
    -- The newest session of the run.
    session_id TEXT,
    -- When its first command was launched.
    started_at BIGINT,
    ended_at BIGINT,
    deadline BIGINT,
    stopping TEXT,
    skipped TEXT,
    outcome TEXT,
    -- How the newest session ended.
    end_fact TEXT,
    -- What is about to be started; it may hold secrets, so it is kept only until the start is known.
    launch TEXT,
    plugin_state BLOB NOT NULL,
    UNIQUE (slug, scheduled_at)
);
CREATE INDEX runs_by_job ON runs (slug, id);
CREATE INDEX runs_open ON runs (id) WHERE ended_at IS NULL;

-- Sessions of runs. Ids sort by time.
CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    run_id TEXT NOT NULL REFERENCES runs (id),
    slug TEXT NOT NULL,
    model TEXT NOT NULL,
    triggered_by TEXT NOT NULL,
    takes_input BOOLEAN NOT NULL,
    status TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE INDEX sessions_by_name ON sessions (name, id);
CREATE INDEX sessions_by_run ON sessions (run_id);
CREATE INDEX sessions_live ON sessions (id) WHERE status IN ('starting', 'running', 'idle');

-- What each job has been through; jobs that left the jobs file keep theirs.
CREATE TABLE job_states (
    slug TEXT NOT NULL PRIMARY KEY,
    last_run BIGINT,
    last_result TEXT,
    last_error TEXT,
    consecutive_failures BIGINT NOT NULL,
    -- The last due time that was turned into a run.
    last_scheduled BIGINT
);

-- The last good set of jobs, in the order of their file.
CREATE TABLE jobs (
    position BIGINT NOT NULL PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    definition TEXT NOT NULL
);

-- Notices on their way, one row for each notifier.
CREATE TABLE outbox (
    notice_id TEXT NOT NULL,
    notifier TEXT NOT NULL,
    notice TEXT NOT NULL,
    attempt BIGINT NOT NULL,
    -- When to try next; NULL while an attempt is under way and when the delivery is settled.
    due BIGINT,
    -- pending, delivered or given-up
    state TEXT NOT NULL,
    PRIMARY KEY (notice_id, notifier)
);
CREATE INDEX outbox_pending ON outbox (notice_id) WHERE state = 'pending';
