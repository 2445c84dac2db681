//! Makes the machine agree with what the database says shall exist: routes of changed
//! domains, stopped and restarted services, removals, leftovers of whatever crashed.
//!
//! It takes no input: it is woken by news or by time, reads everything and tells the
//! agent, which knows how to come from what is to what shall be.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use longshore_agent_api::{
    DashboardRoute, DesiredService, DesiredState, ReconcileProblem, ReconcileSubject, RunningUpdate,
};
use longshore_control::{Clock, Control, work};
use longshore_domain::Secret;
use longshore_web::{Agreement, Comparison, Difference, Metrics};
use time::OffsetDateTime;
use tokio::time::Instant;

use crate::agent_client::{AgentClient, certificates};
use crate::tasks::Tasks;

/// How often the machine is looked at when nothing has changed.
const EVERY: Duration = Duration::from_secs(30);
/// News that come together are answered together.
const SETTLE: Duration = Duration::from_millis(50);

/// Keeps the machine in agreement.
#[derive(Clone)]
pub struct Reconciler {
    control: Control,
    agent: AgentClient,
    metrics: Arc<Metrics>,
    agreement: Arc<Agreement>,
    /// What the proxy sends along with requests for the dashboard.
    proof: Secret,
}

impl Reconciler {
    /// A reconciler of the one machine.
    pub fn new(
        control: Control,
        agent: AgentClient,
        metrics: Arc<Metrics>,
        agreement: Arc<Agreement>,
        proof: Secret,
    ) -> Self {
        Self {
            control,
            agent,
            metrics,
            agreement,
            proof,
        }
    }

    /// Starts reconciling: at once, at news and from time to time.
    pub fn start(self, tasks: &Tasks) {
        let reconciler = self;
        let stopping = tasks.stopping().clone();
        tasks.spawn("reconcile", async move {
            let mut news = reconciler.control.follow_machine();
            loop {
                let start = Instant::now();
                match reconciler.pass().await {
                    Ok(()) => reconciler.metrics.reconciled(start.elapsed()),
                    Err(error) => {
                        tracing::warn!(error = format!("{error:#}"), "reconcile pass failed");
                    }
                }
                tokio::select! {
                    () = stopping.cancelled() => return,
                    () = tokio::time::sleep(EVERY) => {}
                    () = news.changed() => tokio::time::sleep(SETTLE).await,
                }
            }
        });
    }

    /// One pass over everything.
    async fn pass(&self) -> anyhow::Result<()> {
        let desired = self.control.desired_state().await?;
        self.restart_as_asked(&desired).await?;
        let report = self.agent.reconcile(&self.state(&desired)).await?;
        for change in &report.changes {
            tracing::info!(change, "reconciled");
        }
        for problem in &report.problems {
            tracing::warn!(%problem, "could not be reconciled");
        }
        self.metrics.set_differences(report.problems.len());
        self.agreement.note(Comparison {
            at: Some(Clock::system().now()),
            differences: report
                .problems
                .into_iter()
                .map(|problem| difference(problem, &desired))
                .collect(),
        });
        self.see_to_certificates().await?;
        for removing in self.control.services_removing().await? {
            let service = removing.service;
            if let Err(error) = self.agent.remove_service(service, removing.volumes).await {
                // One that takes longer does not hold up the others.
                tracing::warn!(%service, %error, "could not be removed yet");
                continue;
            }
            self.control.drop_removed_service(service).await?;
        }
        for service in self.control.data_removing().await? {
            if let Err(error) = self.agent.remove_service(service, true).await {
                tracing::warn!(%service, %error, "its data could not be removed yet");
                continue;
            }
            self.control.drop_removed_data(service).await?;
        }
        self.control.tidy().await?;
        Ok(())
    }

    /// Tells the agent which certificates there shall be, and counts until when they are
    /// valid.
    async fn see_to_certificates(&self) -> anyhow::Result<()> {
        let desired = self.control.desired_certificates().await?;
        self.agent
            .set_certificates(&certificates::desired(desired))
            .await?;
        let found = self.agent.certificates().await?;
        self.metrics.set_certificates(found.iter().map(|found| {
            let until = found.valid_until.map(OffsetDateTime::unix_timestamp);
            (found.host.to_string(), until, found.failing_since.is_some())
        }));
        Ok(())
    }

    async fn restart_as_asked(&self, desired: &work::DesiredState) -> anyhow::Result<()> {
        let mut done = BTreeMap::new();
        for service in &desired.services {
            let (Some(requested_at), Some(live_number)) =
                (service.restart_requested_at, service.live_number)
            else {
                continue;
            };
            let update = RunningUpdate {
                live_number,
                replicas: service.replicas,
                restart: true,
            };
            self.agent.set_running(service.service, &update).await?;
            done.insert(service.owner, requested_at);
        }
        // A stack has been restarted with the last of its components.
        for (owner, requested_at) in done {
            self.control.restart_done(owner, requested_at).await?;
        }
        Ok(())
    }

    /// What the agent is told.
    fn state(&self, desired: &work::DesiredState) -> DesiredState {
        DesiredState {
            dashboard: desired.dashboard.as_ref().map(|dashboard| DashboardRoute {
                host: dashboard.host.clone(),
                is_secure: dashboard.is_secure,
                listen: dashboard.listen,
                proof: self.proof.clone().into(),
            }),
            environments: desired.environments.clone(),
            stacks: Some(desired.stacks.clone()),
            repositories: Some(desired.repositories.clone()),
            uploads: Some(desired.uploads.clone()),
            services: desired
                .services
                .iter()
                .map(|service| DesiredService {
                    service: service.service,
                    live_number: service.live_number,
                    replicas: service.replicas,
                    active_numbers: service.active_numbers.clone(),
                    routes: service.routes.clone(),
                    kept_numbers: service.kept_numbers.clone(),
                })
                .collect(),
        }
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
