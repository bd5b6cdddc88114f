-- Until when a run waits before its execute type is asked again; it stays while that is done, so that a crash in
-- between asks once more for the same reason. `deadline` is then by when the run must end.
ALTER TABLE runs ADD COLUMN wait_until BIGINT;
