//! What making and changing a service have in common, whatever its kind.

use longshore_domain::{EnvironmentId, ServiceId, ServiceName};
use longshore_store::environments::EnvironmentRecord;
use longshore_store::services::{self, ServiceChange, ServiceRecord};
use longshore_store::{Conflict, StoreError, Transaction};

use crate::access::Authorized;
use crate::transaction::note;
use crate::{Actor, Control, ControlError, Result};

impl Control {
    /// Stores a new service and notes who made it; the transaction goes on.
    ///
    /// # Errors
    /// That another service has the name.
    pub(crate) async fn insert_service(
        &self,
        mut transaction: Transaction,
        actor: &Actor,
        environment: &Authorized<EnvironmentRecord>,
        id: ServiceId,
        kind: &str,
        change: &ServiceChange,
    ) -> Result<Transaction> {
        let (team, place) = (environment.team(), environment.get().id);
        match services::insert(&mut transaction, id, team, place, kind, change).await {
            Err(StoreError::Conflict(Conflict::ServiceName)) => {
                drop(transaction);
                return Err(self.name_conflict(place, &change.name).await?);
            }
            other => other?,
        }
        let target = format!("service:{id}");
        note(
            &mut transaction,
            actor,
            environment,
            "service.create",
            &target,
        )
        .await?;
        Ok(transaction)
    }

    /// Stores a service's settings and notes who changed them; the transaction goes on.
    ///
    /// # Errors
    /// That another service has the name.
    pub(crate) async fn change_service(
        &self,
        mut transaction: Transaction,
        actor: &Actor,
        service: &Authorized<ServiceRecord>,
        change: &ServiceChange,
    ) -> Result<Transaction> {
        let id = service.get().id;
        match services::update(&mut transaction, service.team(), id, change).await {
            Err(StoreError::Conflict(Conflict::ServiceName)) => {
                drop(transaction);
                let environment = service.get().environment;
                return Err(self.name_conflict(environment, &change.name).await?);
            }
            other => other?,
        }
        let target = format!("service:{id}");
        note(&mut transaction, actor, service, "service.update", &target).await?;
        Ok(transaction)
    }

    /// Says who has a name: a service, or one that is still being removed.
    async fn name_conflict(
        &self,
        environment: EnvironmentId,
        name: &ServiceName,
    ) -> Result<ControlError> {
        let mut connection = self.connection().await?;
        let removing = services::is_name_being_removed(&mut connection, environment, name).await?;
        Ok(ControlError::conflict(
            "name",
            if removing {
                "belongs to a service that is still being removed; try again in a moment"
            } else {
                Conflict::ServiceName.message()
            },
        ))
    }
}
