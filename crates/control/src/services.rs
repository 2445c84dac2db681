//! What making and changing a service have in common, whatever its kind.

use longshore_domain::{
    Cause, EnvKey, EnvironmentId, Permission, Secret, ServiceId, ServiceName, TeamId,
};
use longshore_store::environments::EnvironmentRecord;
use longshore_store::services::{self, ServiceChange, ServiceRecord};
use longshore_store::variables::{self, Owner};
use longshore_store::{Conflict, PgConnection, StoreError, Transaction};

use crate::access::Authorized;
use crate::keyring::Purpose;
use crate::transaction::note;
use crate::{Actor, Control, ControlError, DeploymentDraft, Result, Via};

impl Control {
    /// Begins to make a service in an environment.
    ///
    /// # Errors
    /// [`ControlError::NotFound`], [`ControlError::Forbidden`].
    pub(crate) async fn begin_in(
        &self,
        actor: &Actor,
        environment: EnvironmentId,
    ) -> Result<(Transaction, Authorized<EnvironmentRecord>)> {
        let mut transaction = self.begin().await?;
        let change = Permission::Change;
        let environment = Authorized::load(&mut transaction, actor, environment, change).await?;
        Ok((transaction, environment))
    }

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

    /// Stores variables of a new service: name, value and whether it is secret.
    ///
    /// # Errors
    /// When they cannot be encrypted or stored.
    pub(crate) async fn give_variables(
        &self,
        connection: &mut PgConnection,
        team: TeamId,
        id: ServiceId,
        values: impl IntoIterator<Item = (&str, Secret, bool)>,
    ) -> Result<()> {
        let now = self.clock.now();
        for (key, value, secret) in values {
            let key: EnvKey = key.parse().map_err(ControlError::internal)?;
            let sealed =
                self.keyring
                    .encrypt(Purpose::Variable, id.0, key.as_str(), value.expose())?;
            let owner = Owner::Service(id);
            variables::set(connection, team, owner, &key, &sealed, secret, now).await?;
        }
        Ok(())
    }

    /// Asks for the first deployment of a service that runs as soon as it is made.
    ///
    /// # Errors
    /// What is wrong with its settings or variables.
    pub(crate) async fn deploy_first(
        &self,
        connection: &mut PgConnection,
        actor: &Actor,
        team: TeamId,
        id: ServiceId,
    ) -> Result<ServiceRecord> {
        let service = services::find(connection, team, id)
            .await?
            .ok_or(ControlError::NotFound)?;
        let draft = DeploymentDraft::default();
        self.queue_configured(connection, &service, &draft, |ask| {
            if let Via::Token(_) = actor.via {
                ask.cause = Cause::Api;
            }
            ask.requested_by = Some(actor.user);
        })
        .await?;
        Ok(service)
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
