//! The page of a deployment, and its verbs.

use axum::Json;
use axum::extract::{Query, State};
use axum::response::IntoResponse;
use longshore_control::{Control, ControlError, Cursor, DeploymentView, LogLine};
use longshore_domain::{Cause, DeploymentId, DeploymentStatus};

use super::answer::{Answer, page, see_other};
use super::path::Id;
use super::services::turn_back;
use super::view::{DeploymentPage, LogView, Page};
use super::visit::Signed;

/// How many lines are looked at for the page's end of the log.
const TAIL: usize = 300;

/// How many earlier lines one request brings.
const EARLIER: i64 = 1_000;

/// The header that says whether there are no lines before those of the answer.
const LOG_START: &str = "longshore-log-start";

/// A deployment.
pub async fn show(
    State(control): State<Control>,
    signed: Signed,
    Id(id): Id<DeploymentId>,
) -> Answer {
    let deployment = control.show_deployment(&signed.actor, id).await?;
    let lines = control.log_tail(&signed.actor, id, TAIL + 1).await?;
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
    let relative = match related(&deployment) {
        Some(number) => find(&control, &signed, &deployment, number).await?,
        None => None,
    };
    let frame = frame(signed.frame, &deployment);
    let log = log(&deployment, &lines);
    Ok(page(&DeploymentPage::new(
        frame,
        &deployment,
        log,
        url,
        relative,
        signed.now,
    )))
}

/// The frame of a deployment's pages.
pub fn frame(page: Page, deployment: &DeploymentView) -> Page {
    page.titled(format!(
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
    .below(
        format!("#{}", deployment.number),
        format!("/deployments/{}", deployment.id),
    )
}

/// The number of the deployment that the page of this one leads to.
fn related(deployment: &DeploymentView) -> Option<i32> {
    match deployment.cause {
        Cause::Rollback { to } | Cause::AutomaticRollback { to, .. }
            if deployment.superseded_by.is_none() =>
        {
            Some(to)
        }
        _ => deployment.superseded_by,
    }
}

/// Another deployment of the same service.
async fn find(
    control: &Control,
    signed: &Signed,
    deployment: &DeploymentView,
    number: i32,
) -> Result<Option<DeploymentView>, ControlError> {
    let cursor = Cursor {
        after: Some(number.saturating_add(1).to_string()),
        limit: 1,
    };
    let service = deployment.service.id;
    let page = control
        .list_deployments(&signed.actor, service, cursor)
        .await?;
    Ok(page
        .items
        .into_iter()
        .next()
        .filter(|found| found.number == number))
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
        empty: match deployment.status {
            DeploymentStatus::Queued => "The log begins when the deployment does.",
            status if status.has_ended() => {
                "There is no log: nothing was written, or it was removed with age."
            }
            _ => "Nothing was logged yet.",
        }
        .to_owned(),
        is_live,
        is_short: !is_live && lines.len() < 30,
        ..LogView::default()
    };
    view.fill(lines);
    if view.lines.len() < lines.len() {
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
        if lines.is_empty() && from > 0 {
            continue;
        }
        let first = control.log_after(&signed.actor, id, 0, 1).await?;
        let is_start = lines.first().map(|line| line.sequence)
            == first.first().map(|line| line.sequence)
            || lines.is_empty();
        let start = (LOG_START, if is_start { "true" } else { "false" });
        return Ok(([start], Json(lines)).into_response());
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
