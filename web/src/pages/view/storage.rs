//! The pages of storage.

use askama::Template;
use longshore_control::view::{ServiceView, StorageOfService};
use longshore_domain::run::RunSettings;

use super::when::size;
use super::{FieldErrors, FlashTone, Icon, Page, ServiceHead, When};
use crate::storage::Volume;

/// What keeps data for a team.
#[derive(Template)]
#[template(path = "storage/index.html")]
pub struct StoragePage {
    /// The frame.
    pub page: Page,
    /// Whether the machine said what it has; otherwise sizes are not known.
    pub is_measured: bool,
    /// The services that keep data.
    pub services: Vec<StorageRow>,
    /// What was kept of services that are gone.
    pub kept: Vec<KeptRow>,
    /// What is wrong.
    pub errors: FieldErrors,
}

/// A service with what its containers find.
#[derive(Debug, Clone)]
pub struct StorageRow {
    /// The service.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its project and environment.
    pub place: String,
    /// The icon of its kind.
    pub icon: Icon,
    /// Its volumes.
    pub volumes: Vec<VolumeRow>,
    /// Its files and directories of the machine, in words.
    pub others: Vec<String>,
}

impl StorageRow {
    /// A service with its volumes.
    pub(crate) fn new(service: &StorageOfService, volumes: &[Volume]) -> Self {
        let files = service.files.iter().map(|file| format!("File {file}"));
        let binds = service
            .binds
            .iter()
            .map(|bind| format!("{} of the machine on {}", bind.source, bind.path));
        Self {
            id: service.id.to_string(),
            name: service.name.clone(),
            place: format!("{} · {}", service.project, service.environment.name),
            icon: match service.kind.as_str() {
                "database" => Icon::Disk,
                _ => Icon::Box,
            },
            volumes: volumes.iter().map(VolumeRow::new).collect(),
            others: files.chain(binds).collect(),
        }
    }
}

/// A volume in a list.
#[derive(Debug, Clone)]
pub struct VolumeRow {
    /// Its name.
    pub name: String,
    /// Where containers find it; empty when they do not any more.
    pub path: String,
    /// Who may write it; empty when one container does.
    pub mode: &'static str,
    /// What it takes on the disk.
    pub size: String,
    /// What has it at the moment, in words; empty when nothing can.
    pub holders: String,
}

impl VolumeRow {
    /// A volume in a list.
    pub(crate) fn new(volume: &Volume) -> Self {
        Self {
            name: volume.name.clone(),
            path: volume.path.clone().unwrap_or_default(),
            mode: match (volume.read_only, volume.shared) {
                (true, _) => "read only",
                (false, true) => "shared",
                (false, false) => "",
            },
            size: match (volume.size_bytes, volume.exists) {
                (Some(bytes), _) => size(bytes),
                (None, Some(false)) => "not made yet".to_owned(),
                (None, _) => "size not known".to_owned(),
            },
            holders: match volume.containers {
                0 if volume.path.is_none() => String::new(),
                0 => "not in use".to_owned(),
                1 => "in use".to_owned(),
                count => format!("in use by {count} containers"),
            },
        }
    }
}

/// Data of a service that is gone.
#[derive(Debug, Clone)]
pub struct KeptRow {
    /// The service that it was of.
    pub id: String,
    /// The name that it had.
    pub name: String,
    /// The project and environment that it was in.
    pub place: String,
    /// When it was removed.
    pub at: When,
    /// The volumes.
    pub volumes: Vec<VolumeRow>,
}

impl KeptRow {
    /// Under which name its confirmation's problem is found.
    pub fn field(&self) -> String {
        format!("confirmation-{}", self.id)
    }
}

/// What a service's containers find.
#[derive(Template)]
#[template(path = "service/storage.html")]
pub struct ServiceStoragePage {
    /// The frame.
    pub page: Page,
    /// The head.
    pub service: ServiceHead,
    /// The volumes as they are.
    pub volumes: Vec<VolumeRow>,
    /// The form.
    pub form: StorageForm,
    /// What is wrong.
    pub errors: FieldErrors,
}

/// Volumes, files and directories as typed; each list ends with an empty row.
#[derive(Debug, Clone, Default)]
pub struct StorageForm {
    /// The volumes.
    pub volumes: Vec<MountRow>,
    /// The files.
    pub files: Vec<FileRow>,
    /// The directories of the machine.
    pub binds: Vec<MountRow>,
}

/// A volume or a directory of the machine, as typed.
#[derive(Debug, Clone, Default)]
pub struct MountRow {
    /// The volume's name, or the directory on the machine.
    pub source: String,
    /// The directory in the container.
    pub path: String,
    /// `one`, `shared` or `read_only`.
    pub mode: String,
}

/// A file as typed.
#[derive(Debug, Clone, Default)]
pub struct FileRow {
    /// The file in the container.
    pub path: String,
    /// Its text.
    pub content: String,
}

impl StorageForm {
    /// What is set.
    pub fn of_service(service: &ServiceView) -> Self {
        let run: &RunSettings = &service.run;
        let mode = |read_only: bool, shared: bool| match (read_only, shared) {
            (true, _) => "read_only".to_owned(),
            (false, true) => "shared".to_owned(),
            (false, false) => "one".to_owned(),
        };
        Self {
            volumes: run
                .volumes
                .iter()
                .map(|volume| MountRow {
                    source: volume.name.to_string(),
                    path: volume.path.to_string(),
                    mode: mode(volume.read_only, volume.shared),
                })
                .collect(),
            files: run
                .files
                .iter()
                .map(|file| FileRow {
                    path: file.path.to_string(),
                    content: file.content.clone(),
                })
                .collect(),
            binds: run
                .binds
                .iter()
                .map(|bind| MountRow {
                    source: bind.source.to_string(),
                    path: bind.path.to_string(),
                    mode: mode(bind.read_only, false),
                })
                .collect(),
        }
        .with_empty_rows()
    }

    /// The same with an empty row at the end of each list, to add one.
    #[must_use]
    pub fn with_empty_rows(mut self) -> Self {
        self.volumes.push(MountRow::default());
        self.files.push(FileRow::default());
        self.binds.push(MountRow::default());
        self
    }
}
