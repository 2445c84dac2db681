//! Typed identifiers: a UUID version 7 each, so that they sort by creation.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// An identifier in the text of a request was not a UUID.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is not an identifier (a UUID is expected)")]
pub struct InvalidId;

macro_rules! typed_id {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new identifier that sorts after all earlier ones.
            pub fn generate() -> Self {
                Self(Uuid::now_v7())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(formatter)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self).map_err(|_| InvalidId)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }
    )+};
}

typed_id! {
    /// A person who can sign in.
    UserId;
    /// A team, the owner of everything below it.
    TeamId;
    /// A project of a team.
    ProjectId;
    /// An environment of a project.
    EnvironmentId;
    /// An app, a database or a stack.
    ServiceId;
    /// One numbered attempt to make a version of a service live.
    DeploymentId;
    /// A host and path prefix that routes to a service.
    DomainId;
    /// A certificate that a team brought itself.
    CertificateId;
    /// Where a team's DNS records can be made.
    DnsProviderId;
    /// The webhook of a service; part of the hook's URL.
    HookId;
    /// One received webhook.
    DeliveryId;
    /// An API token of a user.
    ApiTokenId;
    /// A command that runs once.
    JobId;
    /// A team's account at a container registry.
    RegistryId;
}
