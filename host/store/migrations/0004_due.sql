-- When jobs are due: since when each is looked after, what is paused, and what is tried again.

-- Since when the job is to run by the schedule that it has now. What was due before is owed to nobody.
ALTER TABLE job_states ADD COLUMN begun_at BIGINT;

-- What fires nothing by itself: jobs, and the scheduler as a whole under an empty slug.
CREATE TABLE pauses (
    slug TEXT NOT NULL PRIMARY KEY,
    pause TEXT NOT NULL
);

-- What the host was told to read schedules by: the zone, under the name `zone`.
CREATE TABLE settings (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

-- Attempts that wait for their time, by the run that they follow.
CREATE TABLE retries (
    after_run TEXT NOT NULL PRIMARY KEY,
    slug TEXT NOT NULL,
    trigger TEXT NOT NULL,
    due BIGINT NOT NULL
);
