//! What shall exist on the machine, for the reconciler.

use std::collections::{HashMap, HashSet};

use longshore_domain::compose::ComponentRelease;
use longshore_domain::route::Route;
use longshore_domain::source::Source;
use longshore_domain::{GitUrl, ServiceId, Sha256Digest};
use longshore_store::events::{self, Event};
use longshore_store::{deployments, domains, environments, kept_data, logins, pool, services};
use time::OffsetDateTime;

use super::{DesiredService, DesiredState};
use crate::domains::routes;
use crate::{Control, Result};

/// How long failed attempts to sign in are remembered.
const ATTEMPTS_KEPT: time::Duration = time::Duration::days(1);

impl Control {
    /// Everything that shall exist on the machine, as of one moment.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn desired_state(&self) -> Result<DesiredState> {
        let mut snapshot = pool::begin_snapshot(&self.pool).await?;
        let environments = environments::list_ids(&mut snapshot).await?;
        let records = services::list_for_system(&mut snapshot).await?;
        let ids: Vec<ServiceId> = records.iter().map(|service| service.id).collect();
        let domains = domains::list_of_services(&mut snapshot, &ids).await?;
        let lives: HashMap<ServiceId, deployments::LiveRecord> =
            deployments::list_live_for_system(&mut snapshot)
                .await?
                .into_iter()
                .map(|live| (live.service, live))
                .collect();
        let active = by_service(deployments::find_queued_or_running_numbers(&mut snapshot).await?);
        let kept = by_service(deployments::kept_numbers(&mut snapshot, None).await?);
        let releases = deployments::list_stack_releases(&mut snapshot, None).await?;
        let mut uploads: HashSet<Sha256Digest> = deployments::archives_in_work(&mut snapshot)
            .await?
            .into_iter()
            .collect();
        let dashboard = self.desired_dashboard(&mut snapshot).await?;
        self.commit(snapshot).await?;
        let repositories: HashSet<GitUrl> = records
            .iter()
            .filter_map(|service| match &service.source {
                Source::Git(source) => Some(source.url.clone()),
                Source::Image { .. } | Source::Upload(_) | Source::Compose { .. } => None,
            })
            .collect();
        uploads.extend(
            records
                .iter()
                .filter_map(|service| Some(service.source.archive()?.digest.clone())),
        );
        let (stacks, records): (Vec<_>, Vec<_>) = records
            .into_iter()
            .partition(|service| service.kind == "stack");
        let mut components = Vec::new();
        for stack in &stacks {
            let of_stack = Stack {
                service: stack,
                routes: routes(&domains, stack.id, None, |other| {
                    let live = lives.get(&other)?;
                    Some((live.number, live.port))
                }),
                active_numbers: active.get(&stack.id).cloned().unwrap_or_default(),
                kept_numbers: kept.get(&stack.id).cloned().unwrap_or_default(),
            };
            components.extend(of_stack.desired(&releases));
        }
        let stacks = stacks.into_iter().map(|stack| stack.id).collect();
        let services = records
            .into_iter()
            .map(|service| {
                let live = lives.get(&service.id);
                let port = match live {
                    Some(live) => live.port,
                    None => service.port,
                };
                DesiredService {
                    service: service.id,
                    owner: service.id,
                    name: full_name(&service),
                    environment: service.environment,
                    live_number: live.map(|live| live.number),
                    active_numbers: active.get(&service.id).cloned().unwrap_or_default(),
                    routes: routes(&domains, service.id, port, |other| {
                        let live = lives.get(&other)?;
                        Some((live.number, live.port))
                    }),
                    replicas: match live {
                        Some(live) if !service.stopped => live.replicas,
                        _ => 0,
                    },
                    restart_requested_at: service.restart_requested_at,
                    kept_numbers: kept.get(&service.id).cloned().unwrap_or_default(),
                }
            })
            .chain(components)
            .collect();
        Ok(DesiredState {
            environments,
            services,
            stacks,
            repositories: repositories.into_iter().collect(),
            uploads: uploads.into_iter().collect(),
            dashboard,
        })
    }

    /// Services that a person deleted and whose work has ended: the agent is to remove
    /// what runs of them.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn services_removing(&self) -> Result<Vec<services::Removing>> {
        let mut connection = self.connection().await?;
        Ok(services::list_removing(&mut connection).await?)
    }

    /// Forgets a deleted service whose remains the agent has removed.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn drop_removed_service(&self, id: ServiceId) -> Result<()> {
        let mut transaction = self.begin().await?;
        kept_data::note(&mut transaction, id).await?;
        services::delete_removed(&mut transaction, id).await?;
        environments::sweep_removed(&mut transaction).await?;
        events::notify(&mut transaction, &[Event::Machine]).await?;
        self.commit(transaction).await
    }

    /// Notes that the containers were replaced as a person asked at that time; a later
    /// wish stays.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn restart_done(&self, id: ServiceId, requested_at: OffsetDateTime) -> Result<()> {
        let mut connection = self.connection().await?;
        Ok(services::clear_restart(&mut connection, id, requested_at).await?)
    }

    /// Removes old failed attempts to sign in.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn tidy(&self) -> Result<()> {
        let mut connection = self.connection().await?;
        logins::delete_before(&mut connection, self.clock.now() - ATTEMPTS_KEPT).await?;
        Ok(())
    }
}

/// A stack as its components on the machine.
struct Stack<'a> {
    service: &'a services::ServiceRecord,
    routes: Vec<Route>,
    active_numbers: Vec<i32>,
    kept_numbers: Vec<i32>,
}

impl Stack<'_> {
    /// The stack itself, of which nothing runs, the components of its live version, and
    /// those that only versions have to which it can go back.
    fn desired(&self, releases: &[deployments::StackRelease]) -> Vec<DesiredService> {
        let mut desired = vec![self.one(self.service.id)];
        let of_stack = |release: &&deployments::StackRelease| release.service == self.service.id;
        let live = releases
            .iter()
            .filter(of_stack)
            .find(|release| release.is_live);
        for component in live.iter().flat_map(|release| &release.components) {
            desired.push(self.component(component));
        }
        let kept = releases
            .iter()
            .filter(of_stack)
            .filter(|release| self.kept_numbers.contains(&release.number));
        for component in kept.flat_map(|release| &release.components) {
            if desired.iter().all(|one| one.service != component.service) {
                desired.push(self.one(component.service));
            }
        }
        desired
    }

    fn component(&self, component: &ComponentRelease) -> DesiredService {
        let routes = self.routes.iter().filter(|route| {
            // One that the proxy does not reach waits for the next deployment.
            component.takes_requests && route.component.as_ref() == Some(&component.name)
        });
        DesiredService {
            live_number: Some(component.number),
            routes: routes.cloned().collect(),
            replicas: if self.service.stopped {
                0
            } else {
                component.replicas
            },
            name: format!("{} / {}", full_name(self.service), component.name),
            restart_requested_at: self
                .service
                .restart_requested_at
                .filter(|_| !component.runs_once),
            ..self.one(component.service)
        }
    }

    /// One of which nothing is live.
    fn one(&self, service: ServiceId) -> DesiredService {
        DesiredService {
            service,
            owner: self.service.id,
            name: full_name(self.service),
            environment: self.service.environment,
            live_number: None,
            active_numbers: self.active_numbers.clone(),
            routes: Vec::new(),
            replicas: 0,
            restart_requested_at: None,
            kept_numbers: self.kept_numbers.clone(),
        }
    }
}

fn full_name(service: &services::ServiceRecord) -> String {
    format!("{} / {}", service.project_name, service.name)
}

fn by_service(numbers: Vec<(ServiceId, i32)>) -> HashMap<ServiceId, Vec<i32>> {
    let mut by_service: HashMap<ServiceId, Vec<i32>> = HashMap::new();
    for (service, number) in numbers {
        by_service.entry(service).or_default().push(number);
    }
    by_service
}
