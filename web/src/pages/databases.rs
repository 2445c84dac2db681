//! Managed databases: the form for a new one, its settings, its password and its URL.

use std::sync::Arc;

use axum::extract::State;
use longshore_control::{
    Control, DatabaseDraft, DatabasePatch, EnvironmentView, ServiceView, SourceView,
};
use longshore_domain::database::{ENGINES, Engine};
use longshore_domain::{EnvironmentId, ImageRef, ServiceId};

use super::answer::{Answer, page, refused, see_other};
use super::fields::Fields;
use super::path::Id;
use super::problems::explain;
use super::run_fields::{mebibytes, thousandths};
use super::services::{frame, turn_back};
use super::view::{
    ConnectionPage, DatabaseForm, DatabasePage, EngineChoice, FieldErrors, NewDatabasePage,
    OptionChoice, ServiceHead, cores,
};
use super::visit::Signed;
use crate::password;
use crate::state::AgentQueries;

/// The form for a new database.
pub async fn new(
    State(control): State<Control>,
    signed: Signed,
    Id(id): Id<EnvironmentId>,
) -> Answer {
    let environment = control.show_environment(&signed.actor, id).await?;
    let form = Fields::default();
    Ok(page(&form_page(
        signed,
        &environment,
        &form,
        FieldErrors::none(),
    )))
}

fn form_page(
    signed: Signed,
    environment: &EnvironmentView,
    fields: &Fields,
    errors: FieldErrors,
) -> NewDatabasePage {
    let chosen = match fields.text("engine") {
        nothing if nothing.is_empty() => {
            ENGINES.first().map_or("", |engine| engine.name).to_owned()
        }
        chosen => chosen,
    };
    NewDatabasePage {
        page: signed
            .frame
            .titled("New database")
            .below(
                &environment.project_name,
                format!("/projects/{}", environment.project_id),
            )
            .below(
                &environment.name,
                format!("/environments/{}", environment.id),
            )
            .below("New database", ""),
        environment_id: environment.id.to_string(),
        environment_name: environment.name.clone(),
        project_name: environment.project_name.clone(),
        name: fields.text("name"),
        version: fields.text("version"),
        memory: fields.text("memory"),
        engines: ENGINES
            .iter()
            .map(|engine| EngineChoice {
                name: engine.name,
                label: engine.label,
                versions: series(engine),
                is_chosen: engine.name == chosen,
            })
            .collect(),
        errors,
    }
}

/// The series in words. A prefix of longer names, such as `RELEASE`, is no version itself.
fn series(engine: &Engine) -> String {
    let has_digits = |series: &&&str| series.bytes().any(|byte| byte.is_ascii_digit());
    let numbered: Vec<&str> = engine.versions.iter().filter(has_digits).copied().collect();
    if numbered.is_empty() {
        engine.default_version.to_owned()
    } else {
        numbered.join(", ")
    }
}

/// Makes a database.
pub async fn create(
    State(control): State<Control>,
    signed: Signed,
    Id(id): Id<EnvironmentId>,
    fields: Fields,
) -> Answer {
    let draft = DatabaseDraft {
        name: fields.trimmed("name"),
        engine: fields.trimmed("engine"),
        version: fields.optional("version"),
        memory_limit_bytes: fields.optional("memory").map(|text| bytes(&text)),
        ..DatabaseDraft::default()
    };
    match control.create_database(&signed.actor, id, draft).await {
        Ok((service, _)) => {
            signed
                .done(format!(
                    "“{0}” is starting. Apps reach it as ${{{{{0}.DATABASE_URL}}}}.",
                    service.name
                ))
                .await;
            Ok(see_other(&format!("/services/{}", service.id)))
        }
        Err(error) => {
            let errors = explain(error)?;
            let environment = control.show_environment(&signed.actor, id).await?;
            Ok(refused(&form_page(signed, &environment, &fields, errors)))
        }
    }
}

/// Mebibytes as bytes; an impossible number when they are none, so that the use case says
/// what is allowed.
fn bytes(text: &str) -> i64 {
    mebibytes(text).unwrap_or(-1)
}

/// The settings.
pub async fn settings(
    State(control): State<Control>,
    signed: Signed,
    Id(id): Id<ServiceId>,
) -> Answer {
    let service = control.show_service(&signed.actor, id).await?;
    let Some(engine) = engine(&service) else {
        return Ok(see_other(&format!("/services/{id}")));
    };
    let run = &service.run;
    let kind = service.database.as_ref();
    let form = DatabaseForm {
        version: kind.map(|kind| kind.version.clone()).unwrap_or_default(),
        memory: run
            .memory_limit_bytes
            .map(|bytes| (bytes / (1024 * 1024)).to_string())
            .unwrap_or_default(),
        cpu: run.cpu_limit_millis.map(cores).unwrap_or_default(),
        external_port: run
            .host_ports
            .first()
            .map(|port| port.port.to_string())
            .unwrap_or_default(),
        image: other_image(&service, engine),
        options: options(engine, |name| {
            engine
                .chosen(run)
                .get(name)
                .map(|value| (*value).to_owned())
        }),
    };
    let errors = FieldErrors::none();
    Ok(page(&settings_page(signed, &service, engine, form, errors)))
}

fn engine(service: &ServiceView) -> Option<&'static Engine> {
    let kind = service.database.as_ref()?;
    Engine::find(&kind.engine).ok()
}

/// The image that is not the engine's usual one; empty when it is.
fn other_image(service: &ServiceView, engine: &Engine) -> String {
    match &service.source {
        SourceView::Image { reference } => reference
            .parse()
            .ok()
            .filter(|image| !engine.is_usual(image))
            .map(|image: ImageRef| image.to_string())
            .unwrap_or_default(),
        SourceView::Git { .. } | SourceView::Upload { .. } | SourceView::Compose { .. } => {
            String::new()
        }
    }
}

fn options(engine: &Engine, chosen: impl Fn(&str) -> Option<String>) -> Vec<OptionChoice> {
    engine
        .options
        .iter()
        .map(|option| OptionChoice {
            field: format!("option.{}", option.name),
            label: option.label,
            values: option.values,
            chosen: chosen(option.name).unwrap_or_default(),
        })
        .collect()
}

fn settings_page(
    signed: Signed,
    service: &ServiceView,
    engine: &Engine,
    form: DatabaseForm,
    errors: FieldErrors,
) -> DatabasePage {
    DatabasePage {
        page: frame(signed.frame, service, "Settings"),
        service: ServiceHead::new(service, "database"),
        engine: engine.label,
        extension_image: engine.extension_image.unwrap_or_default().to_owned(),
        form,
        password_restarts: engine.change_password.is_empty(),
        errors,
    }
}

/// Saves the settings.
pub async fn save_settings(
    State(control): State<Control>,
    signed: Signed,
    Id(id): Id<ServiceId>,
    fields: Fields,
) -> Answer {
    let service = control.show_service(&signed.actor, id).await?;
    let engine = engine(&service);
    let offered = engine.map_or(&[][..], |engine| engine.options);
    let field = |name: &str| fields.optional(&format!("option.{name}"));
    let cpu = fields.optional("cpu");
    let patch = DatabasePatch {
        version: fields.optional("version"),
        options: offered
            .iter()
            .filter_map(|option| Some((option.name.to_owned(), field(option.name)?)))
            .collect(),
        memory_limit_bytes: Some(fields.optional("memory").map(|text| bytes(&text))),
        cpu_limit_millis: Some(cpu.map(|text| thousandths(&text).unwrap_or(-1))),
        external_port: Some(fields.number("external_port")),
        image: Some(fields.optional("image")),
    };
    match control.update_database(&signed.actor, id, patch).await {
        Ok(_) => {
            signed
                .done(
                    "Saved. It takes effect with the next deployment, which restarts the database.",
                )
                .await;
            Ok(see_other(&format!("/services/{id}/database")))
        }
        Err(error) => {
            let Some(engine) = engine else {
                return turn_back(&signed, error, &format!("/services/{id}")).await;
            };
            let errors = explain(error)?;
            let form = DatabaseForm {
                version: fields.text("version"),
                memory: fields.text("memory"),
                cpu: fields.text("cpu"),
                external_port: fields.text("external_port"),
                image: fields.text("image"),
                options: options(engine, field),
            };
            Ok(refused(&settings_page(
                signed, &service, engine, form, errors,
            )))
        }
    }
}

/// Gives it another password.
pub async fn change_password(
    State(control): State<Control>,
    State(agent): State<Arc<dyn AgentQueries>>,
    signed: Signed,
    Id(id): Id<ServiceId>,
) -> Answer {
    let place = format!("/services/{id}/database");
    match password::change(&control, &*agent, &signed.actor, id).await {
        Ok(None) => {
            signed
                .done("The password was changed. Apps that refer to it have the new one from their next deployment on.")
                .await;
            Ok(see_other(&place))
        }
        Ok(Some(deployment)) => {
            signed
                .done("This deployment brings the new password. Deploy the apps that refer to it, too.")
                .await;
            Ok(see_other(&format!("/deployments/{deployment}")))
        }
        Err(error) => turn_back(&signed, error, &place).await,
    }
}

/// Shows the connection URL with its password.
pub async fn connection(
    State(control): State<Control>,
    signed: Signed,
    Id(id): Id<ServiceId>,
) -> Answer {
    match control.reveal_connection(&signed.actor, id).await {
        Ok(connection) => {
            let service = control.show_service(&signed.actor, id).await?;
            Ok(page(&ConnectionPage {
                page: frame(signed.frame, &service, "Connection"),
                service: ServiceHead::new(&service, ""),
                reference: format!("${{{{{}.DATABASE_URL}}}}", service.name),
                url: connection.url.expose().to_owned(),
            }))
        }
        Err(error) => turn_back(&signed, error, &format!("/services/{id}")).await,
    }
}
