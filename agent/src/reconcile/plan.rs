//! Decides what is not wanted. Pure.

use longshore_agent_api::{DesiredService, DesiredState};
use longshore_domain::ServiceId;

use crate::jobs::JobRecord;
use crate::machine::Owned;

/// All that gives something a right to exist.
pub(super) struct Known<'a> {
    pub(super) desired: &'a DesiredState,
    pub(super) unfinished: Vec<JobRecord>,
    pub(super) recently_live: &'a (dyn Fn(ServiceId) -> Option<i32> + Send + Sync),
    pub(super) drains: &'a (dyn Fn(ServiceId, i32) -> bool + Send + Sync),
}

impl Known<'_> {
    fn service(&self, service: ServiceId) -> Option<&DesiredService> {
        self.desired
            .services
            .iter()
            .find(|desired| desired.service == service)
    }

    fn has_job(&self, service: ServiceId, number: i32) -> bool {
        self.unfinished
            .iter()
            .any(|job| job.service == service && job.number == number)
    }

    fn runs(&self, service: ServiceId, number: i32) -> bool {
        let is_desired = self.service(service).is_some_and(|desired| {
            desired.live_number == Some(number) || desired.active_numbers.contains(&number)
        });
        is_desired
            || self.has_job(service, number)
            || (self.recently_live)(service) == Some(number)
            || (self.drains)(service, number)
            || self.is_stopped_for_job(service, number)
    }

    /// A job may have stopped an older version, which must be there if it fails; and
    /// while one works nothing is known of what the server has stored.
    fn is_stopped_for_job(&self, service: ServiceId, number: i32) -> bool {
        self.unfinished
            .iter()
            .any(|job| job.service == service && job.number > number)
    }

    /// Whether a job is about to change, or has just changed, which version is live.
    pub(super) fn is_moving(&self, service: ServiceId, live_number: i32) -> bool {
        self.unfinished.iter().any(|job| job.service == service)
            || (self.recently_live)(service).is_some_and(|number| number > live_number)
    }

    fn wants(&self, owned: &Owned) -> bool {
        match owned {
            Owned::Version { service, number } => self.runs(*service, *number),
            Owned::Probe { service, number } => self.has_job(*service, *number),
            Owned::OneOff { deployment, .. } => self
                .unfinished
                .iter()
                .any(|job| Some(job.deployment) == *deployment),
            Owned::Network { environment } => {
                self.desired.environments.contains(environment)
                    || self
                        .unfinished
                        .iter()
                        .any(|job| job.environment == *environment)
            }
            Owned::StackNetwork { stack } => {
                self.desired
                    .stacks
                    .as_ref()
                    .is_none_or(|stacks| stacks.contains(stack))
                    || self.unfinished.iter().any(|job| job.service == *stack)
            }
            Owned::Image {
                service, number, ..
            } => {
                self.runs(*service, *number)
                    || self
                        .service(*service)
                        .is_some_and(|desired| desired.kept_numbers.contains(number))
            }
            Owned::Routes { service } => {
                self.service(*service).is_some_and(|desired| {
                    desired.live_number.is_some() || !desired.active_numbers.is_empty()
                }) || self.unfinished.iter().any(|job| job.service == *service)
                    || (self.recently_live)(*service).is_some()
            }
        }
    }
}

/// What has no right to exist, in the order in which it can be removed.
pub(super) fn unwanted<'a>(owned: &'a [Owned], known: &Known<'_>) -> Vec<&'a Owned> {
    let mut unwanted: Vec<&Owned> = owned.iter().filter(|owned| !known.wants(owned)).collect();
    unwanted.sort_by_key(|owned| match owned {
        Owned::Routes { .. } | Owned::Probe { .. } => 0,
        Owned::Version { .. } | Owned::OneOff { .. } => 1,
        Owned::Network { .. } | Owned::StackNetwork { .. } | Owned::Image { .. } => 2,
    });
    unwanted
}

/// An object in words.
pub(super) fn describe(owned: &Owned) -> String {
    match owned {
        Owned::Version { service, number } => format!("version {number} of service {service}"),
        Owned::Probe { service, number } => {
            format!("the probe route of version {number} of service {service}")
        }
        Owned::OneOff { id, .. } => format!("the one-off container {id}"),
        Owned::Network { environment } => format!("the network of environment {environment}"),
        Owned::StackNetwork { stack } => format!("the network of stack {stack}"),
        Owned::Image { tag, .. } => format!("the image {tag}"),
        Owned::Routes { service } => format!("the routes of service {service}"),
    }
}

#[cfg(test)]
mod tests;
