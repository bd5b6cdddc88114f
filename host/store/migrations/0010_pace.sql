-- The pace of jobs: what is proposed for the schedule of each, and what was made of it.
CREATE TABLE tunings (
    slug TEXT NOT NULL PRIMARY KEY,
    tuning TEXT NOT NULL
);
