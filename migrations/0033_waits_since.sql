-- Since when its service waits for a turn: a deployment that takes the place of a waiting one
-- takes its place in the queue as well. `queued_at` says when it was asked for.
ALTER TABLE deployments ADD COLUMN waits_since timestamptz NOT NULL DEFAULT clock_timestamp();
UPDATE deployments SET waits_since = queued_at;
DROP INDEX deployments_queue_idx;
CREATE INDEX deployments_queue_idx ON deployments (waits_since)
    WHERE status IN ('queued', 'fetching', 'building', 'releasing', 'starting', 'verifying', 'switching');
