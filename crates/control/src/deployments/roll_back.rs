//! Going back to an earlier version: a new deployment from the stored specification and
//! image, by the same way as every other.

use longshore_domain::source::Build;
use longshore_domain::specification::Origin;
use longshore_domain::{
    Cause, DeploymentId, DeploymentStatus, Permission, ServiceId, Specification,
};
use longshore_store::deployments::DeploymentRecord;
use longshore_store::services::ServiceRecord;
use longshore_store::{PgConnection, deployments};

use super::queue::{Ask, Turn};
use super::show::{can_roll_back, load_view};
use crate::access::Authorized;
use crate::transaction::note;
use crate::{Actor, Control, ControlError, DeploymentView, Result, VariablesOf};

impl Control {
    /// Asks for the version of an earlier deployment, with its variables or today's.
    ///
    /// # Errors
    /// [`ControlError::Refused`] when it never was live, is live, or its image is not kept.
    pub async fn roll_back(
        &self,
        actor: &Actor,
        service: ServiceId,
        to: DeploymentId,
        variables: VariablesOf,
    ) -> Result<DeploymentView> {
        let mut transaction = self.begin().await?;
        let service =
            Authorized::<ServiceRecord>::load(&mut transaction, actor, service, Permission::Deploy)
                .await?;
        let turn = self
            .take_turn(&mut transaction, service.team(), service.get().id)
            .await?;
        let earlier = deployments::find(&mut transaction, service.team(), to)
            .await?
            .filter(|earlier| earlier.service == turn.service.id)
            .ok_or(ControlError::NotFound)?;
        let cause = Cause::Rollback { to: earlier.number };
        let mut ask = self
            .ask_again(&mut transaction, &turn, &earlier, variables, cause)
            .await?;
        ask.requested_by = Some(actor.user);
        let id = self.enqueue(&mut transaction, &turn, ask).await?;
        let target = format!("deployment:{id}");
        note(
            &mut transaction,
            actor,
            &service,
            "deployment.roll_back",
            &target,
        )
        .await?;
        let view = load_view(&mut transaction, actor, id).await?;
        self.commit(transaction).await?;
        Ok(view)
    }

    /// The version of an earlier deployment as a new one.
    pub(crate) async fn ask_again(
        &self,
        connection: &mut PgConnection,
        turn: &Turn,
        earlier: &DeploymentRecord,
        variables: VariablesOf,
        cause: Cause,
    ) -> Result<Ask> {
        let kept = deployments::kept_numbers(connection, Some(earlier.service)).await?;
        let kept: Vec<i32> = kept.into_iter().map(|(_, number)| number).collect();
        let number = earlier.number;
        if !can_roll_back(earlier, &kept) {
            return Err(ControlError::refused(match earlier.status {
                DeploymentStatus::Live => format!("#{number} is live already."),
                DeploymentStatus::Retired => {
                    format!("The image of #{number} is not kept any longer.")
                }
                _ => format!("#{number} never was live, so there is nothing to go back to."),
            }));
        }
        let (Some(image), Some(digest)) = (&earlier.image, &earlier.image_digest) else {
            return Err(ControlError::refused(format!("#{number} left no image.")));
        };
        let before = &earlier.specification;
        let (resolved, variables_at) = match variables {
            VariablesOf::Then => (
                self.open_variables(earlier.id, &earlier.variables)?,
                before.variables_at,
            ),
            VariablesOf::Now => {
                let now = self.clock.now();
                (
                    self.resolve_variables(connection, &turn.service).await?,
                    now,
                )
            }
        };
        let origin = match &before.origin {
            // A stack's file is read once more, and the images are those of then.
            Origin::Git {
                build: Build::Compose(_),
                ..
            }
            | Origin::Compose { .. } => origin_of_then(earlier),
            Origin::Git { .. }
            | Origin::Image { .. }
            | Origin::Upload { .. }
            | Origin::Existing { .. } => Origin::Existing {
                number,
                image: image.clone(),
                digest: digest.clone(),
                archive: before.origin.archive().cloned(),
            },
        };
        Ok(Ask {
            cause,
            requested_by: None,
            specification: Specification {
                service_name: turn.service.name.clone(),
                origin,
                again: earlier.components.clone(),
                port: before.port,
                run: before.run.clone(),
                strategy: before.strategy,
                strategy_reason: before.strategy_reason,
                variables_at,
            },
            variables: resolved,
            commit: earlier
                .commit_sha
                .as_deref()
                .and_then(|sha| sha.parse().ok()),
            commit_subject: earlier.commit_subject.clone(),
            commit_author: earlier.commit_author.clone(),
        })
    }
}

/// Where an earlier version came from, its commit pinned.
fn origin_of_then(earlier: &DeploymentRecord) -> Origin {
    let mut origin = earlier.specification.origin.clone();
    if let Origin::Git {
        commit,
        clear_cache,
        ..
    } = &mut origin
    {
        let sha = earlier.commit_sha.as_deref();
        *commit = sha.and_then(|sha| sha.parse().ok()).or(commit.take());
        *clear_cache = false;
    }
    origin
}
