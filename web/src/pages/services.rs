//! The pages of a service that show, and its verbs.

use std::sync::Arc;

use axum::extract::{Query, State};
use longshore_control::{
    Control, ControlError, Cursor, DeploymentDraft, ServiceView, SourceView, VariableScope,
};
use longshore_domain::{DeploymentStatus, ServiceId};

use super::answer::{Answer, page, refused, see_other};
use super::fields::Fields;
use super::path::Id;
use super::problems::{explain, in_words};
use super::variable_fields;
use super::view::{
    Address, ComponentLink, DangerPage, DeploymentRow, DeploymentsPage, DifferenceNotice,
    FailureNotice, FieldErrors, FlashTone, LogView, LogsPage, OverviewPage, Page, ServiceHead,
    Timings, VariablesForm, VariablesPage,
};
use super::visit::Signed;
use crate::agreement::Agreement;

/// How many deployments the overview shows.
const RECENT: usize = 6;

/// How many deployments a page of the list shows.
const PAGE_LENGTH: usize = 25;

/// The frame of a service's page.
pub fn frame(page: Page, service: &ServiceView, section: &str) -> Page {
    let title = match section {
        "" => service.name.clone(),
        section => format!("{section} of {}", service.name),
    };
    page.titled(title)
        .below(
            &service.project.name,
            format!("/projects/{}", service.project.id),
        )
        .below(
            &service.environment.name,
            format!("/environments/{}", service.environment.id),
        )
        .below(&service.name, format!("/services/{}", service.id))
}

/// The public half of a service's deploy key; empty when it has none or does not use it.
pub fn deploy_key(service: &ServiceView) -> String {
    match &service.source {
        SourceView::Git {
            deploy_key: Some(key),
            ..
        } => key.clone(),
        SourceView::Git { .. }
        | SourceView::Image { .. }
        | SourceView::Upload { .. }
        | SourceView::Compose { .. } => String::new(),
    }
}

/// The overview.
pub async fn show(
    State(control): State<Control>,
    State(agreement): State<Arc<Agreement>>,
    signed: Signed,
    Id(id): Id<ServiceId>,
) -> Answer {
    let service = control.show_service(&signed.actor, id).await?;
    let deployments = control
        .list_deployments(&signed.actor, id, Cursor::first(RECENT))
        .await?
        .items;
    let live = match &service.live {
        Some(live) => Some(control.show_deployment(&signed.actor, live.id).await?),
        None => None,
    };
    let failure = deployments
        .iter()
        .find(|deployment| deployment.status.has_ended())
        .filter(|deployment| deployment.status == DeploymentStatus::Failed)
        .and_then(|deployment| {
            let failure = deployment.failure.as_ref()?;
            let id = deployment.id.to_string();
            Some(FailureNotice::new(id, deployment.number, failure))
        });
    let head = ServiceHead::new(&service, "");
    // A deployment under way is what puts it right.
    let differences = if head.status.is_busy() {
        Vec::new()
    } else {
        DifferenceNotice::all(agreement.of_service(id))
    };
    Ok(page(&OverviewPage {
        page: frame(signed.frame, &service, ""),
        service: head,
        deploy_key: deploy_key(&service),
        live_timings: live
            .as_ref()
            .map(|live| Timings::new(&live.timings))
            .unwrap_or_default(),
        live: live
            .as_ref()
            .map(|live| DeploymentRow::of_view(live, signed.now)),
        failure,
        differences,
        addresses: Address::all_of(&service),
        deployments: deployments
            .iter()
            .map(|deployment| DeploymentRow::of_view(deployment, signed.now))
            .collect(),
    }))
}

/// Where a list goes on.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct After {
    after: Option<String>,
}

/// All deployments.
pub async fn deployments(
    State(control): State<Control>,
    signed: Signed,
    Id(id): Id<ServiceId>,
    Query(After { after }): Query<After>,
) -> Answer {
    let service = control.show_service(&signed.actor, id).await?;
    let first = format!("/services/{id}/deployments");
    let address = |after: &str| {
        let after: String = url::form_urlencoded::byte_serialize(after.as_bytes()).collect();
        format!("{first}?after={after}")
    };
    let cursor = Cursor {
        after: after.clone(),
        limit: PAGE_LENGTH,
    };
    let deployments = control.list_deployments(&signed.actor, id, cursor).await?;
    Ok(page(&DeploymentsPage {
        page: frame(signed.frame, &service, "Deployments"),
        service: ServiceHead::new(&service, "deployments"),
        deployments: deployments
            .items
            .iter()
            .map(|deployment| DeploymentRow::of_view(deployment, signed.now))
            .collect(),
        here: after.as_deref().map_or_else(|| first.clone(), address),
        older: deployments.next.as_deref().map(address).unwrap_or_default(),
        newer: after.map(|_| first.clone()).unwrap_or_default(),
    }))
}

/// Deploys, and goes to watch it.
pub async fn deploy(
    State(control): State<Control>,
    signed: Signed,
    Id(id): Id<ServiceId>,
    fields: Fields,
) -> Answer {
    let draft = DeploymentDraft {
        commit: fields.optional("commit"),
        image: None,
        clear_cache: fields.is_ticked("clear_cache"),
    };
    match control.request_deployment(&signed.actor, id, draft).await {
        Ok(deployment) => Ok(see_other(&format!("/deployments/{}", deployment.id))),
        Err(error) => turn_back(&signed, error, &format!("/services/{id}")).await,
    }
}

/// Goes back with what stood in the way, when a person can do something about it.
pub async fn turn_back(signed: &Signed, error: ControlError, place: &str) -> Answer {
    match error {
        error @ (ControlError::Invalid(_)
        | ControlError::Conflict(_)
        | ControlError::Refused { .. }
        | ControlError::Unavailable(_)) => {
            signed.tell(FlashTone::Bad, in_words(&error)).await;
            Ok(see_other(place))
        }
        error => Err(error.into()),
    }
}

/// The variables.
pub async fn variables(
    State(control): State<Control>,
    signed: Signed,
    Id(id): Id<ServiceId>,
) -> Answer {
    let service = control.show_service(&signed.actor, id).await?;
    let scope = VariableScope::Service(id);
    let variables = control.list_variables(&signed.actor, scope).await?;
    let changes = control.variable_changes(&signed.actor, id).await?;
    Ok(page(&VariablesPage {
        page: frame(signed.frame, &service, "Variables"),
        service: ServiceHead::new(&service, "variables"),
        variables: VariablesForm::new(format!("/services/{id}/variables"), &variables)
            .with_changes(changes),
        errors: FieldErrors::none(),
    }))
}

/// Saves the variables.
pub async fn save_variables(
    State(control): State<Control>,
    signed: Signed,
    Id(id): Id<ServiceId>,
    fields: Fields,
) -> Answer {
    let scope = VariableScope::Service(id);
    let here = format!("/services/{id}/variables");
    match variable_fields::save(&control, &signed.actor, scope, &fields).await? {
        Ok(()) => {
            signed
                .done("The variables were saved. They take effect with the next deployment.")
                .await;
            Ok(see_other(&here))
        }
        Err((mut variables, errors)) => {
            variables.action = here;
            let service = control.show_service(&signed.actor, id).await?;
            Ok(refused(&VariablesPage {
                page: frame(signed.frame, &service, "Variables"),
                service: ServiceHead::new(&service, "variables"),
                variables,
                errors,
            }))
        }
    }
}

/// Whose lines are shown.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Chosen {
    component: Option<String>,
}

/// The live log.
pub async fn logs(
    State(control): State<Control>,
    signed: Signed,
    Id(id): Id<ServiceId>,
    Query(Chosen { component }): Query<Chosen>,
) -> Answer {
    let service = control.show_service(&signed.actor, id).await?;
    let is_live = service.live.is_some() && !service.stopped;
    let known = service
        .components
        .iter()
        .map(|known| known.name.as_str())
        .find(|known| component.as_deref() == Some(*known));
    let address = match known {
        Some(component) => format!("/api/v1/services/{id}/log?component={component}"),
        None => format!("/api/v1/services/{id}/log"),
    };
    Ok(page(&LogsPage {
        components: ComponentLink::all_of(&service, known),
        log: LogView {
            source: address.clone(),
            download: address,
            file_name: format!("{}.log", service.name),
            label: format!("Log of {}", service.name),
            empty: if is_live {
                "Nothing was logged yet."
            } else {
                "No version of this service is running, so there is no log to follow."
            }
            .to_owned(),
            is_live,
            shows_times: true,
            ..LogView::default()
        },
        page: frame(signed.frame, &service, "Log"),
        service: ServiceHead::new(&service, "logs"),
    }))
}

/// What cannot be undone.
pub async fn danger(
    State(control): State<Control>,
    signed: Signed,
    Id(id): Id<ServiceId>,
) -> Answer {
    let service = control.show_service(&signed.actor, id).await?;
    Ok(page(&danger_page(signed, &service, FieldErrors::none())))
}

fn danger_page(signed: Signed, service: &ServiceView, errors: FieldErrors) -> DangerPage {
    DangerPage {
        page: frame(signed.frame, service, "Danger"),
        service: ServiceHead::new(service, "danger"),
        is_stopped: service.stopped,
        has_data: !service.run.volumes.is_empty()
            || service
                .components
                .iter()
                .any(|component| !component.volumes.is_empty()),
        confirmation_label: format!("Type “{}” to confirm", service.name),
        errors,
    }
}

/// Deletes the service.
pub async fn delete(
    State(control): State<Control>,
    signed: Signed,
    Id(id): Id<ServiceId>,
    fields: Fields,
) -> Answer {
    let service = control.show_service(&signed.actor, id).await?;
    let confirmation = fields.trimmed("confirmation");
    let deleted = match fields.optional("data_confirmation") {
        Some(again) => {
            control
                .delete_service_and_data(&signed.actor, id, &confirmation, &again)
                .await
        }
        None => {
            control
                .delete_service(&signed.actor, id, &confirmation)
                .await
        }
    };
    match deleted {
        Ok(()) => {
            signed
                .done(format!("“{}” is being deleted.", service.name))
                .await;
            Ok(see_other(&format!(
                "/environments/{}",
                service.environment.id
            )))
        }
        Err(error) => {
            let errors = explain(error)?;
            Ok(refused(&danger_page(signed, &service, errors)))
        }
    }
}

/// Stops the service.
pub async fn stop(State(control): State<Control>, signed: Signed, Id(id): Id<ServiceId>) -> Answer {
    set_stopped(&control, &signed, id, true).await
}

/// Starts the service again.
pub async fn start(
    State(control): State<Control>,
    signed: Signed,
    Id(id): Id<ServiceId>,
) -> Answer {
    set_stopped(&control, &signed, id, false).await
}

async fn set_stopped(control: &Control, signed: &Signed, id: ServiceId, stopped: bool) -> Answer {
    let place = format!("/services/{id}");
    match control.set_stopped(&signed.actor, id, stopped).await {
        Ok(service) => {
            let word = if stopped { "stopping" } else { "starting" };
            signed.done(format!("“{}” is {word}.", service.name)).await;
            Ok(see_other(&place))
        }
        Err(error) => turn_back(signed, error, &place).await,
    }
}

/// Replaces the containers of the live version.
pub async fn restart(
    State(control): State<Control>,
    signed: Signed,
    Id(id): Id<ServiceId>,
) -> Answer {
    let place = format!("/services/{id}");
    match control.restart(&signed.actor, id).await {
        Ok(()) => {
            signed.done("The containers are being replaced.").await;
            Ok(see_other(&place))
        }
        Err(error) => turn_back(&signed, error, &place).await,
    }
}
