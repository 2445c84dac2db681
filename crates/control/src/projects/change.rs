//! Making, renaming and deleting projects.

use longshore_domain::{EnvironmentId, EnvironmentName, Permission, ProjectId, ProjectName};
use longshore_store::events::{self, Event};
use longshore_store::projects::ProjectRecord;
use longshore_store::{environments, projects, services};

use super::show::view;
use crate::access::Authorized;
use crate::problems::Problems;
use crate::transaction::note;
use crate::{Actor, Control, ControlError, ProjectDraft, ProjectView, Result};

impl Control {
    /// Makes a project with the environment `production`.
    ///
    /// # Errors
    /// The name's problem, or that another project has it.
    pub async fn create_project(&self, actor: &Actor, draft: ProjectDraft) -> Result<ProjectView> {
        let team = Authorized::of_team(actor, Permission::Change)?;
        let name = parse_name(&draft)?;
        let id = ProjectId::generate();
        let mut transaction = self.begin().await?;
        projects::insert(&mut transaction, id, team.team(), &name).await?;
        environments::insert(
            &mut transaction,
            EnvironmentId::generate(),
            team.team(),
            id,
            &EnvironmentName::production(),
        )
        .await?;
        let target = format!("project:{id}");
        note(&mut transaction, actor, &team, "project.create", &target).await?;
        let project =
            Authorized::<ProjectRecord>::load(&mut transaction, actor, id, Permission::View)
                .await?;
        let view = view(&mut transaction, &project, self.ports).await?;
        self.commit(transaction).await?;
        Ok(view)
    }

    /// Renames a project.
    ///
    /// # Errors
    /// The name's problem, or that another project has it.
    pub async fn rename_project(
        &self,
        actor: &Actor,
        id: ProjectId,
        draft: ProjectDraft,
    ) -> Result<ProjectView> {
        let mut transaction = self.begin().await?;
        let project =
            Authorized::<ProjectRecord>::load(&mut transaction, actor, id, Permission::Change)
                .await?;
        let name = parse_name(&draft)?;
        projects::update_name(&mut transaction, project.team(), id, &name).await?;
        let target = format!("project:{id}");
        note(&mut transaction, actor, &project, "project.rename", &target).await?;
        let project =
            Authorized::<ProjectRecord>::load(&mut transaction, actor, id, Permission::View)
                .await?;
        let view = view(&mut transaction, &project, self.ports).await?;
        self.commit(transaction).await?;
        Ok(view)
    }

    /// Deletes a project with everything in it. Its services are removed from the machine
    /// first; nothing of it can be seen from now on.
    ///
    /// # Errors
    /// [`ControlError::Invalid`] when `confirmation` is not the project's name.
    pub async fn delete_project(
        &self,
        actor: &Actor,
        id: ProjectId,
        confirmation: &str,
    ) -> Result<()> {
        let mut transaction = self.begin().await?;
        let project =
            Authorized::<ProjectRecord>::load(&mut transaction, actor, id, Permission::Administer)
                .await?;
        confirm(confirmation, project.get().name.as_str())?;
        let team = project.team();
        projects::mark_removing(&mut transaction, team, id).await?;
        services::mark_removing(&mut transaction, team, None, None, Some(id)).await?;
        environments::sweep_removed(&mut transaction).await?;
        let target = format!("project:{id}");
        note(&mut transaction, actor, &project, "project.delete", &target).await?;
        events::notify(&mut transaction, &[Event::Queue, Event::Machine]).await?;
        self.commit(transaction).await
    }
}

fn parse_name(draft: &ProjectDraft) -> Result<ProjectName> {
    let mut problems = Problems::default();
    let name = problems.parse("name", &draft.name);
    problems.finish(name)
}

/// Deleting wants the thing's name typed again.
pub(crate) fn confirm(confirmation: &str, name: &str) -> Result<()> {
    if confirmation.trim() == name {
        Ok(())
    } else {
        Err(ControlError::invalid(
            "confirmation",
            format!("must be the name, {name}"),
        ))
    }
}
