-- The whole story of a run: what happened, what its agents were told, and what it left.

CREATE INDEX events_by_run ON events (run_id, seq) WHERE run_id IS NOT NULL;
-- What the command of the session read on standard input, cut where it is very long.
ALTER TABLE sessions ADD COLUMN prompt TEXT;
-- Notes for the next run of the job.
ALTER TABLE runs ADD COLUMN handoff TEXT;
ALTER TABLE job_states ADD COLUMN last_handoff TEXT;
