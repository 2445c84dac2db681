//! The Longshore agent: the only process with the Docker socket.
//!
//! It is given complete job specifications over its Unix socket and reports what
//! happened. It must not know users, teams or PostgreSQL, must not start a shell, and
//! must not touch anything in Docker that does not carry its instance's label.
//!
//! Start reading at [`jobs`] (a deployment from source to traffic) and [`stage`] (what
//! every stage is given). [`machine`] is the border between the core (API, journal,
//! jobs, reconciler) and the parts that do the work (git, build, engine, edge).

pub mod agent;
pub mod api;
pub mod build;
pub mod certificates;
mod clock;
pub mod compose;
pub mod config;
pub mod disk;
pub mod drain;
pub mod edge;
pub mod engine;
pub mod git;
pub mod info;
pub mod jobs;
pub mod journal;
pub mod machine;
pub mod paths;
pub mod reconcile;
pub mod redact;
pub mod stage;
pub mod swarm_ports;
pub mod tasks;
pub mod upload;
