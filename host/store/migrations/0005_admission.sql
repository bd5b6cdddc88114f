-- Who may start: gates, budgets, and the ledger of what was not started.

-- What the gate of a run said.
ALTER TABLE runs ADD COLUMN gate TEXT;
-- When a run got its place: budgets count it on that day.
ALTER TABLE runs ADD COLUMN admitted_at BIGINT;
CREATE INDEX runs_by_admission ON runs (admitted_at) WHERE admitted_at IS NOT NULL;

-- Why something was not started, of events that say so: the ledger of skips.
ALTER TABLE events ADD COLUMN reason TEXT;
CREATE INDEX events_skipped ON events (at, seq) WHERE reason IS NOT NULL;

-- What agents said of how much runs of a job had to do.
CREATE TABLE workloads (
    number BIGINT NOT NULL PRIMARY KEY,
    slug TEXT NOT NULL,
    at BIGINT NOT NULL,
    workload TEXT NOT NULL
);
CREATE INDEX workloads_by_job ON workloads (slug, number);
