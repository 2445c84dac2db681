//! What the use cases answer: fields ready to show, never a secret that was not made
//! by this very call.

mod account;
mod certificate;
mod dashboard;
mod database;
mod deployment;
mod health;
mod job;
mod project;
mod registry;
mod service;
mod storage;

pub use account::*;
pub use certificate::*;
pub use dashboard::*;
pub use database::*;
pub use deployment::*;
pub use health::*;
pub use job::*;
pub use project::*;
pub use registry::*;
pub use service::*;
pub use storage::*;
