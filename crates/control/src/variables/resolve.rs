//! The variables of a deployment: all references followed, and how they are stored with
//! it.

use std::collections::BTreeMap;

use longshore_domain::variable::{ResolvedVariable, Scopes, Variable, resolve};
use longshore_domain::{DeploymentId, EnvKey, EnvironmentId, ProjectId, Secret, ServiceId, TeamId};
use longshore_store::PgConnection;
use longshore_store::services::ServiceRecord;
use longshore_store::variables::{self, Owner};
use serde::{Deserialize, Serialize};

use crate::keyring::Purpose;
use crate::{Control, ControlError, Result};

pub(crate) type Resolved = BTreeMap<EnvKey, ResolvedVariable>;

/// How variables lie, encrypted as a whole, in a deployment's row.
#[derive(Deserialize)]
struct Stored {
    value: Secret,
    secret: bool,
}

#[derive(Serialize)]
struct Storing<'a> {
    value: &'a str,
    secret: bool,
}

impl Control {
    /// The variables of a service now, resolved.
    ///
    /// # Errors
    /// A reference that cannot be followed, as the problem of the variable's field.
    pub(crate) async fn resolve_variables(
        &self,
        connection: &mut PgConnection,
        service: &ServiceRecord,
    ) -> Result<Resolved> {
        let place = (service.environment, service.project);
        let (own, scopes) = self
            .variables_in_reach(connection, service.team, place, Some(service.id))
            .await?;
        resolve(&own, &scopes).map_err(|error| {
            ControlError::invalid(format!("variables.{}", error.variable), error.fragment())
        })
    }

    /// A service's own variables and all that theirs may refer to.
    pub(super) async fn variables_in_reach(
        &self,
        connection: &mut PgConnection,
        team: TeamId,
        (environment, project): (EnvironmentId, ProjectId),
        service: Option<ServiceId>,
    ) -> Result<(BTreeMap<EnvKey, Variable>, Scopes)> {
        let reachable = variables::list_reachable(connection, team, environment, project).await?;
        let mut own = BTreeMap::new();
        let mut scopes = Scopes::default();
        for record in reachable {
            let key = record.key;
            let row = record.owner.id();
            let variable = Variable {
                value: self
                    .keyring
                    .decrypt(Purpose::Variable, row, key.as_str(), &record.value)?,
                secret: record.secret,
            };
            match (record.owner, record.service_name) {
                (Owner::Environment(_), _) => {
                    scopes.environment.insert(key, variable);
                }
                (Owner::Project(_), _) => {
                    scopes.project.insert(key, variable);
                }
                (Owner::Service(id), name) => {
                    if let Some(name) = name {
                        let others = scopes.services.entry(name.to_string()).or_default();
                        others.insert(key.clone(), variable.clone());
                    }
                    if Some(id) == service {
                        own.insert(key, variable);
                    }
                }
            }
        }
        Ok((own, scopes))
    }

    pub(crate) fn seal_variables(
        &self,
        deployment: DeploymentId,
        variables: &Resolved,
    ) -> Result<Vec<u8>> {
        let storing: BTreeMap<&EnvKey, Storing<'_>> = variables
            .iter()
            .map(|(key, variable)| {
                let storing = Storing {
                    value: variable.value.expose(),
                    secret: variable.secret,
                };
                (key, storing)
            })
            .collect();
        let plain = zeroize::Zeroizing::new(
            serde_json::to_string(&storing).map_err(ControlError::internal)?,
        );
        self.keyring
            .encrypt(Purpose::DeploymentVariables, deployment.0, "", &plain)
    }

    pub(crate) fn open_variables(
        &self,
        deployment: DeploymentId,
        sealed: &[u8],
    ) -> Result<Resolved> {
        let plain = self
            .keyring
            .decrypt(Purpose::DeploymentVariables, deployment.0, "", sealed)?;
        let stored: BTreeMap<EnvKey, Stored> =
            serde_json::from_str(plain.expose()).map_err(ControlError::internal)?;
        Ok(stored
            .into_iter()
            .map(|(key, stored)| {
                let variable = ResolvedVariable {
                    value: stored.value,
                    secret: stored.secret,
                };
                (key, variable)
            })
            .collect())
    }
}
