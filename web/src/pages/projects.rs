//! The list of projects, and a project's own pages.

use axum::extract::State;
use longshore_control::{
    Control, ControlError, EnvironmentDraft, ProjectDraft, ProjectView, VariableScope,
};
use longshore_domain::ProjectId;

use super::answer::{Answer, page, refused, see_other};
use super::fields::Fields;
use super::path::Id;
use super::problems::explain;
use super::variable_fields;
use super::view::{
    FieldErrors, NewProjectPage, ProjectHead, ProjectSettingsPage, ProjectTile,
    ProjectVariablesPage, ProjectsPage, VariablesForm,
};
use super::visit::Signed;

/// All projects.
pub async fn index(State(control): State<Control>, signed: Signed) -> Answer {
    let projects = control.list_projects(&signed.actor).await?;
    let tiles: Vec<_> = projects
        .iter()
        .map(|project| ProjectTile::new(project, signed.now))
        .collect();
    Ok(page(&ProjectsPage {
        page: signed.frame.titled("Projects"),
        is_busy: tiles
            .iter()
            .any(|tile| tile.last.as_ref().is_some_and(|last| last.status.is_busy())),
        projects: tiles,
    }))
}

/// The form for a new project.
pub async fn new(signed: Signed) -> Answer {
    Ok(page(&NewProjectPage {
        page: signed.frame.titled("New project").below("New project", ""),
        ..NewProjectPage::default()
    }))
}

/// Makes a project.
pub async fn create(State(control): State<Control>, signed: Signed, fields: Fields) -> Answer {
    let draft = ProjectDraft {
        name: fields.trimmed("name"),
    };
    match control.create_project(&signed.actor, draft).await {
        Ok(project) => {
            signed
                .done(format!("The project “{}” was created.", project.name))
                .await;
            Ok(see_other(&format!("/projects/{}", project.id)))
        }
        Err(error) => Ok(refused(&NewProjectPage {
            errors: explain(error)?,
            name: fields.text("name"),
            page: signed.frame.titled("New project").below("New project", ""),
        })),
    }
}

/// A project: its first environment.
pub async fn show(State(control): State<Control>, signed: Signed, Id(id): Id<ProjectId>) -> Answer {
    let project = control.show_project(&signed.actor, id).await?;
    match project.environments.first() {
        Some(environment) => Ok(super::environments::show_services(
            signed,
            &project,
            environment,
        )),
        None => Ok(see_other(&format!("/projects/{id}/settings"))),
    }
}

/// The settings of a project.
pub async fn settings(
    State(control): State<Control>,
    signed: Signed,
    Id(id): Id<ProjectId>,
) -> Answer {
    let project = control.show_project(&signed.actor, id).await?;
    let name = project.name.clone();
    Ok(page(&settings_page(
        signed,
        &project,
        name,
        String::new(),
        FieldErrors::none(),
    )?))
}

fn settings_page(
    signed: Signed,
    project: &ProjectView,
    name: String,
    environment_name: String,
    errors: FieldErrors,
) -> Result<ProjectSettingsPage, ControlError> {
    let environment = project.environments.first().ok_or(ControlError::NotFound)?;
    Ok(ProjectSettingsPage {
        page: signed
            .frame
            .titled(format!("Settings of {}", project.name))
            .below(&project.name, format!("/projects/{}", project.id))
            .below("Settings", ""),
        project: ProjectHead::new(project, environment, "settings"),
        name,
        environment_name,
        terminals_allowed: project.terminals_allowed,
        confirmation_label: format!("Type “{}” to confirm", project.name),
        errors,
    })
}

/// Gives a project another name.
pub async fn rename(
    State(control): State<Control>,
    signed: Signed,
    Id(id): Id<ProjectId>,
    fields: Fields,
) -> Answer {
    let name = fields.trimmed("name");
    let draft = ProjectDraft { name: name.clone() };
    match control.rename_project(&signed.actor, id, draft).await {
        Ok(project) => {
            signed
                .done(format!("The project is now called “{}”.", project.name))
                .await;
            Ok(see_other(&format!("/projects/{id}/settings")))
        }
        Err(error) => {
            let errors = explain(error)?;
            let project = control.show_project(&signed.actor, id).await?;
            Ok(refused(&settings_page(
                signed,
                &project,
                name,
                String::new(),
                errors,
            )?))
        }
    }
}

/// Adds an environment.
pub async fn add_environment(
    State(control): State<Control>,
    signed: Signed,
    Id(id): Id<ProjectId>,
    fields: Fields,
) -> Answer {
    let name = fields.trimmed("environment");
    let draft = EnvironmentDraft { name: name.clone() };
    match control.create_environment(&signed.actor, id, draft).await {
        Ok(environment) => {
            signed
                .done(format!(
                    "The environment “{}” was created.",
                    environment.name
                ))
                .await;
            Ok(see_other(&format!("/environments/{}", environment.id)))
        }
        Err(error) => {
            let errors = explain(error)?.renamed("name", "environment");
            let project = control.show_project(&signed.actor, id).await?;
            let project_name = project.name.clone();
            Ok(refused(&settings_page(
                signed,
                &project,
                project_name,
                name,
                errors,
            )?))
        }
    }
}

/// Deletes a project with all it has.
pub async fn delete(
    State(control): State<Control>,
    signed: Signed,
    Id(id): Id<ProjectId>,
    fields: Fields,
) -> Answer {
    let confirmation = fields.trimmed("confirmation");
    match control
        .delete_project(&signed.actor, id, &confirmation)
        .await
    {
        Ok(()) => {
            signed.done("The project is being deleted.").await;
            Ok(see_other("/"))
        }
        Err(error) => {
            let errors = explain(error)?;
            let project = control.show_project(&signed.actor, id).await?;
            let name = project.name.clone();
            Ok(refused(&settings_page(
                signed,
                &project,
                name,
                String::new(),
                errors,
            )?))
        }
    }
}

/// The variables of a project.
pub async fn variables(
    State(control): State<Control>,
    signed: Signed,
    Id(id): Id<ProjectId>,
) -> Answer {
    let project = control.show_project(&signed.actor, id).await?;
    let scope = VariableScope::Project(id);
    let variables = control.list_variables(&signed.actor, scope).await?;
    let form = VariablesForm::new(format!("/projects/{id}/variables"), &variables);
    Ok(page(&variables_page(
        signed,
        &project,
        form,
        FieldErrors::none(),
    )?))
}

fn variables_page(
    signed: Signed,
    project: &ProjectView,
    variables: VariablesForm,
    errors: FieldErrors,
) -> Result<ProjectVariablesPage, ControlError> {
    let environment = project.environments.first().ok_or(ControlError::NotFound)?;
    Ok(ProjectVariablesPage {
        page: signed
            .frame
            .titled(format!("Variables of {}", project.name))
            .below(&project.name, format!("/projects/{}", project.id))
            .below("Variables", ""),
        project: ProjectHead::new(project, environment, "project-variables"),
        variables,
        errors,
    })
}

/// Saves the variables of a project.
pub async fn save_variables(
    State(control): State<Control>,
    signed: Signed,
    Id(id): Id<ProjectId>,
    fields: Fields,
) -> Answer {
    let scope = VariableScope::Project(id);
    let here = format!("/projects/{id}/variables");
    match variable_fields::save(&control, &signed.actor, scope, &fields).await? {
        Ok(()) => {
            signed
                .done("The project's variables were saved. They take effect with the next deployments.")
                .await;
            Ok(see_other(&here))
        }
        Err((mut variables, errors)) => {
            variables.action = here;
            let project = control.show_project(&signed.actor, id).await?;
            Ok(refused(&variables_page(
                signed, &project, variables, errors,
            )?))
        }
    }
}
