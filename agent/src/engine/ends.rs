//! How containers of a version ended that should run on.

use bollard::models::{Task, TaskState};
use longshore_agent_api::{AgentProblem, ContainerEnd, ContainerLine, VersionEnds};
use longshore_domain::ServiceId;
use time::OffsetDateTime;

use super::Engine;
use super::diagnose::LAST_LINES;
use super::running::STALE;
use super::start::has_ended_badly;

/// Of this many ends, the newest, it is told what the container wrote.
const WITH_LINES: usize = 2;

impl Engine {
    /// The ends that Docker still knows, oldest first. Those of containers that were made
    /// before Docker last came up are left out: its own restart ended them.
    ///
    /// # Errors
    /// When Docker does not answer.
    pub async fn version_ends(
        &self,
        service: ServiceId,
        number: i32,
    ) -> Result<VersionEnds, AgentProblem> {
        if self.is_settling().await? || self.lock_come_up().instant.elapsed() < STALE {
            return Ok(VersionEnds::default());
        }
        self.known_ends(service, number)
            .await
            .inspect_err(|_| self.note_away())
    }

    async fn known_ends(
        &self,
        service: ServiceId,
        number: i32,
    ) -> Result<VersionEnds, AgentProblem> {
        let parts = self.swarm_parts(service, number).await?;
        let Some(first) = parts.first() else {
            return Ok(VersionEnds::default());
        };
        let memory_limit = first.found.spec.as_ref().and_then(|spec| {
            let resources = spec.task_template.as_ref()?.resources.as_ref()?;
            resources
                .limits
                .as_ref()?
                .memory_bytes
                .filter(|bytes| *bytes > 0)
        });
        let came_up = self.lock_come_up().at;
        let names: Vec<String> = parts.iter().map(|part| part.name.clone()).collect();
        let tasks = self.tasks(&names).await?;
        let mut ended: Vec<(OffsetDateTime, &Task)> = tasks
            .iter()
            .filter(|task| has_ended_badly(task) && !was_lost(task))
            .filter(|task| task.created_at.is_some_and(|at| at > came_up))
            .filter_map(|task| Some((task.status.as_ref()?.timestamp?, task)))
            .collect();
        ended.sort_by_key(|(at, _)| *at);
        let silent = ended.len().saturating_sub(WITH_LINES);
        let mut ends = Vec::new();
        for (index, (at, task)) in ended.into_iter().enumerate() {
            let diagnosis = self.diagnose(memory_limit, task).await;
            let last_lines = if index < silent {
                Vec::new()
            } else {
                self.lines_of_end(task).await
            };
            ends.push(ContainerEnd {
                at,
                kind: diagnosis.kind,
                message: diagnosis.message,
                last_lines,
            });
        }
        Ok(VersionEnds {
            is_settled: true,
            ends,
        })
    }

    async fn lines_of_end(&self, task: &Task) -> Vec<ContainerLine> {
        let replica = task.slot.unwrap_or(1).to_string();
        self.last_lines(task, LAST_LINES)
            .await
            .into_iter()
            .map(|line| ContainerLine {
                at: line.at,
                replica: replica.clone(),
                stream: line.stream,
                text: line.text,
            })
            .collect()
    }
}

/// Whether Swarm lost sight of it, which is not the program's fault.
fn was_lost(task: &Task) -> bool {
    let state = task.status.as_ref().and_then(|status| status.state);
    state == Some(TaskState::ORPHANED)
}
