//! What the schema itself guards, over a real PostgreSQL. Needs `DATABASE_URL` with the
//! right to create databases; each test gets a fresh one.
#![expect(clippy::unwrap_used, reason = "tests")]

mod constraints;
mod outage;
mod sessions;
