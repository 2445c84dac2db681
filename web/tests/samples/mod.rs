//! One sample, or more, of every page.

mod account;
mod deployments;
mod projects;
mod registries;
mod services;
mod stacks;
mod storage;

use askama::Template;
use longshore_web::pages::view::*;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

/// The moment of all samples.
pub const NOW: OffsetDateTime = datetime!(2026-03-14 15:09:26 UTC);

/// A moment before that.
pub fn ago(minutes: i64) -> When {
    When::new(NOW - Duration::minutes(minutes), NOW)
}

/// The frame for a person that is signed in.
pub fn page(title: &str) -> Page {
    Page {
        title: title.to_owned(),
        csrf: "dGhlIHRva2Vu".to_owned(),
        person: Some(Person {
            name: "Ada Marlow".to_owned(),
            email: "ada@example.com".to_owned(),
            administrator: true,
        }),
        ..Page::default()
    }
}

/// The frame for nobody.
pub fn gate(title: &str) -> Page {
    Page {
        title: title.to_owned(),
        csrf: "dGhlIHRva2Vu".to_owned(),
        ..Page::default()
    }
}

/// Every sample with its name.
pub fn all() -> Vec<(&'static str, String)> {
    let mut samples = vec![
        (
            "setup",
            render(&SetupPage {
                page: gate("Set up"),
                token: "wrong".to_owned(),
                name: "Ada Marlow".to_owned(),
                email: "ada@example.com".to_owned(),
                errors: FieldErrors::none()
                    .with("token", "This is not the token that the installer printed.")
                    .with("password", "Needs at least 12 characters."),
            }),
        ),
        (
            "login",
            render(&LoginPage {
                page: gate("Sign in"),
                ..LoginPage::default()
            }),
        ),
        (
            "login-unencrypted",
            render(&LoginPage {
                page: gate("Sign in"),
                safe_place: "https://panel.example.com/".to_owned(),
                ..LoginPage::default()
            }),
        ),
        (
            "login-refused",
            render(&LoginPage {
                page: gate("Sign in"),
                email: "ada@example.com".to_owned(),
                errors: FieldErrors::none()
                    .with("", "The e-mail address or the password is not right."),
                ..LoginPage::default()
            }),
        ),
        (
            "not-found",
            render(&ErrorPage::new(page(""), 404, None, None)),
        ),
        (
            "broken",
            render(&ErrorPage::new(
                page(""),
                500,
                None,
                Some("0199c5a2-3f1e".to_owned()),
            )),
        ),
    ];
    samples.extend(projects::all());
    samples.extend(services::all());
    samples.extend(deployments::all());
    samples.extend(account::all());
    samples.extend(stacks::all());
    samples.extend(registries::all());
    samples.extend(storage::all());
    samples
}

/// A page that a user filled with code.
pub fn hostile() -> String {
    render(&ServicesPage {
        page: page("<script>alert(1)</script>"),
        project: ProjectHead {
            name: "<script>alert(2)</script>\"'".to_owned(),
            ..ProjectHead::default()
        },
        ..ServicesPage::default()
    })
}

/// The page as HTML.
pub fn render(template: &impl Template) -> String {
    template.render().expect("a page")
}
