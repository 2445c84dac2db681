//! Signing in and changing the password.

use std::net::IpAddr;

use longshore_domain::{EmailAddress, Password, UserId};
use longshore_store::{audit, sessions, users};

use super::limits::Attempt;
use crate::problems::Problems;
use crate::{Actor, Control, ControlError, PasswordDraft, Result, SignInDraft};

impl Control {
    /// Checks an e-mail address and a password. Unknown addresses take as long as known
    /// ones, and attempts are limited by account and by peer address.
    ///
    /// # Errors
    /// [`ControlError::Unauthenticated`] or [`ControlError::TooManyAttempts`].
    pub async fn sign_in(&self, draft: SignInDraft, peer: IpAddr) -> Result<UserId> {
        let email = draft.email.parse::<EmailAddress>().ok();
        let attempt = Attempt::new(email.as_ref(), Some(peer));
        attempt.begin(self).await?;
        let user = match &email {
            Some(email) => {
                let mut connection = self.connection().await?;
                users::find_by_email(&mut connection, email).await?
            }
            None => None,
        };
        let hash = user.as_ref().map(|user| user.password_hash.as_str());
        if !self.passwords.verify(&draft.password, hash).await? {
            return Err(ControlError::Unauthenticated);
        }
        let user = user.ok_or(ControlError::Unauthenticated)?;
        attempt.succeed(self).await?;
        Ok(user.id)
    }

    /// Changes the own password and ends all other sessions of the user.
    ///
    /// # Errors
    /// The fields' problems, or [`ControlError::TooManyAttempts`].
    pub async fn change_password(
        &self,
        actor: &Actor,
        draft: PasswordDraft,
        current_session: Option<&[u8]>,
    ) -> Result<()> {
        let mut problems = Problems::default();
        let new = problems.parse::<Password>("new", &draft.new);
        let new = problems.finish(new)?;
        let attempt = Attempt::new(Some(&actor.email), None);
        attempt.begin(self).await?;
        let user = {
            let mut connection = self.connection().await?;
            users::find(&mut connection, actor.user)
                .await?
                .ok_or(ControlError::Unauthenticated)?
        };
        if !self
            .passwords
            .verify(&draft.current, Some(&user.password_hash))
            .await?
        {
            return Err(ControlError::invalid("current", "is not your password"));
        }
        attempt.succeed(self).await?;
        let hash = self.passwords.hash(new.expose()).await?;
        let mut transaction = self.begin().await?;
        users::update_password(&mut transaction, user.id, &hash).await?;
        sessions::delete_all_of_user(&mut transaction, user.id, current_session).await?;
        audit::insert(
            &mut transaction,
            Some(actor.team),
            Some(user.id),
            "user.password",
            &format!("user:{}", user.id),
        )
        .await?;
        self.commit(transaction).await
    }
}
