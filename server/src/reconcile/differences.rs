//! What the agent could not make as it shall be, once that lasts.

use std::collections::HashMap;
use std::time::Duration;

use longshore_agent_api::{ReconcileProblem, ReconcileSubject};
use longshore_control::work;
use longshore_web::Difference;
use tokio::time::Instant;

/// How long something is not as it shall be before people are told: what is being changed,
/// started or removed at the moment is right a pass later.
const LASTING: Duration = Duration::from_secs(10);

/// Since when the agent cannot make something as it shall be.
#[derive(Debug, Default)]
pub struct Differences(HashMap<ReconcileSubject, Instant>);

impl Differences {
    /// Takes note of what a pass found at that time; gives what lasts.
    pub fn lasting(
        &mut self,
        problems: Vec<ReconcileProblem>,
        desired: &work::DesiredState,
        now: Instant,
    ) -> Vec<Difference> {
        let found = problems.iter().map(|problem| {
            let subject = problem.subject.clone();
            let since = self.0.get(&subject).copied().unwrap_or(now);
            (subject, since)
        });
        self.0 = found.collect();
        problems
            .into_iter()
            .filter(|problem| now - self.0[&problem.subject] >= LASTING)
            .map(|problem| difference(problem, desired))
            .collect()
    }
}

/// A problem of the agent's in the words of people, who know services by their names.
fn difference(problem: ReconcileProblem, desired: &work::DesiredState) -> Difference {
    let service = problem.subject.service().and_then(|id| {
        let found = desired.services.iter().find(|known| known.service == id)?;
        Some((found.owner, found.name.as_str()))
    });
    let name = service.map_or("a service", |(_, name)| name);
    let what = match &problem.subject {
        ReconcileSubject::Machine => "The machine".to_owned(),
        ReconcileSubject::Dashboard => "The way to the dashboard on its own domain".to_owned(),
        ReconcileSubject::Routes(_) => format!("The routes of {name}"),
        ReconcileSubject::Containers(_) => format!("The containers of {name}"),
        ReconcileSubject::Leftover(leftover) => format!("To be removed: {leftover}"),
    };
    Difference {
        service: service.map(|(owner, _)| owner),
        what,
        why: problem.message,
    }
}

#[cfg(test)]
mod tests {
    use longshore_agent_api::ReconcileSubject::{Containers, Leftover};
    use longshore_control::work::{DesiredService, DesiredState};
    use longshore_domain::{EnvironmentId, ServiceId};

    use super::*;

    fn problem(subject: ReconcileSubject) -> ReconcileProblem {
        ReconcileProblem {
            subject,
            message: "version 1 is gone; deploy it again".to_owned(),
        }
    }

    fn component(service: ServiceId, owner: ServiceId) -> DesiredState {
        DesiredState {
            services: vec![DesiredService {
                service,
                owner,
                name: "Shop / store / web".to_owned(),
                environment: EnvironmentId::generate(),
                live_number: Some(1),
                active_numbers: Vec::new(),
                routes: Vec::new(),
                replicas: 1,
                restart_requested_at: None,
                kept_numbers: Vec::new(),
            }],
            ..DesiredState::default()
        }
    }

    #[test]
    fn only_what_lasts_is_told() {
        let (service, owner) = (ServiceId::generate(), ServiceId::generate());
        let desired = component(service, owner);
        let mut differences = Differences::default();
        let start = Instant::now();
        let mut after = |seconds: u64, found: Vec<ReconcileSubject>| {
            let problems = found.into_iter().map(problem).collect();
            differences.lasting(problems, &desired, start + Duration::from_secs(seconds))
        };
        assert_eq!(after(0, vec![Containers(service)]), []);
        assert_eq!(after(9, vec![Containers(service)]), []);
        let network = Leftover("network a".to_owned());
        let told = after(10, vec![Containers(service), network.clone()]);
        assert_eq!(
            told,
            [Difference {
                service: Some(owner),
                what: "The containers of Shop / store / web".to_owned(),
                why: "version 1 is gone; deploy it again".to_owned(),
            }]
        );
        // What was right in between begins anew.
        assert_eq!(after(20, vec![network]).len(), 1);
        assert_eq!(after(30, vec![Containers(service)]), []);
    }
}
