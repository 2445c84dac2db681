//! Users and tokens made on the machine's command line. Whoever may run it there is
//! allowed to.

use longshore_domain::{EmailAddress, Password, PersonName, Role, Secret, UserId};
use longshore_store::users::UserRecord;
use longshore_store::{audit, teams, users};

use super::{api_tokens, setup};
use crate::problems::Problems;
use crate::{Control, ControlError, CreatedUser, Result, UserDraft, random};

impl Control {
    /// Makes a user. The first one owns the team "Default" and manages the installation;
    /// later ones become developers of that team.
    ///
    /// # Errors
    /// The fields' problems, or that the address belongs to a user.
    pub async fn create_user(&self, draft: UserDraft) -> Result<CreatedUser> {
        let mut problems = Problems::default();
        let email = problems.parse::<EmailAddress>("email", &draft.email);
        let name = match (&draft.name, &email) {
            (Some(name), _) => problems.parse::<PersonName>("name", name),
            (None, Some(email)) => {
                let local = email.as_str().split('@').next().unwrap_or_default();
                problems.parse("name", local)
            }
            (None, None) => None,
        };
        let generated = match &draft.password {
            Some(_) => None,
            None => Some(random::text::<18>()?),
        };
        let password = match (&draft.password, &generated) {
            (Some(password), _) => password.as_str(),
            (None, Some(password)) => password.expose(),
            (None, None) => "",
        };
        let password = problems.parse::<Password>("password", password);
        let ((email, name), password) = problems.finish(email.zip(name).zip(password))?;
        let mut user = UserRecord {
            id: UserId::generate(),
            email,
            name,
            password_hash: self.passwords.hash(password.expose()).await?,
            administrator: false,
        };
        let mut transaction = self.begin().await?;
        users::lock_creation(&mut transaction).await?;
        let first = !users::any_exists(&mut transaction).await?;
        if first {
            user.administrator = true;
            setup::insert_first(&mut transaction, &user).await?;
        } else {
            let team = teams::find_oldest(&mut transaction)
                .await?
                .ok_or_else(|| ControlError::internal("there are users but no team"))?;
            users::insert(&mut transaction, &user).await?;
            teams::insert_member(&mut transaction, team, user.id, Role::Developer).await?;
            let target = format!("user:{}", user.id);
            audit::insert(&mut transaction, Some(team), None, "user.create", &target).await?;
        }
        self.commit(transaction).await?;
        if first {
            self.remove_setup_token().await;
        }
        Ok(CreatedUser {
            user: user.id,
            password: generated,
        })
    }

    /// Makes an API token for a user.
    ///
    /// # Errors
    /// The fields' problems: no such user, a bad name, or a name that another token has.
    pub async fn create_token_for(&self, email: &str, name: &str) -> Result<Secret> {
        let mut problems = Problems::default();
        let email = problems.parse::<EmailAddress>("email", email);
        let email = problems.finish(email)?;
        let mut transaction = self.begin().await?;
        let unknown = || ControlError::invalid("email", "belongs to no user");
        let user = users::find_by_email(&mut transaction, &email)
            .await?
            .ok_or_else(unknown)?;
        let (team, _) = teams::find_first_membership(&mut transaction, user.id)
            .await?
            .ok_or_else(unknown)?;
        let new = api_tokens::insert(&mut transaction, team, user.id, name).await?;
        self.commit(transaction).await?;
        Ok(new.token)
    }
}
