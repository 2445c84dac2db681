//! What is wrong with variables, and how they differ from those of the live version.

use std::collections::BTreeMap;

use longshore_domain::variable::{Resolution, resolve_each, resolve_environment};
use longshore_domain::{EnvKey, Permission, ServiceId};
use longshore_store::PgConnection;
use longshore_store::services::ServiceRecord;
use longshore_store::variables::{self, Owner};

use super::AuthorizedOwner;
use crate::access::Authorized;
use crate::view::VariableChanges;
use crate::{Actor, Control, Result};

impl Control {
    /// How a service's variables, as they are set now, differ from those that its live version
    /// was given; none when nothing is live. Names only: no value is shown.
    ///
    /// # Errors
    /// [`crate::ControlError::NotFound`].
    pub async fn variable_changes(
        &self,
        actor: &Actor,
        service: ServiceId,
    ) -> Result<Option<VariableChanges>> {
        let mut connection = self.connection().await?;
        let service =
            Authorized::<ServiceRecord>::load(&mut connection, actor, service, Permission::View)
                .await?;
        let service = service.get();
        let live = variables::find_live(&mut connection, service.team, service.id).await?;
        let Some(live) = live else {
            return Ok(None);
        };
        let before = self.open_variables(live.deployment, &live.variables)?;
        let place = (service.environment, service.project);
        let (own, scopes) = self
            .variables_in_reach(&mut connection, service.team, place, Some(service.id))
            .await?;
        let mut changes = VariableChanges {
            deployment: live.number,
            added: Vec::new(),
            changed: Vec::new(),
            removed: Vec::new(),
        };
        let now = resolve_each(&own, &scopes);
        for (key, resolution) in &now {
            match (before.get(key), resolution) {
                (None, _) => changes.added.push(key.to_string()),
                (Some(before), Ok(now)) if before.value.expose() == now.value.expose() => {}
                (Some(_), _) => changes.changed.push(key.to_string()),
            }
        }
        let removed = before.keys().filter(|key| !now.contains_key(*key));
        changes.removed.extend(removed.map(ToString::to_string));
        Ok(Some(changes))
    }

    /// Why references of these variables cannot be followed. Nobody can say so of a project's:
    /// each environment sees its own.
    pub(super) async fn reference_problems(
        &self,
        connection: &mut PgConnection,
        owner: &AuthorizedOwner,
    ) -> Result<BTreeMap<EnvKey, String>> {
        let Some(place) = owner.place else {
            return Ok(BTreeMap::new());
        };
        let service = match owner.owner {
            Owner::Service(id) => Some(id),
            Owner::Environment(_) | Owner::Project(_) => None,
        };
        let (own, scopes) = self
            .variables_in_reach(connection, owner.team, place, service)
            .await?;
        let resolved = match service {
            Some(_) => resolve_each(&own, &scopes),
            None => resolve_environment(&scopes),
        };
        let problem = |(key, resolution): (EnvKey, Resolution)| {
            let error = resolution.err()?;
            let name = match owner.owner {
                Owner::Environment(_) => format!("environment.{key}"),
                Owner::Service(_) | Owner::Project(_) => key.to_string(),
            };
            // Where the fault is in a variable further on, that one is named.
            let problem = if error.variable == name {
                error.fragment()
            } else {
                format!("cannot be resolved: {error}")
            };
            Some((key, problem))
        };
        Ok(resolved.into_iter().filter_map(problem).collect())
    }
}
