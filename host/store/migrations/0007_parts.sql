-- A message is delivered part by part.

-- The first part that was not delivered yet.
ALTER TABLE outbox ADD COLUMN part BIGINT NOT NULL DEFAULT 0;
