//! Confirming that a Git server's identity changed.

use longshore_domain::{Permission, ServiceId};
use longshore_store::services::{self, ServiceRecord};

use super::show::load_view;
use crate::access::Authorized;
use crate::transaction::note;
use crate::{Actor, Control, Result, ServiceView};

impl Control {
    /// Forgets the pinned SSH host key of a service's repository; the next deployment pins
    /// the one that it meets.
    ///
    /// # Errors
    /// [`crate::ControlError::NotFound`].
    pub async fn forget_host_key(&self, actor: &Actor, id: ServiceId) -> Result<ServiceView> {
        let mut transaction = self.begin().await?;
        let service =
            Authorized::<ServiceRecord>::load(&mut transaction, actor, id, Permission::Change)
                .await?;
        services::forget_host_key(&mut transaction, service.team(), id).await?;
        let target = format!("service:{id}");
        note(
            &mut transaction,
            actor,
            &service,
            "service.forget_host_key",
            &target,
        )
        .await?;
        let view = load_view(&mut transaction, actor, id, self.ports).await?;
        self.commit(transaction).await?;
        Ok(view)
    }
}
