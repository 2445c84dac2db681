//! How programs reach a database.

use longshore_domain::database::{Engine, URL_KEY};
use longshore_domain::{EnvKey, Permission, ServiceId};
use longshore_store::services::ServiceRecord;
use longshore_store::{PgConnection, databases};

use crate::access::Authorized;
use crate::transaction::note;
use crate::{Actor, ConnectionView, Control, ControlError, Result};

impl Control {
    /// The connection URL of a database, its password readable. That somebody looked is
    /// noted.
    ///
    /// # Errors
    /// [`ControlError::Refused`] for a service that is none.
    pub async fn reveal_connection(&self, actor: &Actor, id: ServiceId) -> Result<ConnectionView> {
        let mut transaction = self.begin().await?;
        let service =
            Authorized::<ServiceRecord>::load(&mut transaction, actor, id, Permission::Change)
                .await?;
        let view = self
            .connection_view(&mut transaction, service.get())
            .await?;
        let target = format!("service:{id}");
        note(
            &mut transaction,
            actor,
            &service,
            "database.reveal",
            &target,
        )
        .await?;
        self.commit(transaction).await?;
        Ok(view)
    }

    /// The same for whoever has authorised.
    pub(super) async fn connection_view(
        &self,
        connection: &mut PgConnection,
        service: &ServiceRecord,
    ) -> Result<ConnectionView> {
        let kind = databases::find(connection, service.team, service.id)
            .await?
            .ok_or_else(|| ControlError::refused("Only a database has a connection URL."))?;
        let variables = self.resolve_variables(connection, service).await?;
        let key: EnvKey = URL_KEY.parse().map_err(ControlError::internal)?;
        let url = variables
            .get(&key)
            .map(|variable| variable.value.clone())
            .ok_or_else(|| {
                ControlError::refused(format!(
                    "The variable {URL_KEY} of this database was removed."
                ))
            })?;
        Ok(ConnectionView {
            port: Engine::find(&kind.engine).map_or(0, |engine| engine.port),
            engine: kind.engine,
            version: kind.version,
            host: service.name.to_string(),
            url,
        })
    }
}
