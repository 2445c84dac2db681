//! Drafts of variables.

use longshore_domain::{EnvironmentId, ProjectId, ServiceId};

/// What a set of variables belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VariableScope {
    /// A service: its containers get them.
    Service(ServiceId),
    /// An environment: its services may refer to them.
    Environment(EnvironmentId),
    /// A project: its services may refer to them.
    Project(ProjectId),
}

/// A variable to set.
#[derive(Clone, Default)]
pub struct VariableDraft {
    /// The value; none keeps the stored one.
    pub value: Option<String>,
    /// Whether it is hidden once saved.
    pub secret: bool,
}
