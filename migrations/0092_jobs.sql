-- Commands that a person lets run once in a container of the live image.
CREATE TABLE jobs (
    id           uuid PRIMARY KEY,
    team_id      uuid NOT NULL,
    service_id   uuid NOT NULL,
    command      jsonb NOT NULL,
    timeout_seconds integer NOT NULL CONSTRAINT jobs_timeout_check CHECK (timeout_seconds BETWEEN 1 AND 86400),
    status       text NOT NULL CONSTRAINT jobs_status_check CHECK (status IN
                 ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
    exit_code    bigint,
    -- Why it failed, when that is not the exit code.
    message      text,
    -- The end of what it wrote.
    log          text NOT NULL DEFAULT '',
    requested_by uuid REFERENCES users ON DELETE SET NULL,
    cancel_requested boolean NOT NULL DEFAULT false,
    queued_at    timestamptz NOT NULL DEFAULT now(),
    started_at   timestamptz,
    ended_at     timestamptz,
    UNIQUE (team_id, id),
    FOREIGN KEY (team_id, service_id) REFERENCES services (team_id, id) ON DELETE CASCADE
);
CREATE INDEX jobs_service_idx ON jobs (service_id, id DESC);
CREATE INDEX jobs_unfinished_idx ON jobs (id) WHERE status IN ('queued', 'running');
