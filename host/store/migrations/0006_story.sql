-- The whole story of a run: what happened, what its agents were told, and what it left.

CREATE INDEX events_by_run ON events (run_id, seq) WHERE run_id IS NOT NULL;
-- What the command of the session read on standard input, cut where it is very long.
ALTER TABLE sessions ADD COLUMN prompt TEXT;
-- Notes for the next run of the job.
ALTER TABLE runs ADD COLUMN handoff TEXT;
ALTER TABLE job_states ADD COLUMN last_handoff TEXT;

-- Opinions on runs that have ended. The question is kept until somebody has answered it.
CREATE TABLE supervisions (
    run_id TEXT NOT NULL PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE,
    question TEXT,
    opinion TEXT
);
CREATE INDEX supervisions_open ON supervisions (run_id) WHERE opinion IS NULL;
