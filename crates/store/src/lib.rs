//! All SQL of Longshore: records, embedded migrations, the job queue, logs, sessions.
//!
//! One module per aggregate, plain `async fn` over `&mut PgConnection`; the caller owns
//! the transaction. `find_*` answers an `Option`, `list_*` a `Vec`; names of database
//! constraints become typed [`Conflict`]s. This crate must not decide who may do what,
//! must not encrypt or decrypt, and must not know HTTP, Docker or the agent.
//!
//! Start reading at [`deployments`] (the job queue) and [`logs`].

pub mod audit;
pub mod certificates;
pub mod dashboard;
pub mod databases;
pub mod deployments;
pub mod dns_providers;
pub mod domains;
pub mod environments;
mod error;
pub mod events;
pub mod hooks;
pub mod host_ports;
pub mod jobs;
pub mod journal;
pub mod kept_data;
mod lines;
pub mod logins;
pub mod logs;
pub mod pool;
pub mod projects;
pub mod registries;
pub mod services;
pub mod sessions;
pub mod teams;
pub mod terminals;
pub mod tokens;
pub mod upkeep;
pub mod users;
pub mod variables;

pub use error::{Conflict, Result, StoreError};
pub use lines::LogStream;
pub use pool::{MIGRATOR, PooledConnection, Transaction, connect, migrate};
pub use sqlx::postgres::{PgConnection, PgPool};
