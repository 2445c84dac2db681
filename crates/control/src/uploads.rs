//! Archives that people upload to their apps.

use longshore_domain::source::{Archive, Source};
use longshore_domain::{Cause, DeploymentId, FileName, Permission, ServiceId};
use longshore_store::events::{self, Event};
use longshore_store::services::{self, ServiceRecord};

use crate::access::Authorized;
use crate::deployments::queue::is_race;
use crate::transaction::note;
use crate::{Actor, Control, ControlError, DeploymentDraft, DeploymentView, Result, Uploaded, Via};

/// Attempts when another request of the same service gets in between.
const ATTEMPTS: usize = 5;

impl Control {
    /// Whether the actor may upload an archive to a service under this name; to be asked
    /// before any of it is read.
    ///
    /// # Errors
    /// [`ControlError::Refused`] when the service does not come from an upload.
    pub async fn check_upload(
        &self,
        actor: &Actor,
        service: ServiceId,
        name: &str,
    ) -> Result<FileName> {
        let mut connection = self.connection().await?;
        let service =
            Authorized::<ServiceRecord>::load(&mut connection, actor, service, Permission::Change)
                .await?;
        if !matches!(service.get().source, Source::Upload(_)) {
            return Err(ControlError::refused(
                "The service does not come from an upload. Choose Upload as its source first.",
            ));
        }
        name.parse()
            .map_err(|error| ControlError::invalid("name", format!("{error}")))
    }

    /// Notes an archive that the agent has as the service's source, and asks for its
    /// deployment in the same transaction.
    ///
    /// # Errors
    /// As [`Control::check_upload`], and those of a deployment.
    pub async fn take_upload(
        &self,
        actor: &Actor,
        service: ServiceId,
        name: FileName,
        uploaded: &Uploaded,
        deploy: bool,
    ) -> Result<Option<DeploymentView>> {
        let archive = Archive {
            name,
            digest: uploaded.digest.clone(),
            size_bytes: uploaded.size_bytes,
            files: uploaded.files,
        };
        let mut attempt = 1;
        let deployment = loop {
            match self.try_take(actor, service, &archive, deploy).await {
                Err(error) if attempt < ATTEMPTS && is_race(&error) => attempt += 1,
                other => break other?,
            }
        };
        match deployment {
            Some(id) => Ok(Some(self.show_deployment(actor, id).await?)),
            None => Ok(None),
        }
    }

    async fn try_take(
        &self,
        actor: &Actor,
        id: ServiceId,
        archive: &Archive,
        deploy: bool,
    ) -> Result<Option<DeploymentId>> {
        self.check_upload(actor, id, archive.name.as_str()).await?;
        let mut transaction = self.begin().await?;
        services::lock(&mut transaction, id).await?;
        let service =
            Authorized::<ServiceRecord>::load(&mut transaction, actor, id, Permission::Change)
                .await?;
        let Source::Upload(mut source) = service.get().source.clone() else {
            return Err(ControlError::refused(
                "The service's source was changed while the archive came.",
            ));
        };
        source.archive = Some(archive.clone());
        let source = Source::Upload(source);
        services::set_source(&mut transaction, service.team(), id, &source).await?;
        let deployment = if deploy {
            let cause = match actor.via {
                Via::Session | Via::Machine => Cause::Manual,
                Via::Token(_) => Cause::Api,
            };
            let draft = DeploymentDraft::default();
            let queued = self
                .queue_configured(&mut transaction, service.get(), &draft, |ask| {
                    ask.cause = cause;
                    ask.requested_by = Some(actor.user);
                })
                .await?;
            Some(queued)
        } else {
            events::notify(&mut transaction, &[Event::Service(id)]).await?;
            None
        };
        let target = format!("service:{id}");
        note(&mut transaction, actor, &service, "service.upload", &target).await?;
        self.commit(transaction).await?;
        Ok(deployment)
    }
}
