//! What keeps data, and what was kept of services that are gone.

use longshore_domain::run::RunSettings;
use longshore_domain::{Permission, ServiceId};
use longshore_store::events::{self, Event};
use longshore_store::{kept_data, services};

use crate::access::Authorized;
use crate::problems::Problems;
use crate::projects::confirm;
use crate::transaction::note;
use crate::{
    Actor, Control, ControlError, KeptDataView, Named, Result, ServiceKind, StorageOfService,
    StorageView,
};

impl Control {
    /// All services of the team that have volumes, files or directories of the machine, and
    /// the data of services that are gone.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn list_storage(&self, actor: &Actor) -> Result<StorageView> {
        let scope = Authorized::<()>::of_team(actor, Permission::View)?;
        let mut connection = self.connection().await?;
        let found = services::list_of_team(&mut connection, scope.team()).await?;
        let kept = kept_data::list(&mut connection, scope.team()).await?;
        Ok(StorageView {
            services: found
                .into_iter()
                .map(|service| StorageOfService {
                    id: service.id,
                    name: service.name.to_string(),
                    kind: ServiceKind::from_name(&service.kind),
                    project: service.project_name.to_string(),
                    environment: Named {
                        id: service.environment,
                        name: service.environment_name.to_string(),
                    },
                    volumes: service.run.volumes,
                    files: service
                        .run
                        .files
                        .into_iter()
                        .map(|file| file.path)
                        .collect(),
                    binds: service.run.binds,
                })
                .collect(),
            kept: kept
                .into_iter()
                .map(|kept| KeptDataView {
                    service: kept.service,
                    name: kept.name,
                    project: kept.project,
                    environment: kept.environment,
                    deleted_at: kept.deleted_at,
                })
                .collect(),
        })
    }

    /// Removes the data of a service that is gone, for good.
    ///
    /// # Errors
    /// [`ControlError::Invalid`] when `confirmation` is not the name that the service had.
    pub async fn delete_kept_data(
        &self,
        actor: &Actor,
        service: ServiceId,
        confirmation: &str,
    ) -> Result<()> {
        let scope = Authorized::<()>::of_team(actor, Permission::Administer)?;
        let mut transaction = self.begin().await?;
        let kept = kept_data::list(&mut transaction, scope.team()).await?;
        let found = kept
            .into_iter()
            .find(|kept| kept.service == service)
            .ok_or(ControlError::NotFound)?;
        confirm(confirmation, &found.name)?;
        kept_data::mark_removing(&mut transaction, scope.team(), service).await?;
        let target = format!("service:{service}");
        note(&mut transaction, actor, &scope, "data.delete", &target).await?;
        events::notify(&mut transaction, &[Event::Machine]).await?;
        self.commit(transaction).await
    }

    /// Services that are gone and whose data is to go too.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn data_removing(&self) -> Result<Vec<ServiceId>> {
        let mut connection = self.connection().await?;
        Ok(kept_data::list_removing(&mut connection).await?)
    }

    /// Forgets data that the agent has removed.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn drop_removed_data(&self, service: ServiceId) -> Result<()> {
        let mut connection = self.connection().await?;
        Ok(kept_data::delete_removed(&mut connection, service).await?)
    }

    /// Says which directories of the machine may not be mounted. The agent looks again,
    /// and follows links.
    pub(crate) fn check_binds(&self, problems: &mut Problems, run: &RunSettings) {
        let allowed = &self.settings.bind_paths;
        for bind in &run.binds {
            if let Err(refusal) = allowed.check(std::path::Path::new(bind.source.as_str())) {
                problems.add("run.binds", refusal.to_string());
            }
        }
    }
}
