//! The workers: they take deployments from the queue, let the agent do the work and
//! store what it reports.
//!
//! A worker decides nothing about the work itself. It may die at any point: its lease
//! ends, another worker puts the same job again, and the journal goes on where the
//! stored sequence number ends.

mod attend;
mod lease;
mod record;
mod specification;

pub(crate) use specification::login;

use std::sync::Arc;
use std::time::Duration;

use longshore_control::Control;
use longshore_control::work::ClaimedDeployment;
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::agent_client::AgentClient;
use crate::tasks::Tasks;
use lease::Lease;
pub(crate) use specification::job as deploy_job;

/// How long a deployment belongs to a worker that says nothing. A worker that was killed
/// is replaced after it; the control plane's promise is a minute.
const LEASE: Duration = Duration::from_secs(20);

/// What workers need.
#[derive(Clone)]
pub struct Workers {
    control: Control,
    agent: AgentClient,
    /// This claim among all that were ever made: one that lost its lease cannot go on by
    /// it when the same process claims the deployment again.
    worker: Uuid,
    tasks: Tasks,
}

impl Workers {
    /// Starts taking deployments, at most `concurrency` at a time.
    pub fn start(control: Control, agent: AgentClient, concurrency: usize, tasks: &Tasks) {
        let workers = Self {
            control,
            agent,
            worker: Uuid::new_v4(),
            tasks: tasks.clone(),
        };
        tasks.spawn("queue", workers.take_deployments(concurrency));
    }

    async fn take_deployments(self, concurrency: usize) {
        let free = Arc::new(Semaphore::new(concurrency));
        let mut news = self.control.follow_queue();
        let stopping = self.tasks.stopping().clone();
        loop {
            let permit = tokio::select! {
                () = stopping.cancelled() => return,
                permit = Arc::clone(&free).acquire_owned() => permit,
            };
            let Ok(permit) = permit else { return };
            let workers = Self {
                worker: Uuid::new_v4(),
                ..self.clone()
            };
            match self.control.claim(workers.worker, LEASE).await {
                Ok(Some(claimed)) => {
                    self.tasks.spawn("deployment", async move {
                        workers.work_on(claimed).await;
                        drop(permit);
                    });
                    continue;
                }
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, "cannot look into the queue"),
            }
            drop(permit);
            // A lease that ends sends no notification.
            tokio::select! {
                () = stopping.cancelled() => return,
                () = news.changed() => {}
                () = tokio::time::sleep(LEASE / 4) => {}
            }
        }
    }

    async fn work_on(&self, claimed: ClaimedDeployment) {
        let deployment = claimed.id;
        tracing::info!(%deployment, number = claimed.number, service = %claimed.service_name,
            resumed = claimed.resumed, "deployment taken");
        let lease = Lease::keep(self, &claimed);
        let end = tokio::select! {
            () = self.tasks.stopping().cancelled() => attend::End::Interrupted,
            () = lease.lost() => attend::End::LostLease,
            end = attend::attend(self, &claimed, &lease) => end,
        };
        match end {
            attend::End::Outcome(outcome) => {
                tracing::info!(%deployment, ?outcome, "deployment ended");
            }
            attend::End::LostLease => {
                tracing::warn!(%deployment, "another worker has the deployment");
            }
            // The work goes on in the agent; whoever starts next takes it up at once.
            attend::End::Interrupted => {
                if let Err(error) = self.control.release(deployment, self.worker).await {
                    tracing::warn!(%deployment, %error, "cannot give the lease back");
                }
            }
        }
    }
}
