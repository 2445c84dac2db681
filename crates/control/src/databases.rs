//! Managed databases. One is a service that runs an engine's image: it is deployed, stopped
//! and followed like an app; this is what it has beside that.

mod connection;
mod create;
mod password;
mod update;
