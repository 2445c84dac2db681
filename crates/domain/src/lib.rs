//! The pure model of Longshore: ids, parsed text, entities' value types, the
//! deployment state machine and the rules that need no input or output.
//!
//! This crate must not do I/O, must not be asynchronous, must not read a clock and
//! must not know PostgreSQL, Docker or HTTP. Untrusted text becomes one of the
//! types here exactly once, at the edge, and is trusted afterwards.
//!
//! Start reading at [`deployment`] (the state machine) and [`text`] (parsed text).

pub mod build_variables;
pub mod compose;
pub mod database;
pub mod deployment;
pub mod failure;
pub mod health;
pub mod host_port;
pub mod id;
pub mod mount;
pub mod route;
pub mod run;
pub mod scale;
pub mod secret;
pub mod source;
pub mod specification;
pub mod status;
pub mod takeover;
pub mod team;
pub mod text;
pub mod tunnel;
pub mod variable;
pub mod volume;
pub mod watch;
pub mod watch_paths;

pub use build_variables::BuildVariable;
pub use compose::ComponentName;
pub use deployment::{DeploymentState, InvalidTransition, Stage, StageTimings, Strategy};
pub use failure::{Failure, FailureKind};
pub use host_port::HostPort;
pub use id::*;
pub use mount::{AllowedBinds, BindMount, FileMount, FilePath, HostPath};
pub use secret::Secret;
pub use specification::{Cause, Specification};
pub use status::DeploymentStatus;
pub use team::{Permission, Role};
pub use text::*;
pub use volume::{MountPath, VolumeMount, VolumeName};
pub use watch_paths::WatchPaths;
