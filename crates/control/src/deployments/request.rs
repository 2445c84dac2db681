//! Asking for a deployment.

use longshore_domain::Specification;
use longshore_domain::source::Source;
use longshore_domain::specification::Origin;
use longshore_domain::takeover::{self, StrategyReason};
use longshore_domain::{Cause, CommitSha, DeploymentId, ImageRef, Permission, ServiceId, Strategy};
use longshore_store::PgConnection;
use longshore_store::services::ServiceRecord;

use super::queue::{Ask, is_race};
use super::show::load_view;
use crate::access::Authorized;
use crate::problems::Problems;
use crate::transaction::note;
use crate::{Actor, Control, ControlError, DeploymentDraft, DeploymentView, Result, Via};

/// Attempts when another request of the same service gets in between.
const ATTEMPTS: usize = 5;

impl Control {
    /// Asks for a deployment of what is configured now. It waits for its turn; one that
    /// waited before gives way to it.
    ///
    /// # Errors
    /// The fields' problems, also of variables whose references cannot be followed.
    pub async fn request_deployment(
        &self,
        actor: &Actor,
        service: ServiceId,
        draft: DeploymentDraft,
    ) -> Result<DeploymentView> {
        let mut attempt = 1;
        loop {
            match self.try_request(actor, service, &draft).await {
                Err(error) if attempt < ATTEMPTS && is_race(&error) => attempt += 1,
                other => return other,
            }
        }
    }

    async fn try_request(
        &self,
        actor: &Actor,
        service: ServiceId,
        draft: &DeploymentDraft,
    ) -> Result<DeploymentView> {
        let mut transaction = self.begin().await?;
        let service =
            Authorized::<ServiceRecord>::load(&mut transaction, actor, service, Permission::Deploy)
                .await?;
        let cause = match actor.via {
            Via::Session | Via::Machine => Cause::Manual,
            Via::Token(_) => Cause::Api,
        };
        let id = self
            .queue_configured(&mut transaction, service.get(), draft, |ask| {
                ask.cause = cause;
                ask.requested_by = Some(actor.user);
            })
            .await?;
        let target = format!("deployment:{id}");
        note(
            &mut transaction,
            actor,
            &service,
            "deployment.request",
            &target,
        )
        .await?;
        let view = load_view(&mut transaction, actor, id).await?;
        self.commit(transaction).await?;
        Ok(view)
    }

    /// Queues a deployment of a service as it is configured. Whoever calls has authorised.
    pub(crate) async fn queue_configured(
        &self,
        connection: &mut PgConnection,
        service: &ServiceRecord,
        draft: &DeploymentDraft,
        complete: impl FnOnce(&mut Ask),
    ) -> Result<DeploymentId> {
        let turn = self.take_turn(connection, service.team, service.id).await?;
        let (origin, commit) = origin(&turn.service, draft)?;
        let variables_at = self.clock.now();
        let variables = self.resolve_variables(connection, &turn.service).await?;
        let run = turn.service.run.clone();
        let (strategy, strategy_reason) = if turn.service.kind == "stack" {
            (Strategy::default(), StrategyReason::Components)
        } else {
            takeover::choose(run.strategy, run.sole_use())
        };
        let mut ask = Ask {
            cause: Cause::Manual,
            requested_by: None,
            specification: Specification {
                service_name: turn.service.name.clone(),
                origin,
                port: turn.service.port,
                strategy,
                strategy_reason,
                again: Vec::new(),
                run,
                variables_at,
            },
            variables,
            commit,
            commit_subject: turn
                .service
                .source
                .archive()
                .map(|archive| archive.name.to_string()),
            commit_author: None,
        };
        complete(&mut ask);
        self.enqueue(connection, &turn, ask).await
    }
}

fn origin(service: &ServiceRecord, draft: &DeploymentDraft) -> Result<(Origin, Option<CommitSha>)> {
    let mut problems = Problems::default();
    let commit = draft
        .commit
        .as_deref()
        .map(str::trim)
        .filter(|c| !c.is_empty());
    let image = draft
        .image
        .as_deref()
        .map(str::trim)
        .filter(|i| !i.is_empty());
    match &service.source {
        Source::Git(git) => {
            if image.is_some() {
                problems.add(
                    "image",
                    "can be given for an app that comes from an image only",
                );
            }
            let commit = commit.and_then(|commit| problems.parse::<CommitSha>("commit", commit));
            let origin = Origin::Git {
                url: git.url.clone(),
                branch: git.branch.clone(),
                commit: commit.clone(),
                submodules: git.submodules,
                build: service.build.clone(),
                clear_cache: draft.clear_cache,
            };
            problems.finish(Some((origin, commit)))
        }
        Source::Compose { text } => {
            if commit.is_some() {
                problems.add(
                    "commit",
                    "can be given for a file from a Git repository only",
                );
            }
            if image.is_some() {
                problems.add("image", "of a stack is named in its file");
            }
            problems.finish(Some((Origin::Compose { text: text.clone() }, None)))
        }
        Source::Upload(upload) => {
            if commit.is_some() {
                problems.add(
                    "commit",
                    "can be given for an app from a Git repository only",
                );
            }
            if image.is_some() {
                problems.add(
                    "image",
                    "can be given for an app that comes from an image only",
                );
            }
            problems.finish(Some(()))?;
            let Some(archive) = &upload.archive else {
                return Err(ControlError::refused(
                    "There is nothing to deploy yet: upload an archive first.",
                ));
            };
            let origin = Origin::Upload {
                archive: archive.clone(),
                build: service.build.clone(),
                clear_cache: draft.clear_cache,
            };
            Ok((origin, None))
        }
        Source::Image { reference } => {
            if commit.is_some() {
                problems.add(
                    "commit",
                    "can be given for an app from a Git repository only",
                );
            }
            if image.is_some() && service.kind == "database" {
                problems.add("image", "of a database follows from its version");
            }
            let reference = match image {
                Some(image) => problems.parse::<ImageRef>("image", image),
                None => Some(reference.clone()),
            };
            problems.finish(reference.map(|reference| (Origin::Image { reference }, None)))
        }
    }
}
