//! Going back to an earlier version: the question, and the deed.

use axum::extract::State;
use longshore_control::{Control, VariablesOf};
use longshore_domain::DeploymentId;

use super::answer::{Answer, page, see_other};
use super::deployments::frame;
use super::fields::Fields;
use super::path::Id;
use super::services::turn_back;
use super::view::RollBackPage;
use super::visit::Signed;

/// What going back to a deployment means.
pub async fn ask(
    State(control): State<Control>,
    signed: Signed,
    Id(id): Id<DeploymentId>,
) -> Answer {
    let deployment = control.show_deployment(&signed.actor, id).await?;
    if !deployment.can_roll_back {
        // Its own page says why.
        return Ok(see_other(&format!("/deployments/{id}")));
    }
    let frame = frame(signed.frame, &deployment).below("Roll back", "");
    Ok(page(&RollBackPage::new(frame, &deployment, signed.now)))
}

/// Goes back to the version of a deployment.
pub async fn roll_back(
    State(control): State<Control>,
    signed: Signed,
    Id(id): Id<DeploymentId>,
    fields: Fields,
) -> Answer {
    let earlier = control.show_deployment(&signed.actor, id).await?;
    let variables = match fields.text("variables").as_str() {
        "now" => VariablesOf::Now,
        _ => VariablesOf::Then,
    };
    let outcome = control
        .roll_back(&signed.actor, earlier.service.id, id, variables)
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
