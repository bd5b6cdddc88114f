-- Conversations between people and sessions.

-- What people said. The text is kept until what follows is recorded; the key stays, so that nothing is taken twice.
CREATE TABLE inbox (
    number INTEGER NOT NULL PRIMARY KEY,
    notifier TEXT NOT NULL,
    key TEXT NOT NULL,
    at BIGINT NOT NULL,
    speaker TEXT,
    inbound TEXT,
    UNIQUE (notifier, key)
);
CREATE INDEX inbox_pending ON inbox (number) WHERE inbound IS NOT NULL;

-- Threads by their names, and the sessions whose they are. A main thread is empty.
CREATE TABLE conversations (
    notifier TEXT NOT NULL,
    conversation TEXT NOT NULL,
    thread TEXT NOT NULL,
    name TEXT,
    session TEXT UNIQUE,
    -- Since when an agent owes an answer, to what, and whether people were told of it.
    waiting_since BIGINT,
    waiting_for TEXT,
    waiting_told BOOLEAN NOT NULL DEFAULT FALSE,
    PRIMARY KEY (notifier, conversation, thread)
);

CREATE TABLE pairings (
    notifier TEXT NOT NULL,
    sender TEXT NOT NULL,
    conversation TEXT NOT NULL,
    pairing TEXT NOT NULL,
    PRIMARY KEY (notifier, sender, conversation)
);
CREATE TABLE pairing_offers (
    notifier TEXT NOT NULL PRIMARY KEY,
    offer TEXT NOT NULL,
    guesses BIGINT NOT NULL
);

-- What guards ask of people, until it is decided and carried out.
CREATE TABLE questions (
    id TEXT NOT NULL PRIMARY KEY,
    question TEXT NOT NULL,
    said TEXT
);

-- The log of what was said, by people and to them.
CREATE TABLE spoken (
    number INTEGER NOT NULL PRIMARY KEY,
    notifier TEXT NOT NULL,
    conversation TEXT NOT NULL,
    thread TEXT NOT NULL,
    message_id TEXT NOT NULL,
    at BIGINT NOT NULL,
    voice TEXT NOT NULL,
    text TEXT NOT NULL,
    session TEXT
);
CREATE INDEX spoken_by_place ON spoken (notifier, conversation, thread, number);
CREATE INDEX spoken_by_time ON spoken (at);

-- Any part of a text is found, in large and small letters alike. This is SQLite's own.
CREATE VIRTUAL TABLE spoken_text USING fts5 (text, content = 'spoken', content_rowid = 'number', tokenize = 'trigram');
CREATE TRIGGER spoken_added AFTER INSERT ON spoken BEGIN
    INSERT INTO spoken_text (rowid, text) VALUES (new.number, new.text);
END;
CREATE TRIGGER spoken_removed AFTER DELETE ON spoken BEGIN
    INSERT INTO spoken_text (spoken_text, rowid, text) VALUES ('delete', old.number, old.text);
END;
