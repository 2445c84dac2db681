//! Source, build, run and health settings of a service.

use std::sync::Arc;

use axum::extract::State;
use longshore_control::{AppPatch, Control, ControlError, ServiceView};
use longshore_domain::ServiceId;
use longshore_domain::run::RunSettings;

use super::answer::{Answer, page, refused, see_other};
use super::app_fields;
use super::fields::Fields;
use super::path::Id;
use super::problems::{explain, in_words};
use super::run_fields;
use super::services::{deploy_key, frame};
use super::view::{FieldErrors, RunForm, RunPage, ServiceHead, SourceForm, SourcePage, Verdict};
use super::visit::Signed;
use crate::state::AgentQueries;

/// Where a service comes from and how it is built.
pub async fn source(
    State(control): State<Control>,
    signed: Signed,
    Id(id): Id<ServiceId>,
) -> Answer {
    let service = control.show_service(&signed.actor, id).await?;
    let form = SourceForm::of_service(&service);
    Ok(page(&source_page(
        signed,
        &service,
        form,
        FieldErrors::none(),
    )))
}

fn source_page(
    signed: Signed,
    service: &ServiceView,
    form: SourceForm,
    errors: FieldErrors,
) -> SourcePage {
    SourcePage {
        page: frame(signed.frame, service, "Source"),
        service: ServiceHead::new(service, "source"),
        deploy_key: deploy_key(service),
        form,
        errors,
    }
}

/// Saves source and build.
pub async fn save_source(
    State(control): State<Control>,
    signed: Signed,
    Id(id): Id<ServiceId>,
    fields: Fields,
) -> Answer {
    let errors = match app_fields::source_and_build(&fields, true) {
        Ok((source, build)) => {
            let patch = AppPatch {
                source: Some(source),
                build: Some(build),
                ..AppPatch::default()
            };
            match control.update_app(&signed.actor, id, patch).await {
                Ok(_) => {
                    signed
                        .done("Saved. It takes effect with the next deployment.")
                        .await;
                    return Ok(see_other(&format!("/services/{id}/source")));
                }
                Err(error) => explain(error)?,
            }
        }
        Err(errors) => errors,
    };
    let service = control.show_service(&signed.actor, id).await?;
    let form = app_fields::typed(&fields, true);
    Ok(refused(&source_page(signed, &service, form, errors)))
}

/// How a service runs.
pub async fn run(State(control): State<Control>, signed: Signed, Id(id): Id<ServiceId>) -> Answer {
    let service = control.show_service(&signed.actor, id).await?;
    let form = RunForm::of_service(&service);
    Ok(page(&run_page(signed, &service, form, FieldErrors::none())))
}

fn run_page(signed: Signed, service: &ServiceView, form: RunForm, errors: FieldErrors) -> RunPage {
    RunPage {
        page: frame(signed.frame, service, "Run"),
        service: ServiceHead::new(service, "run"),
        form,
        errors,
        verdict: None,
    }
}

/// Tries the health check of the form on the live version, without saving anything.
pub async fn test_health(
    State(control): State<Control>,
    State(agent): State<Arc<dyn AgentQueries>>,
    signed: Signed,
    Id(id): Id<ServiceId>,
    fields: Fields,
) -> Answer {
    let service = control.show_service(&signed.actor, id).await?;
    let form = run_fields::typed(&fields);
    let mut errors = FieldErrors::none();
    let health = run_fields::health(&form, &mut errors);
    let mut verdict = None;
    if errors.is_empty() {
        let port = fields.number("port");
        let planned = control
            .plan_health_trial(&signed.actor, id, Some(health), port)
            .await;
        let outcome = match planned {
            Ok(trial) => agent.try_health(trial).await,
            Err(error) => Err(error),
        };
        verdict = match outcome {
            Ok(seen) => Some(Verdict::new(&seen)),
            Err(error @ (ControlError::Refused { .. } | ControlError::Unavailable(_))) => {
                Some(Verdict::refused(in_words(&error)))
            }
            Err(error) => {
                errors = explain(error)?;
                None
            }
        };
    }
    if !errors.is_empty() {
        let words = "Please correct what is marked.".to_owned();
        verdict = Some(Verdict::refused(words));
    }
    // The live part of the page takes answers of success only.
    Ok(page(&RunPage {
        verdict,
        ..run_page(signed, &service, form, errors)
    }))
}

/// Saves how a service runs.
pub async fn save_run(
    State(control): State<Control>,
    signed: Signed,
    Id(id): Id<ServiceId>,
    fields: Fields,
) -> Answer {
    let service = control.show_service(&signed.actor, id).await?;
    let form = run_fields::typed(&fields);
    let errors = match run_fields::settings(&form) {
        Ok(run) => {
            let run = RunSettings {
                arguments: service.run.arguments.clone(),
                volumes: service.run.volumes.clone(),
                files: service.run.files.clone(),
                binds: service.run.binds.clone(),
                host_ports: service.run.host_ports.clone(),
                ..run
            };
            let patch = AppPatch {
                name: Some(form.name.clone()),
                port: Some(fields.number("port")),
                run: Some(run),
                ..AppPatch::default()
            };
            match control.update_app(&signed.actor, id, patch).await {
                Ok(_) => {
                    signed
                        .done("Saved. It takes effect with the next deployment.")
                        .await;
                    return Ok(see_other(&format!("/services/{id}/run")));
                }
                Err(error) => explain(error)?,
            }
        }
        Err(errors) => errors,
    };
    Ok(refused(&run_page(signed, &service, form, errors)))
}
