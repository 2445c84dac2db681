CREATE EXTENSION vector;
CREATE TABLE documents (id serial PRIMARY KEY, made_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE clauses (name text PRIMARY KEY, embedding vector(3) NOT NULL);
