//! Samples of the pages about registries.

use longshore_web::pages::view::{
    FieldErrors, RegistriesPage, RegistryForm, RegistryPage, RegistryRow,
};

use super::{ago, page, render};

pub fn all() -> Vec<(&'static str, String)> {
    let row = |name: &str, host: &str, username: &str| RegistryRow {
        id: "r1".to_owned(),
        name: name.to_owned(),
        host: host.to_owned(),
        username: username.to_owned(),
        at: ago(120),
    };
    let form = RegistryForm {
        name: "GitHub packages".to_owned(),
        host: "ghcr.io".to_owned(),
        username: "ada".to_owned(),
        password_hint: "Saved. Leave it empty to keep it.".to_owned(),
        untested: false,
    };
    let refused = "ghcr.io refused the user name or the password.";
    vec![
        (
            "registries",
            render(&RegistriesPage {
                page: page("Registries").below("Registries", ""),
                registries: vec![
                    row("GitHub packages", "ghcr.io", "ada"),
                    row("Own", "registry.example.com:5000", "robot$deploy"),
                ],
                form: RegistryForm::default(),
                errors: FieldErrors::none(),
            }),
        ),
        (
            "registry",
            render(&RegistryPage {
                page: page("GitHub packages").below("Registries", "/registries"),
                id: "r1".to_owned(),
                name: "GitHub packages".to_owned(),
                form,
                errors: FieldErrors::none().with("", refused),
            }),
        ),
    ]
}
