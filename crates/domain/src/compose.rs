//! Stacks: Compose files, decided key by key.
//!
//! What is read here is the output of `docker compose config --format json`: interpolated,
//! merged and normalised. [`keys`] says of every key whether it counts, is noted or refused;
//! [`read()`] gives the components as they run. Nothing here trusts the file: whatever is not
//! decided is refused by its name, and all problems come at once.

mod amounts;
mod build;
mod component;
pub mod keys;
mod limits;
mod network;
mod read;
mod release;
mod sections;
mod storage;
mod values;

pub use component::{
    Component, ComponentBuild, ComponentFile, ComponentHealth, ComponentMount, Condition,
    Dependency, Log, Resources, Restart, Ulimit,
};
pub use read::{Given, Project, read};
pub use release::ComponentRelease;

use std::str::FromStr;

use uuid::Uuid;

use crate::text::text_type;
use crate::{InvalidText, ServiceId, ServiceName};

/// The most components of one stack.
pub const MOST_COMPONENTS: usize = 50;
/// The longest Compose file that can be typed in, in bytes.
pub const FILE_MAX_BYTES: usize = 256 * 1024;

/// The name of a component, a service of a Compose file: its host name within the stack.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ComponentName(String);
text_type!(ComponentName);

impl FromStr for ComponentName {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            return Err(InvalidText::new("is required"));
        }
        if text.len() > 60 {
            return Err(InvalidText::new("must have at most 60 characters"));
        }
        if !text.starts_with(|c: char| c.is_ascii_alphanumeric()) {
            return Err(InvalidText::new("must start with a letter or a digit"));
        }
        if let Some(bad) = text
            .chars()
            .find(|c| !(c.is_ascii_alphanumeric() || "._-".contains(*c)))
        {
            return Err(InvalidText::new(format!(
                "may hold letters, digits and . _ - only, not {bad:?}"
            )));
        }
        Ok(Self(text.to_owned()))
    }
}

impl ComponentName {
    /// The id under which a stack's component runs, always the same.
    pub fn service_of(&self, stack: ServiceId) -> ServiceId {
        ServiceId(Uuid::new_v5(&stack.0, self.0.as_bytes()))
    }

    /// Its host name in the environment's network, `<stack>-<component>`; a long one is cut
    /// and ends in digits that belong to it alone.
    pub fn host_of(&self, stack: &ServiceName) -> Option<ServiceName> {
        let label = label(&self.0);
        let whole = format!("{stack}-{label}");
        if let Ok(name) = whole.parse() {
            return Some(name);
        }
        let tail = Uuid::new_v5(&Uuid::NAMESPACE_OID, whole.as_bytes())
            .simple()
            .to_string();
        let start: String = whole.chars().take(31).collect();
        format!("{}-{}", start.trim_end_matches('-'), &tail[..8])
            .parse()
            .ok()
    }
}

/// A name as a DNS label: in lower case, with hyphens for what a label cannot hold.
pub(crate) fn label(name: &str) -> String {
    let text: String = name
        .chars()
        .map(|c| match c {
            c if c.is_ascii_alphanumeric() => c.to_ascii_lowercase(),
            _ => '-',
        })
        .collect();
    text.trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests;
