//! Repairs the edge while the agent runs.

use std::collections::HashMap;
use std::time::Duration;

use bollard::query_parameters::EventsOptionsBuilder;
use futures_util::StreamExt as _;
use longshore_agent_api::AgentProblem;
use longshore_domain::FailureKind;
use time::OffsetDateTime;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;

use super::Edge;
use super::container::is_running;
use crate::clock;

/// How often it is looked whether the network's namespace was made anew.
const ISOLATION_INTERVAL: Duration = Duration::from_secs(1);
/// How often everything is looked at although nothing was reported.
const FULL_INTERVAL: Duration = Duration::from_secs(60);
/// When it is looked whether Docker is starting the proxy again by itself.
const LOOKS: [Duration; 2] = [Duration::ZERO, Duration::from_millis(100)];
/// Between two attempts to repair.
const FIRST_RETRY: Duration = Duration::from_millis(250);
const LONGEST_RETRY: Duration = Duration::from_secs(10);

impl Edge {
    /// Keeps the proxy running and its network isolated until it is cancelled.
    pub async fn supervise(&self, cancel: CancellationToken) {
        tokio::select! {
            () = cancel.cancelled() => {}
            () = self.watch() => {}
            () = self.guard() => {}
            () = self.engine.keep_swarm_ports_closed() => {}
        }
    }

    async fn watch(&self) {
        let mut retry = FIRST_RETRY;
        let mut last_problem = None;
        loop {
            // What happens during the repair must not be missed after it.
            let since = clock::now();
            match self.repair().await {
                Ok(()) => {
                    retry = FIRST_RETRY;
                    last_problem = None;
                    self.until_something_happens(since).await;
                }
                Err(problem) => {
                    if problem.kind == FailureKind::EngineUnavailable {
                        self.engine.note_away();
                    }
                    // The same trouble is told once.
                    if last_problem.as_ref() != Some(&problem) {
                        tracing::error!(%problem, "the proxy is not as it should be");
                        last_problem = Some(problem);
                    }
                    sleep(retry).await;
                    retry = (retry * 2).min(LONGEST_RETRY);
                }
            }
        }
    }

    async fn repair(&self) -> Result<(), AgentProblem> {
        if !self.ready() {
            self.engine.prepare().await?;
        }
        self.prepare().await
    }

    /// Returns when the proxy has stopped since then, or Docker has gone away.
    async fn until_something_happens(&self, since: OffsetDateTime) {
        let filters = HashMap::from([
            ("type", vec!["container".to_owned()]),
            ("container", vec![self.engine.names().proxy()]),
            (
                "event",
                vec!["die".to_owned(), "destroy".to_owned(), "start".to_owned()],
            ),
        ]);
        let options = EventsOptionsBuilder::default()
            .since(&format!(
                "{}.{:09}",
                since.unix_timestamp(),
                since.nanosecond()
            ))
            .filters(&filters)
            .build();
        let mut events = std::pin::pin!(self.engine.docker().events(Some(options)));
        let mut isolation = interval(ISOLATION_INTERVAL);
        isolation.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut full = interval(FULL_INTERVAL);
        full.set_missed_tick_behavior(MissedTickBehavior::Delay);
        full.tick().await;
        let Ok(network) = self.engine.edge_network().await else {
            return;
        };
        loop {
            tokio::select! {
                event = events.next() => match event {
                    Some(Ok(_)) => {
                        if !self.comes_back().await {
                            return;
                        }
                        if self.isolate(&network).await.is_err() {
                            return;
                        }
                    }
                    Some(Err(_)) | None => {
                        tracing::warn!("Docker has gone away");
                        self.set_unready();
                        self.wait_for_docker().await;
                        self.engine.note_start();
                        return;
                    }
                },
                _ = isolation.tick() => {
                    if self.isolate_when_new(&network).await.is_err() {
                        return;
                    }
                }
                _ = full.tick() => {
                    if !self.comes_back().await || self.isolate(&network).await.is_err() {
                        return;
                    }
                }
            }
        }
    }

    /// Whether the proxy runs, or does so within the time that Docker needs to start it.
    async fn comes_back(&self) -> bool {
        for wait in LOOKS {
            sleep(wait).await;
            match self.find_container().await {
                Ok(Some(container)) if is_running(&container) => return true,
                Ok(None) | Err(_) => break,
                Ok(Some(_)) => {}
            }
        }
        tracing::warn!("the proxy does not run");
        self.set_unready();
        false
    }

    async fn wait_for_docker(&self) {
        while self.engine.docker().ping().await.is_err() {
            sleep(FIRST_RETRY).await;
        }
    }

    fn set_unready(&self) {
        self.is_ready
            .store(false, std::sync::atomic::Ordering::Release);
    }
}
