//! Watches versions that have just become live, and brings the one before back when they
//! start to fail.
//!
//! It holds no state: what is watched, until when, and what was seen are in the database,
//! so that it goes on after a restart. What cannot be seen, because the agent or Docker is
//! away or has just come back, is no failure of the version; it is watched for longer then.

use std::time::Duration;

use longshore_agent_api::{LogStream, VersionEnds};
use longshore_control::Control;
use longshore_control::work::{Answer, LastLine, LogStream as StoredStream, WatchedDeployment};
use longshore_domain::watch::{ContainerEnd, WatchWindow};

use crate::agent_client::AgentClient;
use crate::look_after;
use crate::tasks::Tasks;

/// How long a version is watched at least once it can be seen again.
const AFTER_DARKNESS: Duration = Duration::from_secs(20);

/// Watches live versions.
#[derive(Clone)]
pub struct Watcher {
    control: Control,
    agent: AgentClient,
}

impl Watcher {
    /// Starts watching.
    pub fn start(control: &Control, agent: AgentClient, tasks: &Tasks) {
        let watcher = Self {
            control: control.clone(),
            agent,
        };
        look_after::start("watch", control, tasks, move || {
            let watcher = watcher.clone();
            async move { watcher.pass().await }
        });
    }

    /// Looks at every watched version once; tells whether there is one.
    async fn pass(&self) -> longshore_control::Result<bool> {
        let watched = self.control.watched().await?;
        for deployment in &watched {
            self.look_after(deployment).await?;
        }
        Ok(!watched.is_empty())
    }

    async fn look_after(&self, watched: &WatchedDeployment) -> longshore_control::Result<()> {
        if watched.has_failed {
            let answer = self.control.answer_failure(watched.id, None).await?;
            tell(watched, answer);
            return Ok(());
        }
        let seen = match self.agent.ends(watched.service, watched.number).await {
            Ok(seen) if seen.is_settled => seen,
            Ok(_) => return self.watch_longer(watched).await,
            Err(error) => {
                tracing::debug!(deployment = %watched.id, %error, "cannot be watched");
                return self.watch_longer(watched).await;
            }
        };
        let window = WatchWindow {
            since: watched.since,
            until: watched.until,
        };
        if let Some(failure) = window.verdict(&ends(&seen)) {
            tracing::warn!(deployment = %watched.id, number = watched.number,
                kind = failure.kind.as_str(), message = failure.message, "a live version fails");
            let seen = Some((failure, last_lines(seen)));
            let answer = self.control.answer_failure(watched.id, seen).await?;
            tell(watched, answer);
        } else if watched.now > watched.until {
            self.control.watch_passed(watched.id).await?;
        }
        Ok(())
    }

    /// Written now and then only: it may be dark for long.
    async fn watch_longer(&self, watched: &WatchedDeployment) -> longshore_control::Result<()> {
        if watched.until - watched.now > AFTER_DARKNESS / 2 {
            return Ok(());
        }
        self.control.prolong_watch(watched.id, AFTER_DARKNESS).await
    }
}

fn ends(seen: &VersionEnds) -> Vec<ContainerEnd> {
    seen.ends
        .iter()
        .map(|end| ContainerEnd {
            at: end.at,
            kind: end.kind,
            message: end.message.clone(),
        })
        .collect()
}

/// What the container wrote that ended last.
fn last_lines(mut seen: VersionEnds) -> Vec<LastLine> {
    let lines = seen.ends.pop().map(|end| end.last_lines);
    lines
        .unwrap_or_default()
        .into_iter()
        .map(|line| LastLine {
            at: line.at,
            stream: match line.stream {
                LogStream::Stdout => StoredStream::Stdout,
                LogStream::Stderr => StoredStream::Stderr,
                LogStream::System => StoredStream::System,
            },
            text: line.text,
        })
        .collect()
}

fn tell(watched: &WatchedDeployment, answer: Answer) {
    match answer {
        Answer::RollsBack(by) => {
            tracing::info!(deployment = %watched.id, %by, "the version before it comes back");
        }
        Answer::Stays => {
            tracing::warn!(deployment = %watched.id, "there is no version to go back to");
        }
        Answer::Waits | Answer::Over => {}
    }
}
