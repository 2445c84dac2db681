//! Putting a deployment into the queue, whatever caused it.

use longshore_domain::specification::Origin;
use longshore_domain::{
    Cause, CommitSha, DeploymentId, EnvKey, ServiceId, Specification, TeamId, UserId,
};
use longshore_store::deployments::{self, NewDeployment};
use longshore_store::events::{self, Event};
use longshore_store::services::ServiceRecord;
use longshore_store::{Conflict, PgConnection, StoreError, services};

use crate::problems::Problems;
use crate::variables::resolve::Resolved;
use crate::{Control, ControlError, Result};

/// What is known of a deployment before it is queued.
pub(crate) struct Ask {
    pub cause: Cause,
    pub requested_by: Option<UserId>,
    pub specification: Specification,
    pub variables: Resolved,
    pub commit: Option<CommitSha>,
    pub commit_subject: Option<String>,
    pub commit_author: Option<String>,
}

/// A service whose row is locked and whose next deployment number is taken: requests of
/// one service come one after the other.
pub(crate) struct Turn {
    pub service: ServiceRecord,
    pub number: i32,
}

impl Control {
    /// Waits for the service's turn. Whoever calls has authorised.
    pub(crate) async fn take_turn(
        &self,
        connection: &mut PgConnection,
        team: TeamId,
        service: ServiceId,
    ) -> Result<Turn> {
        let number = services::take_number(connection, team, service).await?;
        // Read after the lock: as it is now.
        let service = services::find(connection, team, service)
            .await?
            .ok_or(ControlError::NotFound)?;
        Ok(Turn { service, number })
    }

    /// Queues a deployment; the one that waits gives way to it.
    pub(crate) async fn enqueue(
        &self,
        connection: &mut PgConnection,
        turn: &Turn,
        ask: Ask,
    ) -> Result<DeploymentId> {
        let mut problems = Problems::default();
        problems.extend(ask.specification.problems());
        check_build_variables(&mut problems, &ask);
        problems.finish(Some(()))?;
        let id = DeploymentId::generate();
        let service = turn.service.id;
        let overtaken = deployments::supersede_waiting(connection, service, turn.number).await?;
        let new = NewDeployment {
            id,
            team: turn.service.team,
            service,
            number: turn.number,
            cause: ask.cause,
            requested_by: ask.requested_by,
            specification: ask.specification,
            variables: self.seal_variables(id, &ask.variables)?,
            commit: ask.commit,
            commit_subject: ask.commit_subject,
            commit_author: ask.commit_author,
            waits_since: overtaken.map(|overtaken| overtaken.waits_since),
        };
        deployments::insert(connection, &new).await?;
        let mut news = vec![
            Event::Deployment(id),
            Event::Service(service),
            Event::Queue,
            Event::Machine,
        ];
        news.extend(overtaken.map(|overtaken| Event::Deployment(overtaken.id)));
        events::notify(connection, &news).await?;
        Ok(id)
    }
}

/// Each secret that the build may mount must be a variable, and so must each variable that
/// it is given as an argument; an argument cannot be secret.
fn check_build_variables(problems: &mut Problems, ask: &Ask) {
    let Origin::Git { build, .. } = &ask.specification.origin else {
        return;
    };
    for key in build.secrets() {
        if !ask.variables.contains_key(key) {
            problems.add(
                format!("build.dockerfile.secrets.{key}"),
                "is not a variable of this service",
            );
        }
    }
    for wanted in build.variables() {
        let field = format!("build.{}.variables.{wanted}", build.kind());
        let found = |key: &&EnvKey| wanted.matches(key);
        if let Some(name) = wanted.single()
            && !ask.variables.keys().any(|key| found(&key))
        {
            problems.add(
                field,
                format!("names {name}, which is not a variable of this service"),
            );
            continue;
        }
        let secret = ask
            .variables
            .iter()
            .find(|(key, variable)| variable.secret && found(key));
        if let Some((key, _)) = secret {
            problems.add(
                field,
                format!(
                    "would put the secret {key} into the image's history; give it to the build \
                     as a build secret"
                ),
            );
        }
    }
}

/// Whether another transaction got in between, so that a new attempt will do.
pub(crate) fn is_race(error: &ControlError) -> bool {
    match error {
        ControlError::Conflict(problem) => problem.field == Conflict::OneQueued.field(),
        ControlError::Internal(source) => source
            .downcast_ref::<StoreError>()
            .is_some_and(StoreError::is_serialization_failure),
        _ => false,
    }
}
