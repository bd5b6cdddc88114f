-- What notifiers keep, and how far they have read.

-- Values of plugins, each in the namespace of its own.
CREATE TABLE plugin_values (
    plugin TEXT NOT NULL,
    key TEXT NOT NULL,
    value BLOB NOT NULL,
    revision BIGINT NOT NULL,
    PRIMARY KEY (plugin, key)
);

-- Where the next poll of a notifier goes on. It is recorded together with what was heard.
CREATE TABLE polls (
    notifier TEXT NOT NULL PRIMARY KEY,
    cursor TEXT NOT NULL
);
