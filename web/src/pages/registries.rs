//! The team's accounts at container registries.

use std::sync::Arc;

use axum::extract::State;
use longshore_control::{Actor, Control, ControlError, RegistryDraft};
use longshore_domain::RegistryId;

use super::answer::{Answer, page, refused, see_other};
use super::fields::Fields;
use super::path::Id;
use super::problems::explain;
use super::services::turn_back;
use super::view::{FieldErrors, RegistriesPage, RegistryForm, RegistryPage, RegistryRow};
use super::visit::Signed;
use crate::state::AgentQueries;

const HERE: &str = "/registries";

/// The accounts, and the form for a new one.
pub async fn index(State(control): State<Control>, signed: Signed) -> Answer {
    let form = RegistryForm::default();
    Ok(page(
        &list_page(&control, signed, form, FieldErrors::none()).await?,
    ))
}

async fn list_page(
    control: &Control,
    signed: Signed,
    form: RegistryForm,
    errors: FieldErrors,
) -> Result<RegistriesPage, ControlError> {
    let registries = control.list_registries(&signed.actor).await?;
    Ok(RegistriesPage {
        registries: registries
            .iter()
            .map(|registry| RegistryRow::new(registry, signed.now))
            .collect(),
        page: signed.frame.titled("Registries").below("Registries", ""),
        form,
        errors,
    })
}

/// Adds an account.
pub async fn create(
    State(control): State<Control>,
    State(agent): State<Arc<dyn AgentQueries>>,
    signed: Signed,
    fields: Fields,
) -> Answer {
    match save(&control, &*agent, &signed.actor, None, &fields).await {
        Ok(host) => {
            signed
                .done(format!("The account at {host} was added."))
                .await;
            Ok(see_other(HERE))
        }
        Err(error) => {
            let errors = explain(error)?.renamed("host", "registry_host");
            let form = RegistryForm::typed(&fields);
            Ok(refused(&list_page(&control, signed, form, errors).await?))
        }
    }
}

/// The form of an account.
pub async fn show(
    State(control): State<Control>,
    signed: Signed,
    Id(id): Id<RegistryId>,
) -> Answer {
    let registry = control.show_registry(&signed.actor, id).await?;
    let form = RegistryForm::of(&registry);
    let errors = FieldErrors::none();
    Ok(page(&one_page(signed, id, &registry.name, form, errors)))
}

fn one_page(
    signed: Signed,
    id: RegistryId,
    name: &str,
    form: RegistryForm,
    errors: FieldErrors,
) -> RegistryPage {
    RegistryPage {
        page: signed
            .frame
            .titled(name)
            .below("Registries", HERE)
            .below(name, ""),
        id: id.to_string(),
        name: name.to_owned(),
        form,
        errors,
    }
}

/// Changes an account.
pub async fn update(
    State(control): State<Control>,
    State(agent): State<Arc<dyn AgentQueries>>,
    signed: Signed,
    Id(id): Id<RegistryId>,
    fields: Fields,
) -> Answer {
    match save(&control, &*agent, &signed.actor, Some(id), &fields).await {
        Ok(host) => {
            signed
                .done(format!("The account at {host} was saved."))
                .await;
            Ok(see_other(HERE))
        }
        Err(error) => {
            let errors = explain(error)?.renamed("host", "registry_host");
            let registry = control.show_registry(&signed.actor, id).await?;
            let form = RegistryForm::typed(&fields);
            Ok(refused(&one_page(signed, id, &registry.name, form, errors)))
        }
    }
}

/// Tests and saves an account; gives its host.
async fn save(
    control: &Control,
    agent: &dyn AgentQueries,
    actor: &Actor,
    id: Option<RegistryId>,
    fields: &Fields,
) -> Result<String, ControlError> {
    let draft = RegistryDraft {
        name: fields.trimmed("name"),
        host: fields.trimmed("registry_host"),
        username: fields.trimmed("username"),
        password: fields.optional("password"),
    };
    let plan = control.plan_registry(actor, id, &draft).await?;
    if !fields.is_ticked("untested") {
        agent.check_registry(plan.account()).await?;
    }
    let registry = control.save_registry(actor, plan).await?;
    Ok(registry.host.to_string())
}

/// Removes an account.
pub async fn delete(
    State(control): State<Control>,
    signed: Signed,
    Id(id): Id<RegistryId>,
) -> Answer {
    match control.delete_registry(&signed.actor, id).await {
        Ok(()) => {
            signed.done("The account was removed.").await;
            Ok(see_other(HERE))
        }
        Err(error) => turn_back(&signed, error, HERE).await,
    }
}
