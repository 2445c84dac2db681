//! What a reconcile pass did, and what it could not do.

use std::fmt;

use longshore_domain::ServiceId;
use serde::{Deserialize, Serialize};

/// What a reconcile pass did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct ReconcileReport {
    /// Objects of Docker, routes and files that were removed or repaired, in words.
    pub changes: Vec<String>,
    /// What could not be made as it shall be.
    pub problems: Vec<ReconcileProblem>,
}

/// Something that could not be made as it shall be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReconcileProblem {
    /// What it is about.
    pub subject: ReconcileSubject,
    /// What stands in the way, in words.
    pub message: String,
}

/// What a problem is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReconcileSubject {
    /// The machine as a whole.
    Machine,
    /// The way to the dashboard on its own domain.
    Dashboard,
    /// The routes of a service or of a stack's component.
    Routes(ServiceId),
    /// The containers of a service or of a stack's component.
    Containers(ServiceId),
    /// Something that nobody needs any more and that should be gone, by its name.
    Leftover(String),
}

impl ReconcileReport {
    /// Adds a problem.
    pub fn add(&mut self, subject: ReconcileSubject, message: impl Into<String>) {
        self.problems.push(ReconcileProblem {
            subject,
            message: message.into(),
        });
    }
}

impl ReconcileSubject {
    /// The service or component that it is about.
    pub fn service(&self) -> Option<ServiceId> {
        match self {
            Self::Routes(service) | Self::Containers(service) => Some(*service),
            Self::Machine | Self::Dashboard | Self::Leftover(_) => None,
        }
    }
}

impl fmt::Display for ReconcileSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Machine => f.write_str("machine"),
            Self::Dashboard => f.write_str("way to the dashboard"),
            Self::Routes(service) => write!(f, "routes of service {service}"),
            Self::Containers(service) => write!(f, "containers of service {service}"),
            Self::Leftover(name) => f.write_str(name),
        }
    }
}

impl fmt::Display for ReconcileProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.subject, self.message)
    }
}
