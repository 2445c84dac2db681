//! The hook of a service: its URL and its secrets.

use longshore_domain::{HookId, Permission, ServiceId};
use longshore_store::PgConnection;
use longshore_store::hooks::{self, DeliveryRecord, HookRecord};
use longshore_store::services::{self, ServiceRecord};

use crate::access::Authorized;
use crate::keyring::Purpose;
use crate::transaction::note;
use crate::{Actor, Control, Decision, DeliveryView, HookView, NewHook, Provider, Result, random};

/// How long the secret before a rotation is taken too.
const OLD_SECRET: time::Duration = time::Duration::hours(24);

impl Control {
    /// Makes the webhook of a service, or gives it a new secret; the old one is taken for
    /// another 24 hours.
    ///
    /// # Errors
    /// [`crate::ControlError::NotFound`].
    pub async fn make_hook(&self, actor: &Actor, service: ServiceId) -> Result<NewHook> {
        let mut transaction = self.begin().await?;
        services::lock(&mut transaction, service).await?;
        let service =
            Authorized::<ServiceRecord>::load(&mut transaction, actor, service, Permission::Change)
                .await?;
        let secret = random::text::<32>()?;
        let team = service.team();
        let service_id = service.get().id;
        let present = hooks::find_of_service(&mut transaction, team, service_id).await?;
        let id = present
            .as_ref()
            .map_or_else(HookId::generate, |hook| hook.id);
        let sealed = self
            .keyring
            .encrypt(Purpose::HookSecret, id.0, "", secret.expose())?;
        let record = if present.is_some() {
            let until = self.clock.now() + OLD_SECRET;
            hooks::rotate(&mut transaction, id, &sealed, until).await?
        } else {
            hooks::insert(&mut transaction, id, team, service_id, &sealed).await?
        };
        let target = format!("hook:{}", record.id);
        note(&mut transaction, actor, &service, "hook.make", &target).await?;
        let view = self.hook_view(&mut transaction, &record).await?;
        self.commit(transaction).await?;
        Ok(NewHook { view, secret })
    }

    /// The webhook of a service, if it has one.
    ///
    /// # Errors
    /// [`crate::ControlError::NotFound`].
    pub async fn show_hook(&self, actor: &Actor, service: ServiceId) -> Result<Option<HookView>> {
        let mut connection = self.connection().await?;
        let service =
            Authorized::<ServiceRecord>::load(&mut connection, actor, service, Permission::View)
                .await?;
        let id = service.get().id;
        let hook = hooks::find_of_service(&mut connection, service.team(), id).await?;
        match hook {
            Some(hook) => Ok(Some(self.hook_view(&mut connection, &hook).await?)),
            None => Ok(None),
        }
    }

    /// What was received for a service, the newest first; at most 200.
    ///
    /// # Errors
    /// [`crate::ControlError::NotFound`].
    pub async fn list_deliveries(
        &self,
        actor: &Actor,
        service: ServiceId,
        limit: usize,
    ) -> Result<Vec<DeliveryView>> {
        let mut connection = self.connection().await?;
        let service =
            Authorized::<ServiceRecord>::load(&mut connection, actor, service, Permission::View)
                .await?;
        let id = service.get().id;
        let limit = i64::try_from(limit.min(200)).unwrap_or(200);
        let records = hooks::list_deliveries(&mut connection, service.team(), id, limit).await?;
        Ok(records.into_iter().map(delivery_view).collect())
    }

    async fn hook_view(
        &self,
        connection: &mut PgConnection,
        hook: &HookRecord,
    ) -> Result<HookView> {
        let path = format!("/hooks/{}/{}", Provider::Github.as_str(), hook.id);
        let now = self.clock.now();
        Ok(HookView {
            url: match self.known_url(connection).await? {
                Some(url) => format!("{}{path}", url.as_str().trim_end_matches('/')),
                None => path,
            },
            created_at: hook.created_at,
            old_secret_until: hook.old_secret_until.filter(|until| *until > now),
        })
    }
}

fn delivery_view(record: DeliveryRecord) -> DeliveryView {
    DeliveryView {
        id: record.id,
        provider: record.provider,
        event: record.event,
        decision: Decision::from_name(&record.decision),
        reason: record.reason,
        reference: record.reference,
        commit_sha: record.commit_sha,
        deployment: record.deployment,
        received_at: record.received_at,
    }
}
