//! Names of projects, environments and services.

use std::str::FromStr;

use super::{InvalidText, text_type};

/// The name of a project as people write it: 1 to 60 letters, digits, spaces and
/// `. _ -`, starting with a letter or digit.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProjectName(String);
text_type!(ProjectName);

impl FromStr for ProjectName {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.is_empty() {
            return Err(InvalidText::new("is required"));
        }
        if text.chars().count() > 60 {
            return Err(InvalidText::new("must have at most 60 characters"));
        }
        if !text.starts_with(char::is_alphanumeric) {
            return Err(InvalidText::new("must start with a letter or a digit"));
        }
        if let Some(bad) = text
            .chars()
            .find(|c| !(c.is_alphanumeric() || " ._-".contains(*c)))
        {
            return Err(InvalidText::new(format!(
                "may hold letters, digits, spaces and . _ - only, not {bad:?}"
            )));
        }
        Ok(Self(text.to_owned()))
    }
}

/// The name of an environment: a DNS label of 1 to 40 characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EnvironmentName(String);
text_type!(EnvironmentName);

impl EnvironmentName {
    /// The environment that every project has from the start.
    pub fn production() -> Self {
        Self("production".to_owned())
    }
}

impl FromStr for EnvironmentName {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        dns_label(text).map(Self)
    }
}

/// The name of a service: a DNS label of 1 to 40 characters. It is the service's
/// host name in its environment's network and part of the names in Docker.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServiceName(String);
text_type!(ServiceName);

impl FromStr for ServiceName {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        dns_label(text).map(Self)
    }
}

/// Swarm names have at most 63 characters; 40 leave room for the deployment number,
/// the instance's prefix and the tail that tells equal names of environments apart.
const LABEL_MAX: usize = 40;

fn dns_label(text: &str) -> Result<String, InvalidText> {
    if text.is_empty() {
        return Err(InvalidText::new("is required"));
    }
    if text.chars().count() > LABEL_MAX {
        return Err(InvalidText::new(format!(
            "must have at most {LABEL_MAX} characters"
        )));
    }
    if !text.starts_with(|c: char| c.is_ascii_lowercase()) {
        return Err(InvalidText::new("must start with a lower-case letter"));
    }
    if let Some(bad) = text
        .chars()
        .find(|c| !(c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '-'))
    {
        return Err(InvalidText::new(format!(
            "may hold lower-case letters, digits and hyphens only, not {bad:?}"
        )));
    }
    if text.ends_with('-') {
        return Err(InvalidText::new("must not end with a hyphen"));
    }
    Ok(text.to_owned())
}
