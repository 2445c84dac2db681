//! The page of a deployment, and its verbs.

use axum::Json;
use axum::extract::{Query, State};
use axum::response::IntoResponse;
use longshore_control::{Control, DeploymentView, LogLine, VariablesOf};
use longshore_domain::{DeploymentId, DeploymentStatus};

use super::answer::{Answer, page, see_other};
use super::path::Id;
use super::services::turn_back;
use super::view::{DeploymentPage, LogView};
use super::visit::Signed;

/// How many lines are looked at for the page's end of the log.
const TAIL: usize = 300;

/// How many earlier lines one request brings.
const EARLIER: i64 = 1_000;

/// A deployment.
pub async fn show(
    State(control): State<Control>,
    signed: Signed,
    Id(id): Id<DeploymentId>,
) -> Answer {
    let deployment = control.show_deployment(&signed.actor, id).await?;
    let lines = control.log_tail(&signed.actor, id, TAIL).await?;
    let url = if deployment.is_live {
        control
            .list_domains(&signed.actor, deployment.service.id)
            .await?
            .into_iter()
            .next()
            .map(|domain| domain.url)
    } else {
        None
    };
    let frame = signed
        .frame
        .titled(format!(
            "#{} of {}",
            deployment.number, deployment.service.name
        ))
        .below(
            &deployment.project.name,
            format!("/projects/{}", deployment.project.id),
        )
        .below(
            &deployment.environment.name,
            format!("/environments/{}", deployment.environment.id),
        )
        .below(
            &deployment.service.name,
            format!("/services/{}", deployment.service.id),
        )
        .below(format!("#{}", deployment.number), "");
    let log = log(&deployment, &lines);
    Ok(page(&DeploymentPage::new(
        frame,
        &deployment,
        log,
        url,
        signed.now,
    )))
}

fn log(deployment: &DeploymentView, lines: &[LogLine]) -> LogView {
    let id = deployment.id;
    let address = format!("/api/v1/deployments/{id}/log");
    let is_live = !deployment.status.has_ended();
    let mut view = LogView {
        source: address.clone(),
        download: address,
        file_name: format!("{}-{}.log", deployment.service.name, deployment.number),
        label: format!("Log of deployment {}", deployment.number),
        empty: if deployment.status == DeploymentStatus::Queued {
            "The log begins when the deployment does."
        } else {
            "Nothing was logged yet."
        }
        .to_owned(),
        is_live,
        is_short: !is_live && lines.len() < 30,
        ..LogView::default()
    };
    view.fill(lines);
    if view.lines.first().is_some_and(|first| first.sequence > 1) {
        view.earlier = format!("/deployments/{id}/lines");
    }
    view
}

/// Before which line earlier ones are wanted.
#[derive(Debug, serde::Deserialize)]
pub struct Before {
    before: i64,
}

/// Lines before one that the page has, for the viewer.
pub async fn lines(
    State(control): State<Control>,
    signed: Signed,
    Id(id): Id<DeploymentId>,
    Query(Before { before }): Query<Before>,
) -> Answer {
    let mut from = before;
    // Sequences have gaps: step back until something is found.
    loop {
        from = from.saturating_sub(EARLIER).max(0);
        let limit = usize::try_from(EARLIER).unwrap_or(usize::MAX);
        let mut lines = control
            .log_after(&signed.actor, id, from.saturating_sub(1).max(0), limit)
            .await?;
        lines.retain(|line| line.sequence < before);
        if !lines.is_empty() || from == 0 {
            return Ok(Json(lines).into_response());
        }
    }
}

/// Cancels a deployment.
pub async fn cancel(
    State(control): State<Control>,
    signed: Signed,
    Id(id): Id<DeploymentId>,
) -> Answer {
    let place = format!("/deployments/{id}");
    match control.cancel_deployment(&signed.actor, id).await {
        Ok(deployment) => {
            signed
                .done(format!(
                    "Deployment #{} is being cancelled.",
                    deployment.number
                ))
                .await;
            Ok(see_other(&place))
        }
        Err(error) => turn_back(&signed, error, &place).await,
    }
}

/// Goes back to the version of a deployment.
pub async fn roll_back(
    State(control): State<Control>,
    signed: Signed,
    Id(id): Id<DeploymentId>,
) -> Answer {
    let earlier = control.show_deployment(&signed.actor, id).await?;
    let outcome = control
        .roll_back(&signed.actor, earlier.service.id, id, VariablesOf::Then)
        .await;
    match outcome {
        Ok(deployment) => {
            signed
                .done(format!("Going back to the version of #{}.", earlier.number))
                .await;
            Ok(see_other(&format!("/deployments/{}", deployment.id)))
        }
        Err(error) => turn_back(&signed, error, &format!("/deployments/{id}")).await,
    }
}
