-- Accounts of a team at container registries, one a host.
CREATE TABLE registries (
    id         uuid PRIMARY KEY,
    team_id    uuid NOT NULL REFERENCES teams ON DELETE CASCADE,
    name       text NOT NULL,
    host       text NOT NULL,
    username   text NOT NULL,
    -- The password or token, encrypted.
    secret     bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT registries_host_key UNIQUE (team_id, host)
);

-- The image that a reference of a registry meant, by the digest of its manifest.
ALTER TABLE deployments ADD COLUMN image_pinned text;
