-- The threads that the host opened, by what they are for, as JSON.
CREATE TABLE threads (
    notifier TEXT NOT NULL,
    subject TEXT NOT NULL,
    thread TEXT NOT NULL,
    PRIMARY KEY (notifier, subject)
);
