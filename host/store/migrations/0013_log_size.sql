-- How large the log of messages is, counted as it changes, since looking through all of it takes long.

CREATE TABLE spoken_size (
    messages BIGINT NOT NULL,
    bytes BIGINT NOT NULL
);
INSERT INTO spoken_size SELECT COUNT(*), COALESCE(SUM(LENGTH(CAST(text AS BLOB))), 0) FROM spoken;
CREATE TRIGGER spoken_counted AFTER INSERT ON spoken BEGIN
    UPDATE spoken_size SET messages = messages + 1, bytes = bytes + LENGTH(CAST(new.text AS BLOB));
END;
CREATE TRIGGER spoken_uncounted AFTER DELETE ON spoken BEGIN
    UPDATE spoken_size SET messages = messages - 1, bytes = bytes - LENGTH(CAST(old.text AS BLOB));
END;
