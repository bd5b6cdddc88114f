-- Keeping house: what has ended is found by age, and what was imported is known.
CREATE INDEX runs_by_end ON runs (ended_at) WHERE ended_at IS NOT NULL;

-- Files of a predecessor that were read, each in the transaction that recorded what it said.
CREATE TABLE imports (
    source TEXT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    taken BIGINT NOT NULL,
    skipped BIGINT NOT NULL
);
