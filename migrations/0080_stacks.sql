-- The component of a stack that a domain leads to.
ALTER TABLE domains ADD COLUMN component text;
-- What runs of a stack's version: its components, without secrets.
ALTER TABLE deployments ADD COLUMN components jsonb;
