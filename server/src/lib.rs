//! The control plane's binary: configuration, command line, supervisor, wiring.
//!
//! This is the composition root: it reads the configuration, connects the store, the use cases and
//! the pages, and starts what runs in the background. It holds no rules of its own: those are in
//! `longshore-control` and `longshore-domain`. It must not speak SQL, HTML or Docker.
//! Start reading at [`cli::main`], then [`serve::serve`] and [`supervisor`].

pub mod agent_client;
pub mod cli;
pub mod config;
pub mod jobs;
mod logging;
mod look_after;
pub mod once;
pub mod postgres;
pub mod reconcile;
mod secrets;
pub mod serve;
pub mod supervisor;
pub mod tasks;
pub mod upkeep;
pub mod watch;
