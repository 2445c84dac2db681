//! Makes the machine agree with what the database says shall exist: routes of changed
//! domains, stopped and restarted services, removals, leftovers of whatever crashed.
//!
//! It takes no input: it is woken by news or by time, reads everything and tells the
//! agent, which knows how to come from what is to what shall be.

mod differences;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use longshore_agent_api::{
    DashboardRoute, DesiredService, DesiredState, ReconcileReport, ReconcileSubject, RunningUpdate,
};
use longshore_control::{Clock, Control, work};
use longshore_domain::Secret;
use longshore_web::{Agreement, Comparison, Metrics};
use time::OffsetDateTime;
use tokio::time::Instant;

use crate::agent_client::{AgentClient, certificates};
use crate::tasks::Tasks;
use differences::Differences;

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
            let mut differences = Differences::default();
            loop {
                let start = Instant::now();
                match reconciler.pass(&mut differences).await {
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
    async fn pass(&self, differences: &mut Differences) -> anyhow::Result<()> {
        let desired = self.control.desired_state().await?;
        self.restart_as_asked(&desired).await?;
        let report = self.agent.reconcile(&self.state(&desired)).await?;
        for change in &report.changes {
            tracing::info!(change, "reconciled");
        }
        for problem in &report.problems {
            tracing::warn!(%problem, "could not be reconciled");
        }
        self.compare(report, &desired, differences);
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

    /// Notes what is not as it shall be and stays so.
    fn compare(
        &self,
        report: ReconcileReport,
        desired: &work::DesiredState,
        differences: &mut Differences,
    ) {
        let is_compared = report
            .problems
            .iter()
            .all(|problem| problem.subject != ReconcileSubject::Machine);
        if !is_compared {
            return;
        }
        let lasting = differences.lasting(report.problems, desired, Instant::now());
        self.metrics.set_differences(lasting.len());
        self.agreement.note(Comparison {
            at: Some(Clock::system().now()),
            differences: lasting,
        });
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
        let mut asked = BTreeMap::new();
        let mut waiting = HashSet::new();
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
            asked.insert(service.owner, requested_at);
            if let Err(error) = self.agent.set_running(service.service, &update).await {
                // One that cannot be restarted does not hold up the others.
                tracing::warn!(service = %service.service, %error, "could not be restarted");
                if error.refusal().is_none() {
                    waiting.insert(service.owner);
                }
            }
        }
        // A stack has been restarted with the last of its components.
        for (owner, requested_at) in asked {
            if !waiting.contains(&owner) {
                self.control.restart_done(owner, requested_at).await?;
            }
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
