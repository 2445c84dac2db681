//! Deleting a service.

use longshore_domain::{Permission, ServiceId};
use longshore_store::events::{self, Event};
use longshore_store::services::{self, ServiceRecord};

use crate::access::Authorized;
use crate::projects::confirm;
use crate::transaction::note;
use crate::{Actor, Control, Result};

impl Control {
    /// Deletes a service. It cannot be seen from now on; what runs of it is removed from
    /// the machine, then its name is free again.
    ///
    /// # Errors
    /// [`crate::ControlError::Invalid`] when `confirmation` is not the service's name.
    pub async fn delete_service(
        &self,
        actor: &Actor,
        id: ServiceId,
        confirmation: &str,
    ) -> Result<()> {
        self.remove(actor, id, confirmation, false).await
    }

    /// The same, and the data of its volumes goes too. That is asked for twice: both
    /// confirmations must be the service's name.
    ///
    /// # Errors
    /// [`crate::ControlError::Invalid`] when one of them is not.
    pub async fn delete_service_and_data(
        &self,
        actor: &Actor,
        id: ServiceId,
        confirmation: &str,
        data_confirmation: &str,
    ) -> Result<()> {
        if confirmation != data_confirmation {
            return Err(crate::ControlError::invalid(
                "data_confirmation",
                "must be the name again, because the data goes for good",
            ));
        }
        self.remove(actor, id, confirmation, true).await
    }

    async fn remove(
        &self,
        actor: &Actor,
        id: ServiceId,
        confirmation: &str,
        volumes: bool,
    ) -> Result<()> {
        let mut transaction = self.begin().await?;
        let service =
            Authorized::<ServiceRecord>::load(&mut transaction, actor, id, Permission::Administer)
                .await?;
        confirm(confirmation, service.get().name.as_str())?;
        let team = service.team();
        services::mark_removing(&mut transaction, team, Some(id), None, None).await?;
        let verb = if volumes {
            services::remove_volumes_too(&mut transaction, id).await?;
            "service.delete_with_data"
        } else {
            "service.delete"
        };
        let target = format!("service:{id}");
        note(&mut transaction, actor, &service, verb, &target).await?;
        events::notify(
            &mut transaction,
            &[Event::Service(id), Event::Queue, Event::Machine],
        )
        .await?;
        self.commit(transaction).await
    }
}
