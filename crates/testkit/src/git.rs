//! Git repositories made by tests, and the servers that serve them.

mod daemon;
mod http;
mod repository;
mod ssh;

pub use daemon::GitDaemon;
pub use http::{Credentials, GitHttp};
pub use repository::Repository;
pub use ssh::GitSsh;
