//! Connections and transactions of the use cases.

use longshore_domain::DeploymentId;
use longshore_store::{PgConnection, Transaction, audit};

use crate::access::Authorized;
use crate::{Actor, Control, Result, Subscription};

impl Control {
    pub(crate) async fn connection(&self) -> Result<longshore_store::PooledConnection> {
        Ok(longshore_store::pool::acquire(&self.pool).await?)
    }

    pub(crate) async fn begin(&self) -> Result<Transaction> {
        Ok(longshore_store::pool::begin(&self.pool).await?)
    }

    pub(crate) async fn commit(&self, transaction: Transaction) -> Result<()> {
        Ok(longshore_store::pool::commit(transaction).await?)
    }

    /// News of a deployment: its status and its log. Looking is what needs authorisation.
    pub fn follow(&self, deployment: DeploymentId) -> Subscription {
        self.hub.deployment(deployment)
    }

    /// News of a service: its settings, domains and deployments.
    pub fn follow_service(&self, service: longshore_domain::ServiceId) -> Subscription {
        self.hub.service(service)
    }

    /// News of the queue, for workers.
    pub fn follow_queue(&self) -> Subscription {
        self.hub.queue()
    }

    /// News of what shall run on the machine, for reconcilers.
    pub fn follow_machine(&self) -> Subscription {
        self.hub.machine()
    }
}

/// Notes who did what to a thing that the actor was allowed to change.
pub(crate) async fn note<T>(
    connection: &mut PgConnection,
    actor: &Actor,
    authorized: &Authorized<T>,
    verb: &str,
    target: &str,
) -> Result<()> {
    let team = Some(authorized.team());
    audit::insert(connection, team, Some(actor.user), verb, target).await?;
    Ok(())
}
