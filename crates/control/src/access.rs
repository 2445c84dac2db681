//! Authorisation. An [`Authorized`] can be made in this module only: by loading the thing
//! by the actor's team and checking the actor's role. Functions that change something
//! demand one, so that the check cannot be forgotten.

use longshore_domain::{
    DeploymentId, DomainId, EnvironmentId, JobId, Permission, ProjectId, RegistryId, Role,
    ServiceId, TeamId,
};
use longshore_store::deployments::DeploymentRecord;
use longshore_store::domains::DomainRecord;
use longshore_store::environments::EnvironmentRecord;
use longshore_store::jobs::JobRecord;
use longshore_store::projects::ProjectRecord;
use longshore_store::registries::RegistryRecord;
use longshore_store::services::ServiceRecord;
use longshore_store::{
    PgConnection, deployments, domains, environments, jobs, projects, registries, services,
};

use crate::{Actor, ControlError, Result};

/// A thing of the actor's team on which the actor may do what was asked.
pub(crate) struct Authorized<T> {
    subject: T,
    team: TeamId,
}

impl<T> Authorized<T> {
    pub(crate) fn get(&self) -> &T {
        &self.subject
    }

    pub(crate) fn into_inner(self) -> T {
        self.subject
    }

    pub(crate) fn team(&self) -> TeamId {
        self.team
    }
}

/// What belongs to a team and can be loaded by it.
pub(crate) trait Guarded: Sized {
    type Id: Copy;

    async fn find(
        connection: &mut PgConnection,
        team: TeamId,
        id: Self::Id,
    ) -> longshore_store::Result<Option<Self>>;
}

impl<T: Guarded> Authorized<T> {
    /// Loads a thing of the actor's team: not found when it is another team's, forbidden
    /// when the actor's role does not allow what is asked.
    pub(crate) async fn load(
        connection: &mut PgConnection,
        actor: &Actor,
        id: T::Id,
        permission: Permission,
    ) -> Result<Self> {
        let subject = T::find(connection, actor.team, id)
            .await?
            .ok_or(ControlError::NotFound)?;
        check_role(actor, permission)?;
        Ok(Self {
            subject,
            team: actor.team,
        })
    }
}

impl Authorized<()> {
    /// Something that concerns the team as a whole.
    pub(crate) fn of_team(actor: &Actor, permission: Permission) -> Result<Self> {
        check_role(actor, permission)?;
        Ok(Self {
            subject: (),
            team: actor.team,
        })
    }

    /// Something that concerns the installation as a whole, which nobody else sees.
    pub(crate) fn of_installation(actor: &Actor) -> Result<Self> {
        if !actor.administrator {
            return Err(ControlError::NotFound);
        }
        Ok(Self {
            subject: (),
            team: actor.team,
        })
    }
}

fn check_role(actor: &Actor, permission: Permission) -> Result<()> {
    if actor.role.allows(permission) {
        return Ok(());
    }
    let needs = [Role::Viewer, Role::Developer, Role::Admin]
        .into_iter()
        .find(|role| role.allows(permission))
        .unwrap_or(Role::Owner);
    Err(ControlError::Forbidden { needs })
}

impl Guarded for ProjectRecord {
    type Id = ProjectId;

    async fn find(
        connection: &mut PgConnection,
        team: TeamId,
        id: ProjectId,
    ) -> longshore_store::Result<Option<Self>> {
        projects::find(connection, team, id).await
    }
}

impl Guarded for EnvironmentRecord {
    type Id = EnvironmentId;

    async fn find(
        connection: &mut PgConnection,
        team: TeamId,
        id: EnvironmentId,
    ) -> longshore_store::Result<Option<Self>> {
        environments::find(connection, team, id).await
    }
}

impl Guarded for ServiceRecord {
    type Id = ServiceId;

    async fn find(
        connection: &mut PgConnection,
        team: TeamId,
        id: ServiceId,
    ) -> longshore_store::Result<Option<Self>> {
        services::find(connection, team, id).await
    }
}

impl Guarded for DomainRecord {
    type Id = DomainId;

    async fn find(
        connection: &mut PgConnection,
        team: TeamId,
        id: DomainId,
    ) -> longshore_store::Result<Option<Self>> {
        domains::find(connection, team, id).await
    }
}

impl Guarded for RegistryRecord {
    type Id = RegistryId;

    async fn find(
        connection: &mut PgConnection,
        team: TeamId,
        id: RegistryId,
    ) -> longshore_store::Result<Option<Self>> {
        registries::find(connection, team, id).await
    }
}

impl Guarded for DeploymentRecord {
    type Id = DeploymentId;

    async fn find(
        connection: &mut PgConnection,
        team: TeamId,
        id: DeploymentId,
    ) -> longshore_store::Result<Option<Self>> {
        deployments::find(connection, team, id).await
    }
}

impl Guarded for JobRecord {
    type Id = JobId;

    async fn find(
        connection: &mut PgConnection,
        team: TeamId,
        id: JobId,
    ) -> longshore_store::Result<Option<Self>> {
        jobs::find(connection, team, id).await
    }
}
