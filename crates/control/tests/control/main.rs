//! The use cases over a real PostgreSQL. Needs `DATABASE_URL` with the right to create
//! databases; each test gets a fresh one.

#![expect(
    clippy::disallowed_methods,
    reason = "tests start programs and tasks, and read the clock, as they like"
)]
#![expect(clippy::unwrap_used, reason = "tests")]

mod access;
mod accounts;
mod apps;
mod dashboard;
mod databases;
mod deployments;
mod domains;
mod encryption;
mod jobs;
mod projects;
mod queue;
mod registries;
mod stacks;
mod terminals;
mod tunnels;
mod upkeep;
mod uploads;
mod variables;
mod watch;
mod webhooks;
mod work;
mod world;
