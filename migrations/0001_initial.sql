-- Everything that belongs to a team carries team_id, and references between such
-- rows are composite (team_id, id): a reference across teams cannot be stored.

CREATE TABLE users (
    id            uuid PRIMARY KEY,
    email         text NOT NULL CONSTRAINT users_email_key UNIQUE,
    name          text NOT NULL,
    password_hash text NOT NULL,
    administrator boolean NOT NULL DEFAULT false,
    created_at    timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE teams (
    id         uuid PRIMARY KEY,
    name       text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE memberships (
    team_id    uuid NOT NULL REFERENCES teams ON DELETE CASCADE,
    user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    role       text NOT NULL CONSTRAINT memberships_role_check
               CHECK (role IN ('viewer', 'developer', 'admin', 'owner')),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (team_id, user_id)
);
CREATE INDEX memberships_user_id_idx ON memberships (user_id);

-- The key is the SHA-256 of the session's id: who reads the table cannot sign in.
CREATE TABLE sessions (
    id_hash      bytea PRIMARY KEY,
    user_id      uuid REFERENCES users ON DELETE CASCADE,
    data         jsonb NOT NULL,
    user_agent   text NOT NULL DEFAULT '',
    peer_address text NOT NULL DEFAULT '',
    created_at   timestamptz NOT NULL DEFAULT now(),
    seen_at      timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL
);
CREATE INDEX sessions_user_id_idx ON sessions (user_id);
CREATE INDEX sessions_expires_at_idx ON sessions (expires_at);

-- Failed sign-ins, by account and by peer address.
CREATE TABLE login_failures (
    subject    text PRIMARY KEY,
    failures   integer NOT NULL,
    first_at   timestamptz NOT NULL,
    blocked_until timestamptz
);

CREATE TABLE api_tokens (
    id           uuid PRIMARY KEY,
    team_id      uuid NOT NULL,
    user_id      uuid NOT NULL,
    name         text NOT NULL,
    token_hash   bytea NOT NULL CONSTRAINT api_tokens_token_hash_key UNIQUE,
    created_at   timestamptz NOT NULL DEFAULT now(),
    used_at      timestamptz,
    CONSTRAINT api_tokens_name_key UNIQUE (user_id, name),
    FOREIGN KEY (team_id, user_id) REFERENCES memberships ON DELETE CASCADE
);

CREATE TABLE projects (
    id         uuid PRIMARY KEY,
    team_id    uuid NOT NULL REFERENCES teams ON DELETE CASCADE,
    name       text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    -- Set when a person asked for the removal; the row goes with its last service.
    removing_at timestamptz,
    UNIQUE (team_id, id)
);
CREATE UNIQUE INDEX projects_name_key ON projects (team_id, lower(name)) WHERE removing_at IS NULL;

CREATE TABLE environments (
    id         uuid PRIMARY KEY,
    team_id    uuid NOT NULL,
    project_id uuid NOT NULL,
    name       text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    -- Set when a person asked for the removal; the row goes with its last service.
    removing_at timestamptz,
    UNIQUE (team_id, id),
    FOREIGN KEY (team_id, project_id) REFERENCES projects (team_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX environments_name_key ON environments (project_id, name) WHERE removing_at IS NULL;

CREATE TABLE services (
    id             uuid PRIMARY KEY,
    team_id        uuid NOT NULL,
    environment_id uuid NOT NULL,
    kind           text NOT NULL CONSTRAINT services_kind_check CHECK (kind IN ('app', 'database', 'stack')),
    name           text NOT NULL,
    port           integer CONSTRAINT services_port_check CHECK (port BETWEEN 1 AND 65535),
    source         jsonb NOT NULL,
    build          jsonb NOT NULL,
    run            jsonb NOT NULL,
    -- How the repository is reached: {"kind": "anonymous" | "token" | "deploy_key", "username"?}
    git_access     jsonb NOT NULL,
    -- The token or the private key, encrypted.
    git_secret     bytea,
    git_public_key text,
    git_host_key   text,
    stopped        boolean NOT NULL DEFAULT false,
    -- A person asked for new containers; cleared when the agent has replaced them.
    restart_requested_at timestamptz,
    next_number    integer NOT NULL DEFAULT 1,
    created_at     timestamptz NOT NULL DEFAULT now(),
    -- Set when a person asked for the removal; the row goes when the machine is clean.
    removing_at    timestamptz,
    UNIQUE (team_id, id),
    CONSTRAINT services_name_key UNIQUE (environment_id, name),
    FOREIGN KEY (team_id, environment_id) REFERENCES environments (team_id, id) ON DELETE CASCADE
);

CREATE TABLE variables (
    team_id        uuid NOT NULL,
    service_id     uuid,
    environment_id uuid,
    project_id     uuid,
    key            text NOT NULL,
    value          bytea NOT NULL,
    secret         boolean NOT NULL,
    updated_at     timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT variables_scope_check CHECK (num_nonnulls(service_id, environment_id, project_id) = 1),
    CONSTRAINT variables_service_key UNIQUE (service_id, key),
    CONSTRAINT variables_environment_key UNIQUE (environment_id, key),
    CONSTRAINT variables_project_key UNIQUE (project_id, key),
    FOREIGN KEY (team_id, service_id) REFERENCES services (team_id, id) ON DELETE CASCADE,
    FOREIGN KEY (team_id, environment_id) REFERENCES environments (team_id, id) ON DELETE CASCADE,
    FOREIGN KEY (team_id, project_id) REFERENCES projects (team_id, id) ON DELETE CASCADE
);

CREATE TABLE domains (
    id           uuid PRIMARY KEY,
    team_id      uuid NOT NULL,
    service_id   uuid NOT NULL,
    host         text NOT NULL,
    path_prefix  text NOT NULL,
    strip_prefix boolean NOT NULL DEFAULT false,
    port         integer CONSTRAINT domains_port_check CHECK (port BETWEEN 1 AND 65535),
    tls          text NOT NULL CONSTRAINT domains_tls_check CHECK (tls IN ('none', 'acme', 'custom')),
    created_at   timestamptz NOT NULL DEFAULT now(),
    UNIQUE (team_id, id),
    CONSTRAINT domains_host_path_key UNIQUE (host, path_prefix),
    FOREIGN KEY (team_id, service_id) REFERENCES services (team_id, id) ON DELETE CASCADE
);
CREATE INDEX domains_service_id_idx ON domains (service_id);

-- A deployment is also its own entry in the job queue.
CREATE TABLE deployments (
    id               uuid PRIMARY KEY,
    team_id          uuid NOT NULL,
    service_id       uuid NOT NULL,
    number           integer NOT NULL,
    status           text NOT NULL CONSTRAINT deployments_status_check CHECK (status IN
                     ('queued', 'fetching', 'building', 'releasing', 'starting', 'verifying',
                      'switching', 'live', 'failed', 'cancelled', 'superseded', 'retired')),
    -- {"kind": "manual" | "api" | "push" | "rollback", ...}
    cause            jsonb NOT NULL,
    requested_by     uuid REFERENCES users ON DELETE SET NULL,
    -- The immutable specification, without secrets; the variables apart, encrypted.
    specification    jsonb NOT NULL,
    variables        bytea NOT NULL,
    commit_sha       text,
    commit_subject   text,
    commit_author    text,
    image            text,
    image_digest     text,
    image_size_bytes bigint,
    failure_stage    text,
    failure_kind     text,
    failure_message  text,
    superseded_by    integer,
    timings          jsonb NOT NULL DEFAULT '{}',
    last_sequence    bigint NOT NULL DEFAULT 0,
    log_bytes        bigint NOT NULL DEFAULT 0,
    cancel_requested_at timestamptz,
    lease_owner      uuid,
    lease_until      timestamptz,
    queued_at        timestamptz NOT NULL DEFAULT now(),
    started_at       timestamptz,
    stage_started_at timestamptz,
    ended_at         timestamptz,
    UNIQUE (team_id, id),
    CONSTRAINT deployments_number_key UNIQUE (service_id, number),
    FOREIGN KEY (team_id, service_id) REFERENCES services (team_id, id) ON DELETE CASCADE
);
-- At most one runs and at most one waits, whoever writes.
CREATE UNIQUE INDEX deployments_one_running_key ON deployments (service_id)
    WHERE status IN ('fetching', 'building', 'releasing', 'starting', 'verifying', 'switching');
CREATE UNIQUE INDEX deployments_one_queued_key ON deployments (service_id) WHERE status = 'queued';
CREATE UNIQUE INDEX deployments_one_live_key ON deployments (service_id) WHERE status = 'live';
CREATE INDEX deployments_queue_idx ON deployments (queued_at)
    WHERE status IN ('queued', 'fetching', 'building', 'releasing', 'starting', 'verifying', 'switching');

-- Lines in zstd-compressed chunks, append-only. A line's sequence number is the
-- agent's, so that a line can neither be missing nor doubled.
CREATE TABLE deployment_log_chunks (
    deployment_id  uuid NOT NULL REFERENCES deployments ON DELETE CASCADE,
    first_sequence bigint NOT NULL,
    last_sequence  bigint NOT NULL,
    line_count     integer NOT NULL,
    data           bytea NOT NULL,
    PRIMARY KEY (deployment_id, first_sequence)
);

CREATE TABLE hooks (
    id                uuid PRIMARY KEY,
    team_id           uuid NOT NULL,
    service_id        uuid NOT NULL CONSTRAINT hooks_service_id_key UNIQUE,
    secret            bytea NOT NULL,
    -- The secret before the last rotation, valid for a while.
    old_secret        bytea,
    old_secret_until  timestamptz,
    created_at        timestamptz NOT NULL DEFAULT now(),
    UNIQUE (team_id, id),
    FOREIGN KEY (team_id, service_id) REFERENCES services (team_id, id) ON DELETE CASCADE
);

CREATE TABLE deliveries (
    id            uuid PRIMARY KEY,
    team_id       uuid NOT NULL,
    hook_id       uuid NOT NULL,
    service_id    uuid NOT NULL,
    provider      text NOT NULL,
    -- The sender's own id of the delivery: the guard against replays.
    delivery_key  text NOT NULL,
    event         text NOT NULL,
    decision      text NOT NULL CONSTRAINT deliveries_decision_check
                  CHECK (decision IN ('deployed', 'ignored', 'pong', 'refused', 'repeated')),
    reason        text NOT NULL,
    reference     text,
    commit_sha    text,
    deployment_id uuid REFERENCES deployments ON DELETE SET NULL,
    received_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT deliveries_key UNIQUE (hook_id, delivery_key),
    FOREIGN KEY (team_id, hook_id) REFERENCES hooks (team_id, id) ON DELETE CASCADE,
    FOREIGN KEY (team_id, service_id) REFERENCES services (team_id, id) ON DELETE CASCADE
);
CREATE INDEX deliveries_service_id_idx ON deliveries (service_id, received_at DESC);

-- Who did what, kept when the thing itself is gone.
CREATE TABLE audit_events (
    id         uuid PRIMARY KEY,
    team_id    uuid REFERENCES teams ON DELETE CASCADE,
    user_id    uuid REFERENCES users ON DELETE SET NULL,
    verb       text NOT NULL,
    target     text NOT NULL,
    details    jsonb NOT NULL DEFAULT '{}',
    at         timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX audit_events_team_id_idx ON audit_events (team_id, at DESC);
