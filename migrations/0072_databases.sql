-- What a service of kind 'database' is a database of; its credentials are variables.
CREATE TABLE databases (
    service_id uuid PRIMARY KEY,
    team_id    uuid NOT NULL,
    engine     text NOT NULL,
    version    text NOT NULL,
    FOREIGN KEY (team_id, service_id) REFERENCES services (team_id, id) ON DELETE CASCADE
);

-- Set with removing_at when a person asked twice for the data to go too.
ALTER TABLE services ADD COLUMN remove_volumes boolean NOT NULL DEFAULT false;

-- A password that is being given to the database, encrypted; it becomes the variable's
-- value once the database has taken it.
ALTER TABLE databases ADD COLUMN new_password bytea;

-- Services that are gone and whose data was kept on the machine.
CREATE TABLE kept_data (
    service_id       uuid PRIMARY KEY,
    team_id          uuid NOT NULL REFERENCES teams ON DELETE CASCADE,
    project_name     text NOT NULL,
    environment_name text NOT NULL,
    service_name     text NOT NULL,
    deleted_at       timestamptz NOT NULL DEFAULT now(),
    -- Set when a person asked for the removal; the row goes when the machine is clean.
    removing_at      timestamptz
);
CREATE INDEX kept_data_team ON kept_data (team_id);
