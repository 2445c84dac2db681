//! A user's own sessions.

use longshore_store::sessions;

use crate::{Actor, Control, ControlError, Result, SessionView};

impl Control {
    /// The user's sessions, the last used first. `current` is the hash of the session that
    /// asks ([`longshore_store::sessions::id_hash`]).
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn list_sessions(
        &self,
        actor: &Actor,
        current: Option<&[u8]>,
    ) -> Result<Vec<SessionView>> {
        let mut connection = self.connection().await?;
        let records = sessions::list_of_user(&mut connection, actor.user).await?;
        Ok(records
            .into_iter()
            .map(|record| SessionView {
                current: current == Some(&record.id_hash[..]),
                id_hash: hex::encode(&record.id_hash),
                user_agent: record.user_agent,
                peer_address: record.peer_address,
                created_at: record.created_at,
                seen_at: record.seen_at,
                expires_at: record.expires_at,
            })
            .collect())
    }

    /// Ends one of the user's sessions.
    ///
    /// # Errors
    /// [`ControlError::NotFound`] when the user has no such session.
    pub async fn end_session(&self, actor: &Actor, id_hash: &str) -> Result<()> {
        let hash = hex::decode(id_hash).map_err(|_| ControlError::NotFound)?;
        let mut connection = self.connection().await?;
        if sessions::delete_of_user(&mut connection, actor.user, &hash).await? {
            Ok(())
        } else {
            Err(ControlError::NotFound)
        }
    }

    /// Ends all sessions of the user, the asking one too.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn sign_out_everywhere(&self, actor: &Actor) -> Result<()> {
        let mut connection = self.connection().await?;
        sessions::delete_all_of_user(&mut connection, actor.user, None).await?;
        Ok(())
    }
}
