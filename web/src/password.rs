//! Giving a database another password: planned by a use case, told to the database by the
//! agent, noted by a use case.

use longshore_control::{Actor, Control, ControlError, PasswordPlan};
use longshore_domain::{DeploymentId, ServiceId};

use crate::state::AgentQueries;

/// Gives a database another password; the deployment that does it, when one is needed.
///
/// # Errors
/// When the database does not run or does not take it. The password so far stays then.
pub(crate) async fn change(
    control: &Control,
    agent: &dyn AgentQueries,
    actor: &Actor,
    id: ServiceId,
) -> Result<Option<DeploymentId>, ControlError> {
    match control.plan_password_change(actor, id).await? {
        PasswordPlan::Deployed(deployment) => Ok(Some(deployment)),
        PasswordPlan::Run(attempts) => {
            for attempt in attempts {
                if agent.run_command(attempt).await? == 0 {
                    control.finish_password_change(actor, id).await?;
                    return Ok(None);
                }
            }
            Err(ControlError::refused(
                "The database did not take the new password; the one so far stays.",
            ))
        }
    }
}
