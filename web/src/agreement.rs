//! Whether the machine is as the database says it shall be.

use std::sync::{PoisonError, RwLock};

use longshore_domain::ServiceId;
use time::OffsetDateTime;

/// What the newest comparison of the machine with what shall be found; who compares tells it.
#[derive(Debug, Default)]
pub struct Agreement(RwLock<Comparison>);

/// The outcome of a comparison.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comparison {
    /// When it ended; none before the first.
    pub at: Option<OffsetDateTime>,
    /// What could not be made as it shall be.
    pub differences: Vec<Difference>,
}

/// Something on the machine that is not as it shall be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The service that it is about: the stack of a component.
    pub service: Option<ServiceId>,
    /// What it is, for people.
    pub what: String,
    /// What stands in the way.
    pub why: String,
}

impl Agreement {
    /// The newest comparison.
    pub fn newest(&self) -> Comparison {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// What is not as it shall be of one service.
    pub fn of_service(&self, service: ServiceId) -> Vec<Difference> {
        let newest = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let of_service = |difference: &&Difference| difference.service == Some(service);
        newest
            .differences
            .iter()
            .filter(of_service)
            .cloned()
            .collect()
    }

    /// Takes the place of the comparison before.
    pub fn note(&self, comparison: Comparison) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = comparison;
    }
}
