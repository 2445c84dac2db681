//! A user's own API tokens. The database holds their SHA-256 alone.

use longshore_domain::{ApiTokenId, Secret, TeamId, UserId};
use longshore_store::tokens::TokenRecord;
use longshore_store::{PgConnection, audit, tokens};
use sha2::{Digest, Sha256};

use crate::problems::Problems;
use crate::{Actor, Control, NewToken, Result, TokenDraft, TokenView, random};

/// What every token starts with, so that scanners for leaked secrets know it.
pub(super) const PREFIX: &str = "lsh_";

impl Control {
    /// Makes a token that speaks for the user in the present team.
    ///
    /// # Errors
    /// The name's problem, or that another token has it.
    pub async fn create_token(&self, actor: &Actor, draft: TokenDraft) -> Result<NewToken> {
        let mut transaction = self.begin().await?;
        let new = insert(&mut transaction, actor.team, actor.user, &draft.name).await?;
        self.commit(transaction).await?;
        Ok(new)
    }

    /// The user's tokens, the newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn list_tokens(&self, actor: &Actor) -> Result<Vec<TokenView>> {
        let mut connection = self.connection().await?;
        let records = tokens::list_of_user(&mut connection, actor.user).await?;
        Ok(records.into_iter().map(view).collect())
    }

    /// Revokes one of the user's tokens.
    ///
    /// # Errors
    /// [`crate::ControlError::NotFound`] when the user has no such token.
    pub async fn revoke_token(&self, actor: &Actor, id: ApiTokenId) -> Result<()> {
        let mut transaction = self.begin().await?;
        tokens::delete(&mut transaction, actor.user, id).await?;
        audit::insert(
            &mut transaction,
            Some(actor.team),
            Some(actor.user),
            "token.revoke",
            &format!("token:{id}"),
        )
        .await?;
        self.commit(transaction).await
    }
}

pub(super) async fn insert(
    connection: &mut PgConnection,
    team: TeamId,
    user: UserId,
    name: &str,
) -> Result<NewToken> {
    let mut problems = Problems::default();
    let name = problems.line("name", name, 60);
    let name = problems.finish(name)?;
    let token = Secret::new(format!("{PREFIX}{}", random::text::<32>()?.expose()));
    let hash = Sha256::digest(token.expose());
    let id = ApiTokenId::generate();
    let record = tokens::insert(connection, id, team, user, &name, &hash).await?;
    let target = format!("token:{id}");
    audit::insert(connection, Some(team), Some(user), "token.create", &target).await?;
    Ok(NewToken {
        view: view(record),
        token,
    })
}

fn view(record: TokenRecord) -> TokenView {
    TokenView {
        id: record.id,
        name: record.name,
        created_at: record.created_at,
        used_at: record.used_at,
    }
}
