//! Services. Those that are being removed are not found, except by the functions that
//! say so.

mod read;
mod removal;
mod write;

pub use read::{find, find_for_system, list_for_system, list_of_environment, list_of_team};
pub use removal::{
    Removing, delete_removed, is_name_being_removed, list_removing, mark_removing,
    remove_volumes_too,
};
pub use write::{
    GitReach, ServiceChange, clear_restart, forget_host_key, insert, lock, pin_host_key,
    request_restart, set_source, set_stopped, take_number, update,
};

use longshore_domain::run::{Port, RunSettings};
use longshore_domain::source::{Build, Source};
use longshore_domain::{EnvironmentId, EnvironmentName, ProjectId, ProjectName, ServiceId};
use longshore_domain::{ServiceName, TeamId};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// A service with the names around it.
#[derive(Debug, Clone)]
pub struct ServiceRecord {
    /// Its id.
    pub id: ServiceId,
    /// The team that owns it.
    pub team: TeamId,
    /// Its environment.
    pub environment: EnvironmentId,
    /// Its environment's name.
    pub environment_name: EnvironmentName,
    /// Its project.
    pub project: ProjectId,
    /// Its project's name.
    pub project_name: ProjectName,
    /// `app`, `database` or `stack`.
    pub kind: String,
    /// Its name.
    pub name: ServiceName,
    /// The port that it listens on.
    pub port: Option<Port>,
    /// Where it comes from.
    pub source: Source,
    /// How it becomes an image.
    pub build: Build,
    /// How it runs.
    pub run: RunSettings,
    /// How its repository is reached.
    pub git_access: GitAccess,
    /// The token or the private key, encrypted.
    pub git_secret: Option<Vec<u8>>,
    /// The public half of the deploy key.
    pub git_public_key: Option<String>,
    /// The pinned SSH host key.
    pub git_host_key: Option<String>,
    /// Whether a person stopped it.
    pub stopped: bool,
    /// When a person asked for new containers.
    pub restart_requested_at: Option<OffsetDateTime>,
    /// When it was made.
    pub created_at: OffsetDateTime,
}

/// How a repository is reached; the secret is kept apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum GitAccess {
    /// Without credentials.
    #[default]
    Anonymous,
    /// With a token over HTTP.
    Token {
        /// The user name.
        #[serde(skip_serializing_if = "Option::is_none")]
        username: Option<String>,
    },
    /// With a deploy key.
    DeployKey,
}

pub(crate) fn port(stored: Option<i32>) -> crate::Result<Option<Port>> {
    stored
        .map(|port| {
            u16::try_from(port)
                .ok()
                .and_then(Port::new)
                .ok_or_else(|| crate::StoreError::Corrupt(format!("port {port}")))
        })
        .transpose()
}
