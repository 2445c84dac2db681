//! Looking at variables.

use longshore_domain::Permission;
use longshore_store::{PgConnection, variables};

use super::{AuthorizedOwner, authorize};
use crate::keyring::Purpose;
use crate::{Actor, Control, Result, VariableScope, VariableView};

impl Control {
    /// The variables by name; values of secret ones are not shown to anybody.
    ///
    /// # Errors
    /// [`crate::ControlError::NotFound`].
    pub async fn list_variables(
        &self,
        actor: &Actor,
        scope: VariableScope,
    ) -> Result<Vec<VariableView>> {
        let mut connection = self.connection().await?;
        let owner = authorize(&mut connection, actor, scope, Permission::View).await?;
        self.variable_views(&mut connection, &owner).await
    }

    pub(super) async fn variable_views(
        &self,
        connection: &mut PgConnection,
        owner: &AuthorizedOwner,
    ) -> Result<Vec<VariableView>> {
        let problems = self.reference_problems(connection, owner).await?;
        variables::list(connection, owner.team, owner.owner)
            .await?
            .into_iter()
            .map(|record| {
                let value = if record.secret {
                    None
                } else {
                    let row = owner.owner.id();
                    let key = record.key.as_str();
                    let value = self
                        .keyring
                        .decrypt(Purpose::Variable, row, key, &record.value)?;
                    Some(value.expose().to_owned())
                };
                Ok(VariableView {
                    key: record.key.to_string(),
                    value,
                    secret: record.secret,
                    generated: record.generated,
                    problem: problems.get(&record.key).cloned(),
                    updated_at: record.updated_at,
                    changed_since_live: record.changed_since_live,
                })
            })
            .collect()
    }
}
