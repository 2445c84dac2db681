//! Who acts, from a session's user or an API token.

use longshore_domain::UserId;
use longshore_store::{teams, tokens, users};
use sha2::{Digest, Sha256};

use super::api_tokens::PREFIX;
use crate::{Actor, Control, ControlError, Result, Via};

/// Random bytes of a token, in base64url.
const TOKEN_CHARACTERS: usize = 43;

impl Control {
    /// The actor for a session's user, in the team that the user joined first.
    ///
    /// # Errors
    /// [`ControlError::Unauthenticated`] when the user is gone or in no team.
    pub async fn actor_for_user(&self, user: UserId) -> Result<Actor> {
        let mut connection = self.connection().await?;
        let user = users::find(&mut connection, user)
            .await?
            .ok_or(ControlError::Unauthenticated)?;
        let (team, role) = teams::find_first_membership(&mut connection, user.id)
            .await?
            .ok_or(ControlError::Unauthenticated)?;
        Ok(Actor {
            user: user.id,
            email: user.email,
            name: user.name,
            administrator: user.administrator,
            team,
            role,
            via: Via::Session,
        })
    }

    /// The actor for an API token, in the token's team.
    ///
    /// # Errors
    /// [`ControlError::Unauthenticated`] when there is no such token.
    pub async fn actor_for_token(&self, token: &str) -> Result<Actor> {
        let shaped = token
            .strip_prefix(PREFIX)
            .is_some_and(|rest| rest.len() == TOKEN_CHARACTERS);
        if !shaped {
            return Err(ControlError::Unauthenticated);
        }
        let mut connection = self.connection().await?;
        // The table holds hashes: where a look-up differs tells nothing of the token.
        let owner = tokens::find_owner(&mut connection, &Sha256::digest(token))
            .await?
            .ok_or(ControlError::Unauthenticated)?;
        let user = users::find(&mut connection, owner.user)
            .await?
            .ok_or(ControlError::Unauthenticated)?;
        Ok(Actor {
            user: user.id,
            email: user.email,
            name: user.name,
            administrator: user.administrator,
            team: owner.team,
            role: owner.role,
            via: Via::Token(owner.token),
        })
    }
}
