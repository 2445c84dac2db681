//! A team's accounts at container registries.
//!
//! Saving one takes two calls, because the registry is asked in between: `plan_registry`
//! checks the draft and gives what the agent is to try, `save_registry` writes it.

use longshore_domain::{Permission, RegistryHost, RegistryId};
use longshore_store::registries::{self, RegistryRecord};
use longshore_store::{PgConnection, audit};

use crate::access::Authorized;
use crate::keyring::Purpose;
use crate::problems::Problems;
use crate::{Actor, Control, ControlError, RegistryAccount, RegistryDraft, RegistryView, Result};

/// An account that may be saved, and what to ask its registry with.
pub struct RegistryPlan {
    id: RegistryId,
    name: String,
    account: RegistryAccount,
}

impl RegistryPlan {
    /// What to ask the registry with.
    pub fn account(&self) -> RegistryAccount {
        self.account.clone()
    }
}

impl Control {
    /// The team's accounts, by host.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn list_registries(&self, actor: &Actor) -> Result<Vec<RegistryView>> {
        let team = Authorized::of_team(actor, Permission::View)?;
        let mut connection = self.connection().await?;
        let records = registries::list(&mut connection, team.team()).await?;
        Ok(records.into_iter().map(view).collect())
    }

    /// One of the team's accounts.
    ///
    /// # Errors
    /// [`ControlError::NotFound`].
    pub async fn show_registry(&self, actor: &Actor, id: RegistryId) -> Result<RegistryView> {
        let mut connection = self.connection().await?;
        let registry =
            Authorized::<RegistryRecord>::load(&mut connection, actor, id, Permission::View)
                .await?;
        Ok(view(registry.into_inner()))
    }

    /// Checks the draft of a new account, or of changes to the one with that id.
    ///
    /// # Errors
    /// The fields' problems.
    pub async fn plan_registry(
        &self,
        actor: &Actor,
        id: Option<RegistryId>,
        draft: &RegistryDraft,
    ) -> Result<RegistryPlan> {
        let mut connection = self.connection().await?;
        let before = match id {
            Some(id) => {
                let permission = Permission::Administer;
                let loaded =
                    Authorized::<RegistryRecord>::load(&mut connection, actor, id, permission);
                Some(loaded.await?.into_inner())
            }
            None => {
                Authorized::of_team(actor, Permission::Administer)?;
                None
            }
        };
        let mut problems = Problems::default();
        let host = problems.parse::<RegistryHost>("host", &draft.host);
        let name = match (draft.name.trim(), &host) {
            ("", Some(host)) => Some(host.to_string()),
            ("", None) => None,
            (name, _) => problems.line("name", name, 60),
        };
        let username = problems.line("username", &draft.username, 200);
        let given = draft.password.as_deref().filter(|text| !text.is_empty());
        let password = match (given, &before) {
            (Some(password), _) => problems.line("password", password, 8000).map(Into::into),
            // Else whoever may change the host could send the password anywhere.
            (None, Some(before)) if host.as_ref() != Some(&before.host) => {
                problems.add("password", "must be given again when the host changes");
                None
            }
            (None, Some(before)) => Some(self.registry_password(before)?),
            (None, None) => {
                problems.add("password", "is required");
                None
            }
        };
        let parsed = name.zip(host).zip(username.zip(password));
        let ((name, host), (username, password)) = problems.finish(parsed)?;
        Ok(RegistryPlan {
            id: id.unwrap_or_else(RegistryId::generate),
            name,
            account: RegistryAccount {
                host,
                username,
                password,
            },
        })
    }

    /// Saves an account.
    ///
    /// # Errors
    /// That the team has another account at the host.
    pub async fn save_registry(&self, actor: &Actor, plan: RegistryPlan) -> Result<RegistryView> {
        let team = Authorized::of_team(actor, Permission::Administer)?.team();
        let RegistryPlan { id, name, account } = plan;
        let password = account.password.expose();
        let record = RegistryRecord {
            id,
            name,
            host: account.host,
            username: account.username,
            secret: self
                .keyring
                .encrypt(Purpose::RegistryPassword, id.0, "", password)?,
            created_at: self.clock.now(),
        };
        let mut transaction = self.begin().await?;
        registries::save(&mut transaction, team, &record).await?;
        let target = format!("registry:{id}");
        let user = Some(actor.user);
        audit::insert(&mut transaction, Some(team), user, "registry.save", &target).await?;
        self.commit(transaction).await?;
        Ok(view(record))
    }

    /// Removes an account. What runs goes on; images that need it cannot be pulled again.
    ///
    /// # Errors
    /// [`ControlError::NotFound`].
    pub async fn delete_registry(&self, actor: &Actor, id: RegistryId) -> Result<()> {
        let mut transaction = self.begin().await?;
        let permission = Permission::Administer;
        let team = Authorized::<RegistryRecord>::load(&mut transaction, actor, id, permission)
            .await?
            .team();
        registries::delete(&mut transaction, team, id).await?;
        let target = format!("registry:{id}");
        let user = Some(actor.user);
        audit::insert(
            &mut transaction,
            Some(team),
            user,
            "registry.delete",
            &target,
        )
        .await?;
        self.commit(transaction).await
    }

    /// All accounts of a team, in the clear: for its deployments.
    pub(crate) async fn registry_accounts(
        &self,
        connection: &mut PgConnection,
        team: longshore_domain::TeamId,
    ) -> Result<Vec<RegistryAccount>> {
        let records = registries::list(connection, team).await?;
        records
            .iter()
            .map(|record| {
                Ok(RegistryAccount {
                    host: record.host.clone(),
                    username: record.username.clone(),
                    password: self.registry_password(record)?,
                })
            })
            .collect()
    }

    fn registry_password(
        &self,
        record: &RegistryRecord,
    ) -> std::result::Result<longshore_domain::Secret, ControlError> {
        let id = record.id.0;
        Ok(self
            .keyring
            .decrypt(Purpose::RegistryPassword, id, "", &record.secret)?)
    }
}

fn view(record: RegistryRecord) -> RegistryView {
    RegistryView {
        id: record.id,
        name: record.name,
        host: record.host,
        username: record.username,
        created_at: record.created_at,
    }
}
