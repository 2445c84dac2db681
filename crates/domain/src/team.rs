//! Roles of a team's members and what each may do.

use serde::{Deserialize, Serialize};

/// What a member of a team is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// May look, but sees no secret and changes nothing.
    Viewer,
    /// May create, change and deploy services.
    Developer,
    /// May also manage members and delete projects.
    Admin,
    /// May also delete the team.
    Owner,
}

/// What an actor wants to do with something of a team.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Permission {
    /// See it.
    View,
    /// Change its settings, or create something in it.
    Change,
    /// Start, cancel or roll back deployments.
    Deploy,
    /// Delete it, or manage who may reach it.
    Administer,
}

impl Role {
    /// Whether a member with this role may do that.
    pub fn allows(self, permission: Permission) -> bool {
        match permission {
            Permission::View => true,
            Permission::Change | Permission::Deploy => self >= Self::Developer,
            Permission::Administer => self >= Self::Admin,
        }
    }

    /// The stable name, as stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Developer => "developer",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    /// Reads the stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Viewer, Self::Developer, Self::Admin, Self::Owner]
            .into_iter()
            .find(|role| role.as_str() == name)
    }
}
