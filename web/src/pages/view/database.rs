//! The pages of databases.

use askama::Template;

use super::{FieldErrors, FlashTone, Icon, Page, ServiceHead};

/// The form for a new database.
#[derive(Template, Default)]
#[template(path = "project/new_database.html")]
pub struct NewDatabasePage {
    /// The frame.
    pub page: Page,
    /// The environment it will belong to.
    pub environment_id: String,
    /// The environment's name.
    pub environment_name: String,
    /// The project's name.
    pub project_name: String,
    /// The name as typed.
    pub name: String,
    /// The version as typed.
    pub version: String,
    /// The memory limit in MiB, as typed.
    pub memory: String,
    /// The engines.
    pub engines: Vec<EngineChoice>,
    /// What is wrong.
    pub errors: FieldErrors,
}

/// An engine to choose.
#[derive(Debug, Clone)]
pub struct EngineChoice {
    /// Its stable name.
    pub name: &'static str,
    /// Its name for people.
    pub label: &'static str,
    /// The versions, in words.
    pub versions: String,
    /// Whether it is chosen.
    pub is_chosen: bool,
}

/// How programs reach a database, with its password.
#[derive(Template)]
#[template(path = "service/connection.html")]
pub struct ConnectionPage {
    /// The frame.
    pub page: Page,
    /// The head.
    pub service: ServiceHead,
    /// What a variable of an app holds to get the URL.
    pub reference: String,
    /// The URL.
    pub url: String,
}

/// The settings of a database.
#[derive(Template)]
#[template(path = "service/database.html")]
pub struct DatabasePage {
    /// The frame.
    pub page: Page,
    /// The head.
    pub service: ServiceHead,
    /// The engine's name for people.
    pub engine: &'static str,
    /// An example of an image with extensions; empty where none can be chosen.
    pub extension_image: String,
    /// The form.
    pub form: DatabaseForm,
    /// Whether a new password comes by a deployment, which restarts the database.
    pub password_restarts: bool,
    /// What is wrong.
    pub errors: FieldErrors,
}

/// The settings of a database as typed.
#[derive(Debug, Clone, Default)]
pub struct DatabaseForm {
    /// The version.
    pub version: String,
    /// The memory limit in MiB.
    pub memory: String,
    /// The CPU limit in cores.
    pub cpu: String,
    /// The port of the machine, as typed.
    pub external_port: String,
    /// The image with extensions, as typed.
    pub image: String,
    /// What the engine lets one choose.
    pub options: Vec<OptionChoice>,
}

/// A setting that the engine lets one choose.
#[derive(Debug, Clone)]
pub struct OptionChoice {
    /// The field's name.
    pub field: String,
    /// What it says.
    pub label: &'static str,
    /// What it may be.
    pub values: &'static [&'static str],
    /// What it is.
    pub chosen: String,
}
