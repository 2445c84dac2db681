//! Looking at deployments.

use std::time::Duration;

use longshore_domain::{DeploymentId, DeploymentStatus, Permission, ServiceId};
use longshore_store::deployments::DeploymentRecord;
use longshore_store::services::ServiceRecord;
use longshore_store::{PgConnection, deployments};
use tokio::time::{Instant, timeout_at};

use crate::access::Authorized;
use crate::{
    Actor, CommitView, Control, ControlError, Cursor, DeploymentView, FailureView, Named, Page,
    Result,
};

impl Control {
    /// A deployment.
    ///
    /// # Errors
    /// [`ControlError::NotFound`].
    pub async fn show_deployment(&self, actor: &Actor, id: DeploymentId) -> Result<DeploymentView> {
        let mut connection = self.connection().await?;
        load_view(&mut connection, actor, id).await
    }

    /// How many deployments there are, for the system's own metrics: no team is told apart.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn count_deployments(&self) -> Result<Vec<deployments::StatusCount>> {
        let mut connection = self.connection().await?;
        Ok(deployments::count_by_status(&mut connection).await?)
    }

    /// A service's deployments, the newest first.
    ///
    /// # Errors
    /// [`ControlError::NotFound`], or that the cursor is none.
    pub async fn list_deployments(
        &self,
        actor: &Actor,
        service: ServiceId,
        cursor: Cursor,
    ) -> Result<Page<DeploymentView>> {
        let before: Option<i32> = cursor
            .after
            .as_deref()
            .map(str::parse)
            .transpose()
            .map_err(|_| ControlError::invalid("cursor", "is not one that a page gave"))?;
        let mut connection = self.connection().await?;
        let service =
            Authorized::<ServiceRecord>::load(&mut connection, actor, service, Permission::View)
                .await?;
        let id = service.get().id;
        let size = cursor.size();
        // One more than fits tells whether there is another page.
        let limit = i64::try_from(size + 1).unwrap_or(i64::MAX);
        let mut records =
            deployments::list_of_service(&mut connection, service.team(), id, before, limit)
                .await?;
        let has_more = records.len() > size;
        records.truncate(size);
        let kept = kept(&mut connection, id).await?;
        Ok(Page {
            next: records
                .last()
                .filter(|_| has_more)
                .map(|last| last.number.to_string()),
            items: records
                .into_iter()
                .map(|record| view(record, &kept))
                .collect(),
        })
    }

    /// Waits until a deployment has ended, or for so long; answers how it stands then.
    ///
    /// # Errors
    /// [`ControlError::NotFound`].
    pub async fn await_end(
        &self,
        actor: &Actor,
        id: DeploymentId,
        limit: Duration,
    ) -> Result<DeploymentView> {
        let deadline = Instant::now() + limit;
        // Before the first look, so that no change is missed.
        let mut news = self.follow(id);
        loop {
            let view = self.show_deployment(actor, id).await?;
            if view.status.has_ended() || timeout_at(deadline, news.changed()).await.is_err() {
                return Ok(view);
            }
        }
    }
}

pub(super) async fn load_view(
    connection: &mut PgConnection,
    actor: &Actor,
    id: DeploymentId,
) -> Result<DeploymentView> {
    let record = Authorized::<DeploymentRecord>::load(connection, actor, id, Permission::View)
        .await?
        .into_inner();
    let kept = kept(connection, record.service).await?;
    Ok(view(record, &kept))
}

async fn kept(connection: &mut PgConnection, service: ServiceId) -> Result<Vec<i32>> {
    let kept = deployments::kept_numbers(connection, Some(service)).await?;
    Ok(kept.into_iter().map(|(_, number)| number).collect())
}

/// Whether the service can go back to a deployment: it was live once and its image is kept.
pub(super) fn can_roll_back(record: &DeploymentRecord, kept: &[i32]) -> bool {
    record.status == DeploymentStatus::Retired
        && record.image.is_some()
        && kept.contains(&record.number)
}

fn view(record: DeploymentRecord, kept: &[i32]) -> DeploymentView {
    DeploymentView {
        can_cancel: !record.status.has_ended() && !record.cancel_requested,
        can_roll_back: can_roll_back(&record, kept),
        is_live: record.status == DeploymentStatus::Live,
        id: record.id,
        number: record.number,
        status: record.status,
        cause: record.cause,
        requested_by: record.requested_by,
        service: Named {
            id: record.service,
            name: record.service_name,
        },
        environment: Named {
            id: record.environment,
            name: record.environment_name,
        },
        project: Named {
            id: record.project,
            name: record.project_name,
        },
        commit: record.commit_sha.map(|sha| CommitView {
            sha,
            subject: record.commit_subject,
            author: record.commit_author,
        }),
        archive: record.specification.origin.archive().cloned(),
        image: record.image,
        image_digest: record.image_digest,
        image_size_bytes: record.image_size_bytes,
        image_pinned: record.image_pinned,
        failure: record.failure.map(|failure| FailureView {
            stage: failure.stage,
            // The stages end with the switch.
            while_live: failure.stage.is_none() && record.timings.switching.is_some(),
            kind: failure.kind,
            message: failure.message,
            advice: failure.kind.advice(),
        }),
        superseded_by: record.superseded_by,
        timings: record.timings,
        strategy: record.specification.strategy,
        strategy_reason: record.specification.strategy_reason,
        queued_at: record.queued_at,
        started_at: record.started_at,
        stage_started_at: record.stage_started_at,
        ended_at: record.ended_at,
        watch_until: record
            .watch_until
            .filter(|_| record.status == DeploymentStatus::Live),
        cancel_requested: record.cancel_requested,
    }
}
