//! Newtypes for text that people, repositories and other programs send.
//!
//! Each has a private field and a [`std::str::FromStr`] whose error is a sentence
//! fragment that follows the field's name: "name" + "must start with a letter".

mod digest;
mod domain_name;
mod env_key;
mod file_name;
mod git;
mod image;
mod ip_range;
mod name;
mod path;
mod person;
mod registry;

pub use digest::Sha256Digest;
pub use domain_name::{DomainName, PathPrefix};
pub use env_key::EnvKey;
pub use file_name::FileName;
pub use git::{CommitSha, GitRef, GitScheme, GitUrl};
pub use image::ImageRef;
pub use ip_range::{IpRange, IpRanges};
pub use name::{EnvironmentName, ProjectName, ServiceName};
pub use path::RelativePath;
pub use person::{EmailAddress, Password, PersonName};
pub use registry::RegistryHost;

/// Why text was refused: a fragment to put behind the field's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidText(pub String);

impl InvalidText {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

/// Gives a string newtype its reading and printing: `as_str`, `Display`, `Debug`,
/// `Serialize`, `TryFrom<String>` and a `Deserialize` that parses.
macro_rules! text_type {
    ($name:ident) => {
        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use text_type;
