-- Until when a live version is watched; when it starts to fail before, the version before it
-- comes back. None when it is not watched, has passed, or has been answered.
ALTER TABLE deployments ADD COLUMN watch_until timestamptz;
CREATE INDEX deployments_watch_idx ON deployments (watch_until)
    WHERE status = 'live' AND watch_until IS NOT NULL;
