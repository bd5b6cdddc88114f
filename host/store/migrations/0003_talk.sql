-- Sessions that talk with people, and what runs took.
-- A run, session or event without a job has an empty slug.

ALTER TABLE runs ADD COLUMN usage TEXT;
-- What was last seen of the program in the newest session, and when.
ALTER TABLE runs ADD COLUMN activity TEXT;
ALTER TABLE runs ADD COLUMN activity_at BIGINT;
-- The activity about which the execute type has been asked.
ALTER TABLE runs ADD COLUMN answered BIGINT NOT NULL DEFAULT 0;

ALTER TABLE sessions ADD COLUMN interactive BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE sessions ADD COLUMN question TEXT;

-- Messages that wait until a program takes them. What was typed stands in the session's output, and goes from here.
CREATE TABLE messages (
    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    number BIGINT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (session_id, number)
);
