//! Makes Docker ready, and keeps what goes on in the background.

use std::sync::Arc;
use std::time::Duration;

use longshore_agent_api::AgentProblem;
use longshore_domain::FailureKind;

use super::DockerMachine;
use crate::stage::{StageContext, StageError};

/// How long to wait until Docker is prepared again after it failed.
const RETRY_AFTER: Duration = Duration::from_secs(2);

impl DockerMachine {
    /// Makes Swarm, networks and the proxy ready, as soon as Docker answers, and keeps
    /// the proxy so.
    pub fn prepare_in_background(self: &Arc<Self>) {
        let builds = Arc::clone(&self.builds);
        let stopping = self.tasks.stopping().clone();
        self.tasks.spawn("builds", async move {
            tokio::select! {
                () = stopping.cancelled() => {}
                () = builds.supervise() => {}
            }
        });
        let engine = self.engine.clone();
        self.tasks.spawn("terminals", async move {
            engine.end_left_terminals().await;
        });
        let machine = Arc::clone(self);
        self.tasks.spawn("certificates", async move {
            let stopping = machine.tasks.stopping().clone();
            let mut prepared = machine.prepared.subscribe();
            tokio::select! {
                () = stopping.cancelled() => return,
                _ = prepared.wait_for(Result::is_ok) => {}
            }
            machine
                .certificates
                .supervise(&machine.edge, stopping)
                .await;
        });
        let machine = Arc::clone(self);
        self.tasks.spawn("prepare", async move {
            let stopping = machine.tasks.stopping().clone();
            tokio::select! {
                () = stopping.cancelled() => {}
                () = machine.prepare() => machine.edge.supervise(stopping.clone()).await,
            }
        });
    }

    async fn prepare(&self) {
        loop {
            match self.try_prepare().await {
                Ok(()) => {
                    let _ = self.prepared.send_replace(Ok(()));
                    tracing::info!("Docker, Swarm and the proxy are ready");
                    return;
                }
                Err(problem) => {
                    let is_news = self.prepared.send_if_modified(|prepared| {
                        let news = Err(problem.message.clone());
                        let is_news = *prepared != news;
                        *prepared = news;
                        is_news
                    });
                    if is_news {
                        tracing::warn!(%problem, "Docker cannot be prepared yet");
                    }
                    tokio::time::sleep(RETRY_AFTER).await;
                }
            }
        }
    }

    async fn try_prepare(&self) -> Result<(), AgentProblem> {
        self.engine.prepare().await?;
        self.edge.prepare().await
    }

    /// Waits until Swarm and the proxy are there, and says so when that takes time.
    pub(super) async fn when_prepared(&self, context: &StageContext) -> Result<(), StageError> {
        let mut prepared = self.prepared.subscribe();
        let reason = prepared.borrow_and_update().clone().err();
        if let Some(reason) = reason {
            context.say(format!("waiting for Docker: {reason}"));
        }
        context
            .or_cancelled(async {
                prepared
                    .wait_for(Result::is_ok)
                    .await
                    .map(drop)
                    .map_err(|_| {
                        StageError::failed(
                            FailureKind::EngineUnavailable,
                            "the agent is shutting down",
                        )
                    })
            })
            .await
    }
}
