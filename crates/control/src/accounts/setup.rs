//! The first administrator.

use longshore_domain::{EmailAddress, Password, PersonName, Role, TeamId, UserId};
use longshore_store::users::UserRecord;
use longshore_store::{PgConnection, audit, teams, users};

use crate::problems::Problems;
use crate::{Control, ControlError, Result, SetupDraft, random};

impl Control {
    /// Whether no user exists, so that the set-up page is to be shown.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn needs_setup(&self) -> Result<bool> {
        let mut connection = self.connection().await?;
        Ok(!users::any_exists(&mut connection).await?)
    }

    /// Makes the first administrator and the first team. Only whoever has the one-time
    /// token may; its file is removed afterwards.
    ///
    /// # Errors
    /// [`ControlError::Refused`] when there is a user already, or the fields' problems.
    pub async fn set_up(&self, draft: SetupDraft) -> Result<UserId> {
        if !self.needs_setup().await? {
            return Err(already_set_up());
        }
        let expected = self.setup_token().await?;
        if !random::equal(draft.token.trim(), expected.trim()) {
            return Err(ControlError::invalid(
                "token",
                "is not the set-up token that the installer printed",
            ));
        }
        let mut problems = Problems::default();
        let email = problems.parse::<EmailAddress>("email", &draft.email);
        let name = problems.parse::<PersonName>("name", &draft.name);
        let password = problems.parse::<Password>("password", &draft.password);
        let parsed = email.zip(name).zip(password);
        let ((email, name), password) = problems.finish(parsed)?;
        let user = UserRecord {
            id: UserId::generate(),
            email,
            name,
            password_hash: self.passwords.hash(password.expose()).await?,
            administrator: true,
        };
        let mut transaction = self.begin().await?;
        users::lock_creation(&mut transaction).await?;
        if users::any_exists(&mut transaction).await? {
            return Err(already_set_up());
        }
        insert_first(&mut transaction, &user).await?;
        self.commit(transaction).await?;
        self.remove_setup_token().await;
        Ok(user.id)
    }

    async fn setup_token(&self) -> Result<String> {
        let path = &self.settings.setup_token_file;
        let token = match tokio::fs::read_to_string(path).await {
            Ok(token) => token,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(ControlError::internal(error)),
        };
        if token.trim().is_empty() {
            return Err(ControlError::refused(
                "There is no set-up token on this machine. Make the first user there with \
                 `longshore user create`.",
            ));
        }
        Ok(token)
    }

    pub(super) async fn remove_setup_token(&self) {
        let path = &self.settings.setup_token_file;
        match tokio::fs::remove_file(path).await {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                // Harmless: the token counts only while there is no user.
                tracing::warn!(%error, path = %path.display(), "the set-up token stays");
            }
            _ => {}
        }
    }
}

/// The first user owns the team "Default" and manages the installation.
pub(super) async fn insert_first(connection: &mut PgConnection, user: &UserRecord) -> Result<()> {
    let team = TeamId::generate();
    teams::insert(connection, team, "Default").await?;
    users::insert(connection, user).await?;
    teams::insert_member(connection, team, user.id, Role::Owner).await?;
    let target = format!("user:{}", user.id);
    audit::insert(
        connection,
        Some(team),
        Some(user.id),
        "user.create",
        &target,
    )
    .await?;
    Ok(())
}

fn already_set_up() -> ControlError {
    ControlError::refused("Longshore has been set up already. Sign in instead.")
}
