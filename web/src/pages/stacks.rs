//! Stacks: the form for a new one, its file, its components.

use std::sync::Arc;

use axum::extract::State;
use longshore_control::{Control, EnvironmentView, ServiceView, StackDraft, StackPatch};
use longshore_domain::{EnvironmentId, ServiceId};

use super::answer::{Answer, page, refused, see_other};
use super::app_fields;
use super::fields::Fields;
use super::path::Id;
use super::problems::explain;
use super::services::{deploy_key, frame};
use super::view::{
    ComponentRow, ComponentsPage, FieldErrors, NewStackPage, ServiceHead, SourceForm, StackForm,
    StackPage,
};
use super::visit::Signed;
use crate::stacks;
use crate::state::AgentQueries;

/// The form for a new stack.
pub async fn new(
    State(control): State<Control>,
    signed: Signed,
    Id(id): Id<EnvironmentId>,
) -> Answer {
    let environment = control.show_environment(&signed.actor, id).await?;
    let form = StackForm {
        git: SourceForm::default(),
        ..StackForm::default()
    };
    Ok(page(&form_page(signed, &environment, form)))
}

fn form_page(signed: Signed, environment: &EnvironmentView, form: StackForm) -> NewStackPage {
    NewStackPage {
        page: signed
            .frame
            .titled("New stack")
            .below(
                &environment.project_name,
                format!("/projects/{}", environment.project_id),
            )
            .below(
                &environment.name,
                format!("/environments/{}", environment.id),
            )
            .below("New stack", ""),
        environment_id: environment.id.to_string(),
        environment_name: environment.name.clone(),
        project_name: environment.project_name.clone(),
        form,
        ..NewStackPage::default()
    }
}

/// Makes a stack.
pub async fn create(
    State(control): State<Control>,
    signed: Signed,
    Id(id): Id<EnvironmentId>,
    fields: Fields,
) -> Answer {
    let is_typed = fields.text("source") == "typed";
    let draft = StackDraft {
        name: fields.trimmed("name"),
        source: (!is_typed).then(|| app_fields::repository(&fields, false)),
        compose_path: fields.optional("compose_path").filter(|_| !is_typed),
        compose: is_typed.then(|| fields.text("compose")),
    };
    match control.create_stack(&signed.actor, id, draft).await {
        Ok(service) => {
            signed
                .done(format!(
                    "“{}” is ready for its first deployment.",
                    service.name
                ))
                .await;
            Ok(see_other(&format!("/services/{}", service.id)))
        }
        Err(error) => {
            let errors = explain(error)?;
            let environment = control.show_environment(&signed.actor, id).await?;
            Ok(refused(&NewStackPage {
                name: fields.text("name"),
                errors,
                ..form_page(signed, &environment, typed(&fields))
            }))
        }
    }
}

fn typed(fields: &Fields) -> StackForm {
    StackForm {
        source: fields.text("source"),
        git: app_fields::typed(fields, false),
        compose_path: fields.text("compose_path"),
        compose: fields.text("compose"),
    }
}

/// Where the file is.
pub async fn settings(
    State(control): State<Control>,
    signed: Signed,
    Id(id): Id<ServiceId>,
) -> Answer {
    let service = control.show_service(&signed.actor, id).await?;
    let form = StackForm::of_service(&service);
    let errors = FieldErrors::none();
    Ok(page(&settings_page(signed, &service, form, errors)))
}

fn settings_page(
    signed: Signed,
    service: &ServiceView,
    form: StackForm,
    errors: FieldErrors,
) -> StackPage {
    StackPage {
        page: frame(signed.frame, service, "Compose file"),
        service: ServiceHead::new(service, "stack"),
        deploy_key: deploy_key(service),
        form,
        errors,
    }
}

/// Saves where the file is, or its text.
pub async fn save_settings(
    State(control): State<Control>,
    signed: Signed,
    Id(id): Id<ServiceId>,
    fields: Fields,
) -> Answer {
    let is_typed = fields.text("source") == "typed";
    let patch = StackPatch {
        source: (!is_typed).then(|| app_fields::repository(&fields, true)),
        compose_path: fields.optional("compose_path").filter(|_| !is_typed),
        compose: is_typed.then(|| fields.text("compose")),
        ..StackPatch::default()
    };
    match control.update_stack(&signed.actor, id, patch).await {
        Ok(_) => {
            signed
                .done("Saved. It takes effect with the next deployment.")
                .await;
            Ok(see_other(&format!("/services/{id}/stack")))
        }
        Err(error) => {
            let errors = explain(error)?;
            let service = control.show_service(&signed.actor, id).await?;
            let page = settings_page(signed, &service, typed(&fields), errors);
            Ok(refused(&page))
        }
    }
}

/// What runs of it.
pub async fn components(
    State(control): State<Control>,
    State(agent): State<Arc<dyn AgentQueries>>,
    signed: Signed,
    Id(id): Id<ServiceId>,
) -> Answer {
    let service = control.show_service(&signed.actor, id).await?;
    let seen = stacks::seen(&*agent, service.components.clone()).await;
    Ok(page(&ComponentsPage {
        page: frame(signed.frame, &service, "Components"),
        service: ServiceHead::new(&service, "components"),
        components: seen
            .iter()
            .map(|(component, seen)| ComponentRow::new(component, seen.as_ref(), service.stopped))
            .collect(),
    }))
}
