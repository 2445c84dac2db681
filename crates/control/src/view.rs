//! What the use cases answer: fields ready to show, never a secret that was not made
//! by this very call.

mod account;
mod certificate;
mod database;
mod deployment;
mod health;
mod project;
mod service;
mod storage;

pub use account::*;
pub use certificate::*;
pub use database::*;
pub use deployment::*;
pub use health::*;
pub use project::*;
pub use service::*;
pub use storage::*;
