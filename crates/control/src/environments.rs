//! Environments of projects.

use longshore_domain::{EnvironmentId, EnvironmentName, Permission, ProjectId};
use longshore_store::environments::EnvironmentRecord;
use longshore_store::events::{self, Event};
use longshore_store::projects::ProjectRecord;
use longshore_store::{PgConnection, environments, services};

use crate::access::Authorized;
use crate::apps::summaries;
use crate::problems::Problems;
use crate::projects::confirm;
use crate::transaction::note;
use crate::{
    Actor, Control, ControlError, EnvironmentDraft, EnvironmentView, Result, ServiceSummary,
};

impl Control {
    /// Makes an environment in a project.
    ///
    /// # Errors
    /// The name's problem, or that another environment of the project has it.
    pub async fn create_environment(
        &self,
        actor: &Actor,
        project: ProjectId,
        draft: EnvironmentDraft,
    ) -> Result<EnvironmentView> {
        let mut transaction = self.begin().await?;
        let project =
            Authorized::<ProjectRecord>::load(&mut transaction, actor, project, Permission::Change)
                .await?;
        let mut problems = Problems::default();
        let name = problems.parse::<EnvironmentName>("name", &draft.name);
        let name = problems.finish(name)?;
        let id = EnvironmentId::generate();
        let team = project.team();
        environments::insert(&mut transaction, id, team, project.get().id, &name).await?;
        let target = format!("environment:{id}");
        note(
            &mut transaction,
            actor,
            &project,
            "environment.create",
            &target,
        )
        .await?;
        let view = self.load_view(&mut transaction, actor, id).await?;
        self.commit(transaction).await?;
        Ok(view)
    }

    /// An environment with its services.
    ///
    /// # Errors
    /// [`ControlError::NotFound`].
    pub async fn show_environment(
        &self,
        actor: &Actor,
        id: EnvironmentId,
    ) -> Result<EnvironmentView> {
        let mut connection = self.connection().await?;
        self.load_view(&mut connection, actor, id).await
    }

    /// The services of an environment by name.
    ///
    /// # Errors
    /// [`ControlError::NotFound`].
    pub async fn list_services(
        &self,
        actor: &Actor,
        environment: EnvironmentId,
    ) -> Result<Vec<ServiceSummary>> {
        Ok(self.show_environment(actor, environment).await?.services)
    }

    /// Deletes an environment with everything in it. Its services are removed from the
    /// machine first; nothing of it can be seen from now on.
    ///
    /// # Errors
    /// [`ControlError::Invalid`] when `confirmation` is not the environment's name, and
    /// [`ControlError::Refused`] for a project's only environment.
    pub async fn delete_environment(
        &self,
        actor: &Actor,
        id: EnvironmentId,
        confirmation: &str,
    ) -> Result<()> {
        let mut transaction = self.begin().await?;
        let environment = Authorized::<EnvironmentRecord>::load(
            &mut transaction,
            actor,
            id,
            Permission::Administer,
        )
        .await?;
        confirm(confirmation, environment.get().name.as_str())?;
        let team = environment.team();
        let siblings =
            environments::list(&mut transaction, team, Some(environment.get().project)).await?;
        if siblings.len() < 2 {
            return Err(ControlError::refused(
                "A project keeps at least one environment. Delete the project instead.",
            ));
        }
        environments::mark_removing(&mut transaction, team, id).await?;
        services::mark_removing(&mut transaction, team, None, Some(id), None).await?;
        environments::sweep_removed(&mut transaction).await?;
        let target = format!("environment:{id}");
        note(
            &mut transaction,
            actor,
            &environment,
            "environment.delete",
            &target,
        )
        .await?;
        events::notify(&mut transaction, &[Event::Queue, Event::Machine]).await?;
        self.commit(transaction).await
    }

    async fn load_view(
        &self,
        connection: &mut PgConnection,
        actor: &Actor,
        id: EnvironmentId,
    ) -> Result<EnvironmentView> {
        let environment =
            Authorized::<EnvironmentRecord>::load(connection, actor, id, Permission::View).await?;
        let team = environment.team();
        let environment = environment.into_inner();
        let records = services::list_of_environment(connection, team, id).await?;
        Ok(EnvironmentView {
            id,
            name: environment.name.to_string(),
            project_id: environment.project,
            project_name: environment.project_name.to_string(),
            services: summaries::of(connection, records, self.ports).await?,
        })
    }
}
