//! An environment: its services, its shared variables and new apps.

use axum::extract::State;
use axum::response::Response;
use longshore_control::{
    AppDraft, Control, ControlError, EnvironmentView, ProjectView, VariableScope,
};
use longshore_domain::EnvironmentId;

use super::answer::{Answer, page, refused, see_other};
use super::app_fields;
use super::fields::Fields;
use super::path::Id;
use super::problems::explain;
use super::variable_fields;
use super::view::{
    EnvironmentVariablesPage, FieldErrors, NewAppPage, Page, ProjectHead, ServiceCard,
    ServicesPage, SourceForm, VariablesForm,
};
use super::visit::Signed;

/// The services of an environment.
pub async fn show(
    State(control): State<Control>,
    signed: Signed,
    Id(id): Id<EnvironmentId>,
) -> Answer {
    let (project, environment) = load(&control, &signed, id).await?;
    Ok(show_services(signed, &project, &environment))
}

/// The services of an environment that was loaded.
pub fn show_services(
    signed: Signed,
    project: &ProjectView,
    environment: &EnvironmentView,
) -> Response {
    let services: Vec<_> = environment
        .services
        .iter()
        .map(|service| ServiceCard::new(service, signed.now))
        .collect();
    page(&ServicesPage {
        page: frame(signed, project).titled(&project.name),
        project: ProjectHead::new(project, environment, "services"),
        is_busy: services.iter().any(|service| service.status.is_busy()),
        services,
    })
}

async fn load(
    control: &Control,
    signed: &Signed,
    id: EnvironmentId,
) -> Result<(ProjectView, EnvironmentView), ControlError> {
    let environment = control.show_environment(&signed.actor, id).await?;
    let project = control
        .show_project(&signed.actor, environment.project_id)
        .await?;
    Ok((project, environment))
}

fn frame(signed: Signed, project: &ProjectView) -> Page {
    signed
        .frame
        .below(&project.name, format!("/projects/{}", project.id))
}

/// The shared variables.
pub async fn variables(
    State(control): State<Control>,
    signed: Signed,
    Id(id): Id<EnvironmentId>,
) -> Answer {
    let (project, environment) = load(&control, &signed, id).await?;
    let scope = VariableScope::Environment(id);
    let variables = control.list_variables(&signed.actor, scope).await?;
    Ok(page(&EnvironmentVariablesPage {
        page: frame(signed, &project).titled("Shared variables"),
        project: ProjectHead::new(&project, &environment, "variables"),
        variables: VariablesForm::new(format!("/environments/{id}/variables"), &variables),
        errors: FieldErrors::none(),
    }))
}

/// Saves the shared variables.
pub async fn save_variables(
    State(control): State<Control>,
    signed: Signed,
    Id(id): Id<EnvironmentId>,
    fields: Fields,
) -> Answer {
    let scope = VariableScope::Environment(id);
    let here = format!("/environments/{id}/variables");
    match variable_fields::save(&control, &signed.actor, scope, &fields).await? {
        Ok(()) => {
            signed
                .done(
                    "The shared variables were saved. They take effect with the next deployments.",
                )
                .await;
            Ok(see_other(&here))
        }
        Err((mut variables, errors)) => {
            variables.action = here;
            let (project, environment) = load(&control, &signed, id).await?;
            Ok(refused(&EnvironmentVariablesPage {
                page: frame(signed, &project).titled("Shared variables"),
                project: ProjectHead::new(&project, &environment, "variables"),
                variables,
                errors,
            }))
        }
    }
}

/// The form for a new app.
pub async fn new_app(
    State(control): State<Control>,
    signed: Signed,
    Id(id): Id<EnvironmentId>,
) -> Answer {
    let environment = control.show_environment(&signed.actor, id).await?;
    Ok(page(&new_app_page(signed, &environment)))
}

fn new_app_page(signed: Signed, environment: &EnvironmentView) -> NewAppPage {
    NewAppPage {
        page: signed
            .frame
            .titled("New app")
            .below(
                &environment.project_name,
                format!("/projects/{}", environment.project_id),
            )
            .below(
                &environment.name,
                format!("/environments/{}", environment.id),
            )
            .below("New app", ""),
        environment_id: environment.id.to_string(),
        environment_name: environment.name.clone(),
        project_name: environment.project_name.clone(),
        form: SourceForm::default(),
        ..NewAppPage::default()
    }
}

/// Makes an app.
pub async fn create_app(
    State(control): State<Control>,
    signed: Signed,
    Id(id): Id<EnvironmentId>,
    fields: Fields,
) -> Answer {
    let errors = match app_fields::source_and_build(&fields, false) {
        Ok((source, build)) => {
            let draft = AppDraft {
                name: fields.trimmed("name"),
                source,
                build: Some(build),
                port: fields.number("port"),
                run: None,
            };
            match control.create_app(&signed.actor, id, draft).await {
                Ok(service) => {
                    signed
                        .done(format!(
                            "“{}” is ready for its first deployment.",
                            service.name
                        ))
                        .await;
                    return Ok(see_other(&format!("/services/{}", service.id)));
                }
                Err(error) => explain(error)?,
            }
        }
        Err(errors) => errors,
    };
    let environment = control.show_environment(&signed.actor, id).await?;
    Ok(refused(&NewAppPage {
        name: fields.text("name"),
        port: fields.text("port"),
        form: app_fields::typed(&fields, true),
        errors,
        ..new_app_page(signed, &environment)
    }))
}
