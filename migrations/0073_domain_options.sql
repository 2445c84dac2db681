-- What happens to the requests of a domain on their way: redirects, headers, who may come in.
ALTER TABLE domains ADD COLUMN options jsonb NOT NULL DEFAULT '{}';
