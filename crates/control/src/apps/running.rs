//! Stopping, starting and restarting what runs of a service. The intent is stored; the
//! reconciler carries it out.

use longshore_domain::{Permission, ServiceId};
use longshore_store::events::{self, Event};
use longshore_store::services::{self, ServiceRecord};
use longshore_store::{PgConnection, deployments};

use super::show::load_view;
use crate::access::Authorized;
use crate::transaction::note;
use crate::{Actor, Control, ControlError, Result, ServiceView};

impl Control {
    /// Stops or starts the live version of a service.
    ///
    /// # Errors
    /// [`ControlError::Refused`] when no version is live.
    pub async fn set_stopped(
        &self,
        actor: &Actor,
        id: ServiceId,
        stopped: bool,
    ) -> Result<ServiceView> {
        let mut transaction = self.begin().await?;
        let service =
            Authorized::<ServiceRecord>::load(&mut transaction, actor, id, Permission::Deploy)
                .await?;
        check_live(&mut transaction, &service).await?;
        services::set_stopped(&mut transaction, service.team(), id, stopped).await?;
        let verb = if stopped {
            "service.stop"
        } else {
            "service.start"
        };
        let target = format!("service:{id}");
        note(&mut transaction, actor, &service, verb, &target).await?;
        events::notify(&mut transaction, &[Event::Service(id), Event::Machine]).await?;
        let view = load_view(&mut transaction, actor, id, self.ports).await?;
        self.commit(transaction).await?;
        Ok(view)
    }

    /// Replaces the containers of the live version by new ones.
    ///
    /// # Errors
    /// [`ControlError::Refused`] when no version is live, or it is stopped.
    pub async fn restart(&self, actor: &Actor, id: ServiceId) -> Result<()> {
        let mut transaction = self.begin().await?;
        let service =
            Authorized::<ServiceRecord>::load(&mut transaction, actor, id, Permission::Deploy)
                .await?;
        check_live(&mut transaction, &service).await?;
        if service.get().stopped {
            return Err(ControlError::refused(
                "The service is stopped. Start it instead.",
            ));
        }
        services::request_restart(&mut transaction, service.team(), id).await?;
        let target = format!("service:{id}");
        note(
            &mut transaction,
            actor,
            &service,
            "service.restart",
            &target,
        )
        .await?;
        events::notify(&mut transaction, &[Event::Service(id), Event::Machine]).await?;
        self.commit(transaction).await
    }
}

async fn check_live(
    connection: &mut PgConnection,
    service: &Authorized<ServiceRecord>,
) -> Result<()> {
    let live = deployments::list_live(connection, &[service.get().id]).await?;
    if live.is_empty() {
        return Err(ControlError::refused(
            "Nothing of this service runs yet. Deploy it first.",
        ));
    }
    Ok(())
}
