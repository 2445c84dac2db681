-- Whether the value holds a secret that was made for it; the same request made again keeps it.
ALTER TABLE variables ADD COLUMN generated boolean NOT NULL DEFAULT false;
