-- Whether terminals may be opened in the containers of a project's services.
ALTER TABLE projects ADD COLUMN terminals_allowed boolean NOT NULL DEFAULT true;
