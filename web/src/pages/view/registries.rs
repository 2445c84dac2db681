//! The team's accounts at container registries.

use askama::Template;
use longshore_control::view::RegistryView;
use time::OffsetDateTime;

use super::{FieldErrors, FlashTone, Icon, Page, When};
use crate::pages::fields::Fields;

/// The accounts, and the form for a new one.
#[derive(Template, Default)]
#[template(path = "registries/index.html")]
pub struct RegistriesPage {
    /// The frame.
    pub page: Page,
    /// The accounts.
    pub registries: Vec<RegistryRow>,
    /// The form.
    pub form: RegistryForm,
    /// What is wrong.
    pub errors: FieldErrors,
}

/// The form of one account.
#[derive(Template, Default)]
#[template(path = "registries/show.html")]
pub struct RegistryPage {
    /// The frame.
    pub page: Page,
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The form.
    pub form: RegistryForm,
    /// What is wrong.
    pub errors: FieldErrors,
}

/// An account in the list.
#[derive(Debug, Clone)]
pub struct RegistryRow {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The registry.
    pub host: String,
    /// The user name.
    pub username: String,
    /// When it was added.
    pub at: When,
}

impl RegistryRow {
    /// An account as seen from `now`.
    pub fn new(registry: &RegistryView, now: OffsetDateTime) -> Self {
        Self {
            id: registry.id.to_string(),
            name: registry.name.clone(),
            host: registry.host.to_string(),
            username: registry.username.clone(),
            at: When::new(registry.created_at, now),
        }
    }
}

/// An account as typed; never its password.
#[derive(Debug, Clone, Default)]
pub struct RegistryForm {
    /// What people call it.
    pub name: String,
    /// The registry.
    pub host: String,
    /// The user name.
    pub username: String,
    /// What to say below the password's field.
    pub password_hint: String,
    /// Whether it is saved without asking the registry.
    pub untested: bool,
}

impl RegistryForm {
    /// The form with what an account has.
    pub fn of(registry: &RegistryView) -> Self {
        Self {
            name: registry.name.clone(),
            host: registry.host.to_string(),
            username: registry.username.clone(),
            password_hint: "Saved. Leave it empty to keep it.".to_owned(),
            untested: false,
        }
    }

    /// The form as it was typed.
    pub fn typed(fields: &Fields) -> Self {
        Self {
            name: fields.text("name"),
            host: fields.text("registry_host"),
            username: fields.text("username"),
            password_hint: String::new(),
            untested: fields.is_ticked("untested"),
        }
    }
}
