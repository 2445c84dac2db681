//! Everything one can go to, for the "Go to…" list.

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use longshore_control::Control;

use super::answer::Answer;
use super::visit::Signed;

/// A place.
#[derive(Debug, serde::Serialize)]
struct Place {
    name: String,
    #[serde(rename = "where")]
    within: String,
    href: String,
}

/// The most projects whose services are listed.
const MOST_PROJECTS: usize = 100;

/// All projects and services of the team.
pub async fn index(State(control): State<Control>, signed: Signed) -> Answer {
    let mut places = vec![
        Place {
            name: "All projects".to_owned(),
            within: String::new(),
            href: "/".to_owned(),
        },
        Place {
            name: "Account and tokens".to_owned(),
            within: "Settings".to_owned(),
            href: "/settings".to_owned(),
        },
    ];
    let projects = control.list_projects(&signed.actor).await?;
    for summary in projects.iter().take(MOST_PROJECTS) {
        let project = control.show_project(&signed.actor, summary.id).await?;
        places.push(Place {
            name: project.name.clone(),
            within: "Project".to_owned(),
            href: format!("/projects/{}", project.id),
        });
        for environment in &project.environments {
            places.extend(environment.services.iter().map(|service| Place {
                name: service.name.clone(),
                within: format!("{}, {}", project.name, environment.name),
                href: format!("/services/{}", service.id),
            }));
        }
    }
    Ok(Json(places).into_response())
}
