//! What people and programs send: raw text, parsed by the use cases, which report the
//! problems of all fields at once.

mod account;
mod app;
mod database;
mod deployment;
mod job;
mod registry;
mod stack;
mod terminal;
mod tunnel;
mod upload;
mod variable;

pub use account::*;
pub use app::*;
pub use database::*;
pub use deployment::*;
pub use job::*;
pub use registry::{RegistryAccount, RegistryDraft};
pub use stack::*;
pub use terminal::*;
pub use tunnel::TunnelDraft;
pub use upload::Uploaded;
pub use variable::*;
