//! Ending a deployment early.

use longshore_domain::{DeploymentId, Permission};
use longshore_store::deployments::{self, DeploymentRecord};
use longshore_store::events::{self, Event};

use super::show::load_view;
use crate::access::Authorized;
use crate::transaction::note;
use crate::{Actor, Control, ControlError, DeploymentView, Result};

impl Control {
    /// Cancels a deployment that waits, or asks for the end of one that works; the worker
    /// ends it within seconds.
    ///
    /// # Errors
    /// [`ControlError::Refused`] when it has ended.
    pub async fn cancel_deployment(
        &self,
        actor: &Actor,
        id: DeploymentId,
    ) -> Result<DeploymentView> {
        let mut transaction = self.begin().await?;
        let deployment =
            Authorized::<DeploymentRecord>::load(&mut transaction, actor, id, Permission::Deploy)
                .await?;
        let team = deployment.team();
        // It may be taken from the queue between the two: then the second one hits.
        let done = deployments::cancel_queued(&mut transaction, team, id).await?
            || deployments::request_cancel(&mut transaction, team, id).await?;
        if !done {
            let number = deployment.get().number;
            return Err(ControlError::refused(format!(
                "#{number} has ended, so it cannot be cancelled."
            )));
        }
        let target = format!("deployment:{id}");
        note(
            &mut transaction,
            actor,
            &deployment,
            "deployment.cancel",
            &target,
        )
        .await?;
        let news = [
            Event::Deployment(id),
            Event::Service(deployment.get().service),
            Event::Queue,
        ];
        events::notify(&mut transaction, &news).await?;
        let view = load_view(&mut transaction, actor, id).await?;
        self.commit(transaction).await?;
        Ok(view)
    }
}
