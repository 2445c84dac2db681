//! Writing down what happened to a deployment.

use longshore_domain::{DeploymentId, DeploymentState, DeploymentStatus, Stage};
use longshore_store::deployments::{self, Progress};
use longshore_store::events::{self, Event};
use longshore_store::logs::{self, StoredLine};
use longshore_store::services;
use uuid::Uuid;

use super::{Outcome, RecordedEvent, RecordedKind, WorkError};
use crate::Control;

/// The longest line that is stored, in bytes; longer ones are cut.
const LINE_MAX: usize = 64 * 1024;

type Result<T> = std::result::Result<T, WorkError>;

impl Control {
    /// Stores events of a deployment in one transaction: lines, stages, timings, commit,
    /// image, host key. Those that are stored already are passed over.
    ///
    /// # Errors
    /// [`WorkError::LostLease`]; nothing is written then.
    pub async fn record_events(
        &self,
        id: DeploymentId,
        worker: Uuid,
        events: Vec<RecordedEvent>,
    ) -> Result<()> {
        self.pin_host_keys(id, worker, &events).await?;
        let mut transaction = self.begin().await?;
        let mut progress = deployments::lock_leased(&mut transaction, id, worker)
            .await?
            .ok_or(WorkError::LostLease)?;
        let before = progress.stage;
        let mut lines = Vec::new();
        let mut any = false;
        for event in events {
            if event.sequence <= progress.last_sequence {
                continue;
            }
            any = true;
            progress.last_sequence = event.sequence;
            if let RecordedKind::Components { components } = &event.kind {
                deployments::save_components(&mut transaction, id, components).await?;
            }
            apply(&mut progress, event, &mut lines);
        }
        if !any {
            return Ok(());
        }
        logs::append(&mut transaction, id, &lines).await?;
        deployments::save_progress(&mut transaction, &progress).await?;
        let mut news = vec![Event::Deployment(id)];
        if progress.stage != before {
            news.push(Event::Service(progress.service));
        }
        events::notify(&mut transaction, &news).await?;
        self.commit(transaction).await?;
        Ok(())
    }

    /// Pins SSH host keys apart from the rest: it locks the service's row, which elsewhere
    /// is locked before the deployment's. Doing it again changes nothing.
    async fn pin_host_keys(
        &self,
        id: DeploymentId,
        worker: Uuid,
        events: &[RecordedEvent],
    ) -> Result<()> {
        for event in events {
            if let RecordedKind::HostKey { fingerprint } = &event.kind {
                let mut connection = self.connection().await?;
                services::pin_host_key(&mut connection, id, worker, fingerprint).await?;
            }
        }
        Ok(())
    }

    /// Ends the work on a deployment. One that becomes live retires the one that was live,
    /// in the same transaction. Telling the same end twice does no harm.
    ///
    /// # Errors
    /// [`WorkError::LostLease`].
    pub async fn finish(&self, id: DeploymentId, worker: Uuid, outcome: Outcome) -> Result<()> {
        let mut transaction = self.begin().await?;
        let Some(mut progress) = deployments::lock_leased(&mut transaction, id, worker).await?
        else {
            let status = deployments::find_leased(&mut transaction, id, worker).await?;
            return if status.is_some_and(|status| says_the_same(status, &outcome)) {
                Ok(())
            } else {
                Err(WorkError::LostLease)
            };
        };
        let state = DeploymentState::Running(progress.stage);
        let end = match outcome {
            Outcome::Live { image, digest } => {
                progress.image = Some(image);
                progress.image_digest = Some(digest);
                // A service without a port has nothing to switch.
                state.enter(Stage::Switching)?.go_live()?
            }
            Outcome::Failed(mut failure) => {
                // PostgreSQL's text has no NUL.
                failure.message.retain(|c| c != '\0');
                state.fail(failure)?
            }
            Outcome::Cancelled => state.cancel()?,
        };
        deployments::end(&mut transaction, &progress, &end).await?;
        let news = [
            Event::Deployment(id),
            Event::Service(progress.service),
            Event::Queue,
            Event::Machine,
        ];
        events::notify(&mut transaction, &news).await?;
        self.commit(transaction).await?;
        Ok(())
    }
}

fn apply(progress: &mut Progress, event: RecordedEvent, lines: &mut Vec<StoredLine>) {
    match event.kind {
        RecordedKind::StageStarted { stage } => {
            match DeploymentState::Running(progress.stage).enter(stage) {
                Ok(_) => {
                    progress.stage = stage;
                    progress.stage_started_at = Some(event.at);
                }
                // The agent took up an earlier stage again after a restart; what people
                // see does not go backwards.
                Err(error) => tracing::debug!(%error, deployment = %progress.id),
            }
        }
        RecordedKind::StageFinished { stage, took, .. } => progress.timings.record(stage, took),
        RecordedKind::Line { stream, text } => {
            let text = cut(text);
            let length = i64::try_from(text.len()).unwrap_or(i64::MAX);
            progress.log_bytes = progress.log_bytes.saturating_add(length);
            lines.push(StoredLine {
                sequence: event.sequence,
                at: event.at,
                stream,
                text,
            });
        }
        RecordedKind::Commit {
            sha,
            subject,
            author,
        } => {
            progress.commit_sha = Some(sha.to_string());
            progress.commit_subject = Some(clean(&subject));
            progress.commit_author = Some(clean(&author));
        }
        RecordedKind::Image {
            image,
            digest,
            size_bytes,
            pinned,
        } => {
            progress.image_pinned = pinned;
            progress.image = Some(image);
            progress.image_digest = Some(digest);
            progress.image_size_bytes = Some(size_bytes);
        }
        RecordedKind::Components { .. } | RecordedKind::HostKey { .. } | RecordedKind::Finished => {
        }
    }
}

/// A line has its limit.
fn cut(mut text: String) -> String {
    if text.len() > LINE_MAX {
        let end = text.floor_char_boundary(LINE_MAX);
        text.truncate(end);
        text.push('…');
    }
    text
}

fn clean(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(300).collect()
}

fn says_the_same(status: DeploymentStatus, outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Live { .. } => {
            matches!(status, DeploymentStatus::Live | DeploymentStatus::Retired)
        }
        Outcome::Failed(_) => status == DeploymentStatus::Failed,
        Outcome::Cancelled => status == DeploymentStatus::Cancelled,
    }
}
