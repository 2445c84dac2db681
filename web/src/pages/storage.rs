//! What keeps data: of the team, and of one service.

use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;

use axum::extract::State;
use longshore_control::{AppPatch, Control, ServiceView};
use longshore_domain::run::RunSettings;
use longshore_domain::{BindMount, FileMount, ServiceId, VolumeMount};

use super::answer::{Answer, page, refused, see_other};
use super::fields::Fields;
use super::path::Id;
use super::problems::explain;
use super::services::frame;
use super::view::{
    FieldErrors, FileRow, KeptRow, MountRow, ServiceHead, ServiceStoragePage, StorageForm,
    StoragePage, StorageRow, VolumeRow, When,
};
use super::visit::Signed;
use crate::state::AgentQueries;
use crate::storage::{of_service, on_machine};

/// What keeps data for the team.
pub async fn index(
    State(control): State<Control>,
    State(agent): State<Arc<dyn AgentQueries>>,
    signed: Signed,
) -> Answer {
    let errors = FieldErrors::none();
    Ok(page(&team_page(&control, &*agent, signed, errors).await?))
}

async fn team_page(
    control: &Control,
    agent: &dyn AgentQueries,
    signed: Signed,
    errors: FieldErrors,
) -> Result<StoragePage, super::PageError> {
    let storage = control.list_storage(&signed.actor).await?;
    let found = agent.volumes().await.ok();
    let is_measured = found.is_some();
    let services = storage.services.iter().map(|service| {
        let volumes = of_service(service.id, &service.volumes, found.as_deref());
        StorageRow::new(service, &volumes)
    });
    Ok(StoragePage {
        services: services
            .filter(|row| !(row.volumes.is_empty() && row.others.is_empty()))
            .collect(),
        kept: storage
            .kept
            .into_iter()
            .map(|kept| KeptRow {
                id: kept.service.to_string(),
                place: format!("{} · {}", kept.project, kept.environment),
                at: When::new(kept.deleted_at, signed.now),
                volumes: on_machine(kept.service, found.as_deref().unwrap_or_default())
                    .iter()
                    .map(VolumeRow::new)
                    .collect(),
                name: kept.name,
            })
            .collect(),
        page: signed.frame.titled("Storage").below("Storage", ""),
        is_measured,
        errors,
    })
}

/// Removes the data of a service that is gone.
pub async fn delete_kept(
    State(control): State<Control>,
    State(agent): State<Arc<dyn AgentQueries>>,
    signed: Signed,
    Id(id): Id<ServiceId>,
    fields: Fields,
) -> Answer {
    let confirmation = fields.trimmed("confirmation");
    match control
        .delete_kept_data(&signed.actor, id, &confirmation)
        .await
    {
        Ok(()) => {
            signed.done("The data is being removed.").await;
            Ok(see_other("/storage"))
        }
        Err(error) => {
            let place = format!("confirmation-{id}");
            let errors = explain(error)?.renamed("confirmation", &place);
            Ok(refused(
                &team_page(&control, &*agent, signed, errors).await?,
            ))
        }
    }
}

/// What a service's containers find.
pub async fn show(
    State(control): State<Control>,
    State(agent): State<Arc<dyn AgentQueries>>,
    signed: Signed,
    Id(id): Id<ServiceId>,
) -> Answer {
    let service = control.show_service(&signed.actor, id).await?;
    let form = StorageForm::of_service(&service);
    let errors = FieldErrors::none();
    Ok(page(
        &service_page(&*agent, signed, &service, form, errors).await,
    ))
}

async fn service_page(
    agent: &dyn AgentQueries,
    signed: Signed,
    service: &ServiceView,
    form: StorageForm,
    errors: FieldErrors,
) -> ServiceStoragePage {
    let found = agent.volumes().await.ok();
    ServiceStoragePage {
        page: frame(signed.frame, service, "Storage"),
        service: ServiceHead::new(service, "storage"),
        volumes: of_service(service.id, &service.run.volumes, found.as_deref())
            .iter()
            .map(VolumeRow::new)
            .collect(),
        form,
        errors,
    }
}

/// Saves what a service's containers find.
pub async fn save(
    State(control): State<Control>,
    State(agent): State<Arc<dyn AgentQueries>>,
    signed: Signed,
    Id(id): Id<ServiceId>,
    fields: Fields,
) -> Answer {
    let service = control.show_service(&signed.actor, id).await?;
    let form = typed(&fields);
    let errors = match settings(&form, &service.run) {
        Ok(run) => {
            let patch = AppPatch {
                run: Some(run),
                ..AppPatch::default()
            };
            match control.update_app(&signed.actor, id, patch).await {
                Ok(_) => {
                    signed
                        .done("Saved. It takes effect with the next deployment.")
                        .await;
                    return Ok(see_other(&format!("/services/{id}/storage")));
                }
                Err(error) => explain(error)?,
            }
        }
        Err(errors) => errors,
    };
    let form = form.with_empty_rows();
    Ok(refused(
        &service_page(&*agent, signed, &service, form, errors).await,
    ))
}

/// The form as it was typed, without its empty rows.
fn typed(fields: &Fields) -> StorageForm {
    let mounts = |kind: &str| {
        (0..fields.rows(&format!("{kind}_source")))
            .map(|row| MountRow {
                source: fields.trimmed(&format!("{kind}_source[{row}]")),
                path: fields.trimmed(&format!("{kind}_path[{row}]")),
                mode: fields.trimmed(&format!("{kind}_mode[{row}]")),
            })
            .filter(|row| !(row.source.is_empty() && row.path.is_empty()))
            .collect()
    };
    StorageForm {
        volumes: mounts("volume"),
        binds: mounts("bind"),
        files: (0..fields.rows("file_path"))
            .map(|row| FileRow {
                path: fields.trimmed(&format!("file_path[{row}]")),
                content: fields.text(&format!("file_content[{row}]")),
            })
            .filter(|row| !(row.path.is_empty() && row.content.trim().is_empty()))
            .collect(),
    }
}

/// The settings in the form, the others as they are.
fn settings(form: &StorageForm, before: &RunSettings) -> Result<RunSettings, FieldErrors> {
    let mut errors = FieldErrors::none();
    let mut run = RunSettings {
        volumes: Vec::new(),
        files: Vec::new(),
        binds: Vec::new(),
        ..before.clone()
    };
    for row in &form.volumes {
        let name = read(&mut errors, "volumes", "The name", &row.source);
        let path = read(&mut errors, "volumes", "The directory", &row.path);
        if let (Some(name), Some(path)) = (name, path) {
            run.volumes.push(VolumeMount {
                name,
                path,
                read_only: row.mode == "read_only",
                shared: row.mode == "shared",
            });
        }
    }
    for row in &form.files {
        if let Some(path) = read(&mut errors, "files", "The path", &row.path) {
            run.files.push(FileMount {
                path,
                content: row.content.clone(),
            });
        }
    }
    for row in &form.binds {
        let source = read(&mut errors, "binds", "The machine’s directory", &row.source);
        let path = read(&mut errors, "binds", "The container’s directory", &row.path);
        if let (Some(source), Some(path)) = (source, path) {
            run.binds.push(BindMount {
                source,
                path,
                read_only: row.mode == "read_only",
            });
        }
    }
    if errors.is_empty() {
        Ok(run)
    } else {
        Err(errors)
    }
}

fn read<T>(errors: &mut FieldErrors, field: &str, what: &str, text: &str) -> Option<T>
where
    T: FromStr<Err: Display>,
{
    match text.parse() {
        Ok(value) => Some(value),
        Err(problem) => {
            errors.add(field, format!("{what} “{text}” {problem}."));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn rows_are_read_and_empty_ones_left_out() {
        let typed = typed(&fields(&[
            ("volume_source[0]", "data"),
            ("volume_path[0]", "/data"),
            ("volume_mode[0]", "shared"),
            ("volume_source[1]", ""),
            ("volume_path[1]", " "),
            ("file_path[0]", "/etc/app/a.conf"),
            ("file_content[0]", "a = 1\r\n"),
            ("bind_source[0]", "/srv/media"),
            ("bind_path[0]", "/media"),
            ("bind_mode[0]", "read_only"),
        ]));
        let before = RunSettings {
            replicas: 3,
            ..RunSettings::default()
        };
        let run = settings(&typed, &before).unwrap();
        assert_eq!(run.replicas, 3);
        assert!(run.volumes[0].shared && run.volumes.len() == 1);
        assert_eq!(run.files[0].content, "a = 1\n");
        assert!(run.binds[0].read_only);
    }

    #[test]
    fn a_row_that_is_wrong_is_named() {
        let typed = typed(&fields(&[
            ("volume_source[0]", "data"),
            ("volume_path[0]", "data"),
            ("file_path[0]", "/etc/"),
        ]));
        let errors = settings(&typed, &RunSettings::default()).unwrap_err();
        assert!(errors.of("volumes").unwrap().contains("“data”"));
        assert!(errors.of("files").is_some());
        assert!(errors.of("binds").is_none());
    }
}
