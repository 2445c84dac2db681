//! The HTTP side in process: the router over the use cases, a real PostgreSQL and a
//! simulated agent. Needs `DATABASE_URL` with the right to create databases; each test
//! gets a fresh one.

#![expect(
    clippy::disallowed_methods,
    reason = "tests start programs and tasks, and read the clock, as they like"
)]
#![expect(clippy::unwrap_used, reason = "tests")]

mod access;
mod bodies;
mod browser;
mod calls;
mod dashboard_domain;
mod databases;
mod deployment_pages;
mod domain_pages;
mod health_tests;
mod hooks;
mod logs;
mod machine;
mod things;
mod tunnels;
mod world;
