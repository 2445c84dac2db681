//! Giving a database another password.
//!
//! The new one is stored before the database is told, and becomes the variable's value
//! after: whatever dies in between, the next attempt goes on with the same password.

use std::collections::BTreeMap;

use longshore_domain::database::{DatabaseKind, Engine};
use longshore_domain::variable::fill;
use longshore_domain::{EnvKey, Permission, Secret, ServiceId};
use longshore_store::services::ServiceRecord;
use longshore_store::variables::{self, Owner};
use longshore_store::{PgConnection, databases, deployments};

use crate::access::Authorized;
use crate::keyring::Purpose;
use crate::transaction::note;
use crate::{
    Actor, ContainerCommand, Control, ControlError, DeploymentDraft, PasswordPlan, Result, random,
};

/// The name under which commands of engines have the new password.
const NEW_PASSWORD: &str = "NEW_PASSWORD";
/// How long a database may take to take it, in seconds.
const PATIENCE_SECONDS: u32 = 30;

impl Control {
    /// Makes a new password for a database and says what has to be run in its container;
    /// [`Control::finish_password_change`] follows when that has worked. For an engine that
    /// reads its password at its start, stores it and asks for a deployment instead.
    ///
    /// # Errors
    /// [`ControlError::Refused`] for a service that is no database or does not run.
    pub async fn plan_password_change(&self, actor: &Actor, id: ServiceId) -> Result<PasswordPlan> {
        let mut transaction = self.begin().await?;
        let service =
            Authorized::<ServiceRecord>::load(&mut transaction, actor, id, Permission::Change)
                .await?;
        let (engine, key) = self.engine_of(&mut transaction, service.get()).await?;
        if engine.change_password.is_empty() {
            let password = random::hex::<24>()?;
            self.store_password(&mut transaction, service.get(), &key, &password)
                .await?;
            let target = format!("service:{id}");
            note(
                &mut transaction,
                actor,
                &service,
                "database.password",
                &target,
            )
            .await?;
            let deployment = self
                .queue_configured(
                    &mut transaction,
                    service.get(),
                    &DeploymentDraft::default(),
                    |ask| ask.requested_by = Some(actor.user),
                )
                .await?;
            self.commit(transaction).await?;
            return Ok(PasswordPlan::Deployed(deployment));
        }
        let live = deployments::list_live(&mut transaction, &[id]).await?;
        let number = match live.first() {
            Some(live) if !service.get().stopped => live.number,
            _ => {
                return Err(ControlError::refused(
                    "The database must run to take a new password. Start it first.",
                ));
            }
        };
        let password = self
            .pending_password(&mut transaction, service.get())
            .await?;
        let resolved = self
            .resolve_variables(&mut transaction, service.get())
            .await?;
        self.commit(transaction).await?;
        let now: BTreeMap<EnvKey, Secret> = resolved
            .into_iter()
            .map(|(key, variable)| (key, variable.value))
            .collect();
        let old = now.get(&key).cloned();
        // An attempt before this one may have got as far as the database.
        let then = now
            .iter()
            .map(|(key, value)| {
                let is_old = old
                    .as_ref()
                    .is_some_and(|old| old.expose() == value.expose());
                let value = if is_old { &password } else { value };
                (key.clone(), value.clone())
            })
            .collect();
        let command = |mut variables: BTreeMap<EnvKey, Secret>| -> Result<ContainerCommand> {
            engine.add_client_variables(&mut variables);
            let mut known = variables.clone();
            let key: EnvKey = NEW_PASSWORD.parse().map_err(ControlError::internal)?;
            known.insert(key, password.clone());
            Ok(ContainerCommand {
                service: id,
                live_number: number,
                argv: engine
                    .change_password
                    .iter()
                    .map(|text| Secret::new(fill(text, &known)))
                    .collect(),
                variables,
                timeout_seconds: PATIENCE_SECONDS,
            })
        };
        Ok(PasswordPlan::Run(vec![command(now)?, command(then)?]))
    }

    /// Notes that a database has taken the password that was planned: the variable has it
    /// from now on.
    ///
    /// # Errors
    /// [`ControlError::Refused`] when none was planned.
    pub async fn finish_password_change(&self, actor: &Actor, id: ServiceId) -> Result<()> {
        let mut transaction = self.begin().await?;
        let service =
            Authorized::<ServiceRecord>::load(&mut transaction, actor, id, Permission::Change)
                .await?;
        let (_, key) = self.engine_of(&mut transaction, service.get()).await?;
        let team = service.team();
        let sealed = databases::find_new_password(&mut transaction, team, id)
            .await?
            .ok_or_else(|| ControlError::refused("No new password is on its way."))?;
        let password = self
            .keyring
            .decrypt(Purpose::NewPassword, id.0, "", &sealed)?;
        self.store_password(&mut transaction, service.get(), &key, &password)
            .await?;
        databases::set_new_password(&mut transaction, team, id, None).await?;
        let target = format!("service:{id}");
        note(
            &mut transaction,
            actor,
            &service,
            "database.password",
            &target,
        )
        .await?;
        self.commit(transaction).await
    }

    async fn engine_of(
        &self,
        connection: &mut PgConnection,
        service: &ServiceRecord,
    ) -> Result<(&'static Engine, EnvKey)> {
        let kind: DatabaseKind = databases::find(connection, service.team, service.id)
            .await?
            .ok_or_else(|| ControlError::refused("Only a database has a password."))?;
        let engine = Engine::find(&kind.engine).map_err(ControlError::internal)?;
        let key = engine
            .password_key()
            .ok_or_else(|| ControlError::refused("This database has no password."))?
            .parse()
            .map_err(ControlError::internal)?;
        Ok((engine, key))
    }

    /// The password that is on its way, or a new one.
    async fn pending_password(
        &self,
        connection: &mut PgConnection,
        service: &ServiceRecord,
    ) -> Result<Secret> {
        let (team, id) = (service.team, service.id);
        if let Some(sealed) = databases::find_new_password(connection, team, id).await? {
            return Ok(self
                .keyring
                .decrypt(Purpose::NewPassword, id.0, "", &sealed)?);
        }
        let password = random::hex::<24>()?;
        let sealed = self
            .keyring
            .encrypt(Purpose::NewPassword, id.0, "", password.expose())?;
        databases::set_new_password(connection, team, id, Some(&sealed)).await?;
        Ok(password)
    }

    async fn store_password(
        &self,
        connection: &mut PgConnection,
        service: &ServiceRecord,
        key: &EnvKey,
        password: &Secret,
    ) -> Result<()> {
        let (team, owner) = (service.team, Owner::Service(service.id));
        variables::lock(connection, owner).await?;
        let sealed = self.keyring.encrypt(
            Purpose::Variable,
            service.id.0,
            key.as_str(),
            password.expose(),
        )?;
        let now = self.clock.now();
        variables::set(connection, team, owner, key, &sealed, true, now).await?;
        Ok(())
    }
}
